/** The slots for what is captured (manual, chapter 8.8): declared ones, and those that rules add. */
import type { Proxy } from "../config/model.ts";

/** How long each may be, by its number. */
export class CaptureSlots {
  readonly request: number[];
  readonly response: number[];

  constructor({ captureRequest, captureResponse }: Proxy) {
    this.request = captureRequest.map(({ len }) => len);
    this.response = captureResponse.map(({ len }) => len);
  }

  /** One more slot. @returns its number */
  add(of: "request" | "response", length: number): number {
    return this[of].push(length) - 1;
  }
}
