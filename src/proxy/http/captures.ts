/** What is kept of requests and responses for the log (manual: "capture request header" and kin). */
import { bytesOf, isExactly, isWord, textOf } from "../../bytes/bytes.ts";
import type * as model from "../../config/model.ts";
import { createPair, nextPair, OF_COOKIE, OF_SET_COOKIE } from "../../http/cookie.ts";
import {
  FIELD_COOKIE,
  FIELD_SET_COOKIE,
  fieldKind,
  fieldStart,
  type Head,
  nameEnd,
  valueEnd,
  valueStart,
} from "../../http/head.ts";

/** What was kept of one transaction. */
export interface Captured {
  readonly requestHeaders: (string | null)[];
  readonly responseHeaders: (string | null)[];
  requestCookie: string | null;
  responseCookie: string | null;
}

/** A field by its name; null: none is looked for. */
interface Slot {
  readonly name: Uint8Array | null;
  readonly len: number;
}

const pair = createPair();

/** The captures of a frontend. */
export class Captures {
  readonly #request: readonly Slot[];
  readonly #response: readonly Slot[];
  readonly #cookie: Slot | null;

  constructor(
    { captureRequest, captureResponse, captureCookie }: model.Proxy,
    cookieLength: number,
  ) {
    this.#request = captureRequest.map(slotOf);
    this.#response = captureResponse.map(slotOf);
    this.#cookie = captureCookie === null ? null : {
      name: bytesOf(captureCookie.name),
      len: Math.min(captureCookie.len, cookieLength),
    };
  }

  /** Begins with what a request has. */
  ofRequest(head: Head, bytes: Uint8Array): Captured {
    const captured: Captured = {
      requestHeaders: this.#request.map(() => null),
      responseHeaders: this.#response.map(() => null),
      requestCookie: null,
      responseCookie: null,
    };
    read(this.#request, captured.requestHeaders, head, bytes);
    captured.requestCookie = this.#cookieIn(head, bytes, FIELD_COOKIE);
    return captured;
  }

  /** Adds what the response has. */
  ofResponse(captured: Captured, head: Head, bytes: Uint8Array): void {
    read(this.#response, captured.responseHeaders, head, bytes);
    captured.responseCookie = this.#cookieIn(head, bytes, FIELD_SET_COOKIE);
  }

  /** The first cookie whose name begins so, with its value; of Set-Cookie without attributes. */
  #cookieIn(head: Head, bytes: Uint8Array, kind: number): string | null {
    const cookie = this.#cookie;
    if (cookie === null) return null;
    const name = cookie.name!;
    for (let i = 0; i < head.count; i++) {
      if (fieldKind(head, i) !== kind) continue;
      const [end, other] = [valueEnd(head, i), kind === FIELD_COOKIE ? OF_COOKIE : OF_SET_COOKIE];
      for (let at = valueStart(head, i); nextPair(pair, bytes, at, end, other); at = pair.next) {
        if (isExactly(bytes, pair.start, Math.min(pair.start + name.length, pair.end), name)) {
          return textOf(bytes, pair.start, Math.min(pair.end, pair.start + cookie.len));
        }
        if (kind === FIELD_SET_COOKIE) break;
      }
    }
    return null;
  }
}

function slotOf({ name, len }: model.Capture): Slot {
  return { name: name === null ? null : bytesOf(name.toLowerCase()), len };
}

/** Of a field that stands more than once the last value is kept, as in HAProxy. */
function read(
  slots: readonly Slot[],
  values: (string | null)[],
  head: Head,
  bytes: Uint8Array,
): void {
  for (let i = 0; i < head.count; i++) {
    for (let slot = 0; slot < slots.length; slot++) {
      const { name, len } = slots[slot]!;
      if (name === null || !isWord(bytes, fieldStart(head, i), nameEnd(head, i), name)) continue;
      const from = valueStart(head, i);
      values[slot] = textOf(bytes, from, Math.min(valueEnd(head, i), from + len));
    }
  }
}

/** Those of a frontend; null: it has none. */
export function capturesOf(
  proxy: model.Proxy,
  { tuneHttpCookielen }: model.Global,
): Captures | null {
  const { captureRequest, captureResponse, captureCookie } = proxy;
  if (captureRequest.length + captureResponse.length === 0 && captureCookie === null) return null;
  return new Captures(proxy, tuneHttpCookielen);
}
