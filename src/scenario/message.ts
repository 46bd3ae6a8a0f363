/**
 * HTTP/1 as a client and an origin need it, read from a wire. It is kept apart from http/ on
 * purpose: who judges the proxy should not lean on the proxy's own parser.
 */
import type { Field } from "./steps.ts";
import type { Wire } from "./wire.ts";

/** A head as it came, to the byte. */
export interface Head {
  /** The request line or status line. */
  readonly line: string;
  readonly fields: readonly Field[];
}

/** A message: its head, and its content with the framing taken off. */
export interface Message {
  readonly head: Head;
  readonly content: string;
  /** The content went on until the connection closed (RFC 9112, section 6.3). */
  readonly untilClose: boolean;
}

/** The next head on the wire; null if the connection ends before it is complete. */
export async function readHead(wire: Wire): Promise<Head | null> {
  for (;;) {
    const end = wire.pending.indexOf("\r\n\r\n");
    if (end >= 0) return headOf(wire.take(end + 4));
    if (wire.over) return null;
    await wire.change();
  }
}

/** The next request with its content; null if the connection ends before it is complete. */
export async function readRequest(wire: Wire): Promise<Message | null> {
  const head = await readHead(wire);
  if (head === null) return null;
  const framed = has(head, "Transfer-Encoding", "chunked") || valueOf(head, "Content-Length");
  const content = framed ? await readContent(wire, head) : "";
  return content === null ? null : { head, content, untilClose: false };
}

/**
 * The final response to a request with this method, interim ones (1xx) passed over; null if the
 * connection ends before it is complete.
 */
export async function readResponse(wire: Wire, method: string): Promise<Message | null> {
  for (;;) {
    const head = await readHead(wire);
    if (head === null) return null;
    const status = statusOf(head);
    if (status >= 100 && status < 200) continue;
    if (method === "HEAD" || status === 204 || status === 304) {
      return { head, content: "", untilClose: false };
    }
    const content = await readContent(wire, head);
    const untilClose = valueOf(head, "Content-Length") === null &&
      !has(head, "Transfer-Encoding", "chunked");
    return content === null ? null : { head, content, untilClose };
  }
}

/** A head as it goes over the wire. */
export function headText(head: Head): string {
  return [head.line, ...head.fields.map(([name, value]) => `${name}: ${value}`), "", ""]
    .join("\r\n");
}

/** The status code of a response; 0 if its status line holds none. */
export function statusOf(head: Head): number {
  return Number(/^HTTP\/\d\.\d (\d{3})/.exec(head.line)?.[1] ?? 0);
}

/** The values of all fields of this name, in order. */
export function valuesOf(head: Head, name: string): string[] {
  return head.fields.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, v]) => v);
}

/** The value of the first field of this name. */
export function valueOf(head: Head, name: string): string | null {
  return valuesOf(head, name)[0] ?? null;
}

/** Whether the connection outlives this message, as far as its head tells (RFC 9112, 9.3). */
export function staysOpen(head: Head): boolean {
  if (has(head, "Connection", "close")) return false;
  return head.line.includes("HTTP/1.1") || has(head, "Connection", "keep-alive");
}

function has(head: Head, name: string, token: string): boolean {
  return valuesOf(head, name).some((value) =>
    value.split(",").some((part) => part.trim().toLowerCase() === token)
  );
}

function headOf(text: string): Head {
  const [line = "", ...rest] = text.slice(0, -4).split("\r\n");
  const fields = rest.map((field): Field => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  return { line, fields };
}

async function readContent(wire: Wire, head: Head): Promise<string | null> {
  if (has(head, "Transfer-Encoding", "chunked")) return await readChunks(wire);
  const length = valueOf(head, "Content-Length");
  if (length !== null) return await readLength(wire, Number(length));
  while (!wire.over) await wire.change();
  return wire.error === null ? wire.take(wire.pending.length) : null;
}

async function readChunks(wire: Wire): Promise<string | null> {
  let content = "";
  for (;;) {
    const size = parseInt(await readLine(wire) ?? "", 16);
    if (Number.isNaN(size)) return null;
    if (size === 0) break;
    const chunk = await readLength(wire, size + 2);
    if (chunk === null) return null;
    content += chunk.slice(0, -2);
  }
  for (;;) {
    const trailer = await readLine(wire);
    if (trailer === null) return null;
    if (trailer === "") return content;
  }
}

async function readLine(wire: Wire): Promise<string | null> {
  for (;;) {
    const end = wire.pending.indexOf("\r\n");
    if (end >= 0) return wire.take(end + 2).slice(0, -2);
    if (wire.over) return null;
    await wire.change();
  }
}

async function readLength(wire: Wire, length: number): Promise<string | null> {
  while (wire.pending.length < length) {
    if (wire.over) return null;
    await wire.change();
  }
  return wire.take(length);
}
