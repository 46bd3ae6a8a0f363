/**
 * Edits of a head by rules, each of which takes effect at once: what a rule has changed, the next one
 * sees. (What the proxy itself edits is known only at the end: that is the journal's, h1/journal.ts.)
 */
import { ByteBuffer } from "../bytes/byte-buffer.ts";
import { bytesOf, CR, LF, SP } from "../bytes/bytes.ts";
import { parseRequest, parseResponse } from "./h1/parse.ts";
import {
  addField,
  copyHead,
  createHead,
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_NAMED,
  FIELD_TRANSFER_ENCODING,
  fieldKind,
  fieldStart,
  type Head,
  maxFields,
  nameEnd,
  removeField,
  setSpan,
  valueEnd,
  valueStart,
} from "./head.ts";
import { authorityStart, methodEnd, pathStart } from "./target.ts";

const colon = bytesOf(": ");
const lineEnd = bytesOf("\r\n");
const oneOne = bytesOf("1.1");
const connection = bytesOf("Connection");

/**
 * A head that is being edited. It has an index of its own, into bytes of its own: what is edited is
 * added at their end, and the index points there. So offsets are in no order, and what stands
 * between two fields is nothing: only {@linkcode HeadEditor.settle} writes a head again.
 *
 * What frames the content (Content-Length, Transfer-Encoding) is not for rules: edits of these fields
 * do nothing, for the message is read by them already.
 */
export class HeadEditor {
  readonly head: Head = createHead();
  readonly #text = new ByteBuffer(2048);
  /** Where a request line is put together, and then the whole head. */
  readonly #settled = new ByteBuffer(2048);
  #isSettled = false;

  /** The bytes that the index is of. */
  get bytes(): Uint8Array {
    return this.#isSettled ? this.#settled.bytes : this.#text.bytes;
  }

  /** Begins with a head, which ends before bytes[end]. */
  begin(head: Head, bytes: Uint8Array, end: number): void {
    const own = this.head;
    copyHead(own, head, -head.lineStart);
    this.#text.clear();
    this.#text.append(bytes, head.lineStart, end);
    this.#isSettled = false;
    if (head.hasNamed) this.#resolveNamed();
  }

  /**
   * Takes the fields out that Connection names, and the names from it: rules add fields that are not
   * this hop's, whatever their names.
   */
  #resolveNamed(): void {
    const { head } = this;
    const options = [
      ...(head.close ? ["close"] : []),
      ...(head.keepAlive ? ["keep-alive"] : []),
      ...(head.upgrade ? ["upgrade"] : []),
      ...(head.hasTe ? ["te"] : []),
    ];
    for (let i = head.count - 1; i >= 0; i--) {
      const kind = fieldKind(head, i);
      if (kind === FIELD_NAMED || kind === FIELD_CONNECTION) removeField(head, i);
    }
    if (options.length > 0) this.add(connection, bytesOf(options.join(", ")));
  }

  /** Whether field `i` is one that frames the content. */
  isFraming(i: number): boolean {
    const kind = fieldKind(this.head, i);
    return kind === FIELD_CONTENT_LENGTH || kind === FIELD_TRANSFER_ENCODING;
  }

  /** Adds a field behind the others. @returns false: there are too many */
  add(name: Uint8Array, value: Uint8Array, from = 0, to = value.length): boolean {
    if (this.head.count >= maxFields) return false;
    const text = this.#text;
    const start = text.length;
    text.append(name, 0, name.length);
    text.append(colon, 0, 2);
    const valueFrom = text.length;
    text.append(value, from, to);
    addField(this.head, 0, start, start + name.length, valueFrom, text.length);
    return true;
  }

  remove(i: number): void {
    if (!this.isFraming(i)) removeField(this.head, i);
  }

  /** Gives field `i` another value. */
  setValue(i: number, value: Uint8Array, from = 0, to = value.length): void {
    if (this.isFraming(i)) return;
    const { head } = this;
    const text = this.#text;
    const start = text.length;
    text.append(text.bytes, fieldStart(head, i), nameEnd(head, i));
    const end = text.length;
    text.append(colon, 0, 2);
    const valueFrom = text.length;
    text.append(value, from, to);
    setSpan(head, i, start, end, valueFrom, text.length);
  }

  /** Writes another request line. */
  setRequestLine(method: Uint8Array, target: Uint8Array): void {
    const { head } = this;
    const text = this.#text;
    const version = text.bytes.slice(head.targetEnd, head.lineEnd);
    const start = text.length;
    text.append(method, 0, method.length);
    text.append(space, 0, 1);
    head.targetStart = text.length;
    text.append(target, 0, target.length);
    head.targetEnd = text.length;
    text.append(version, 0, version.length);
    head.lineStart = start;
    head.lineEnd = text.length;
  }

  /**
   * Puts bytes[from, to) in the place of the authority in the target, where there is one: it must not
   * differ from Host (RFC 9112, section 3.2.2).
   */
  setAuthority(bytes: Uint8Array, from: number, to: number): void {
    const { head } = this;
    const text = this.bytes;
    if (text[head.targetStart] === 47) return;
    const start = authorityStart(head, text);
    if (start < 0) return;
    const target = new ByteBuffer(256);
    target.append(text, head.targetStart, start);
    target.append(bytes, from, to);
    target.append(text, pathStart(head, text), head.targetEnd);
    const method = text.slice(head.lineStart, methodEnd(head, text));
    this.setRequestLine(method, target.bytes.slice(0, target.length));
  }

  /** Writes another status line. */
  setStatus(status: number, reason: Uint8Array): void {
    const { head } = this;
    const text = this.#text;
    const start = text.length;
    const line = bytesOf(`HTTP/1.${head.minor} ${status} `);
    text.append(line, 0, line.length);
    text.append(reason, 0, reason.length);
    head.status = status;
    head.lineStart = start;
    head.lineEnd = text.length;
  }

  /**
   * Writes the edited head and parses that, as what comes from a peer is parsed: what rules made goes
   * out only if it can be read in one way.
   * @param isRequest else it is a response's
   * @returns where it ends in {@linkcode HeadEditor.bytes}; 0 or less: it is no sound head any more
   */
  settle(isRequest: boolean): number {
    const { head } = this;
    const from = this.#text.bytes;
    const to = this.#settled;
    const { major } = head;
    to.clear();
    if (major === 2 && isRequest) {
      // What is parsed is HTTP/1; that it came as HTTP/2, the index goes on to say.
      to.append(from, head.lineStart, head.lineEnd - 3);
      to.append(oneOne, 0, 3);
    } else {
      to.append(from, head.lineStart, head.lineEnd);
    }
    to.append(lineEnd, 0, 2);
    // Lines as they came, one behind the other, are copied together: from[run, runEnd).
    let run = 0;
    let runEnd = 0;
    for (let i = 0; i < head.count; i++) {
      const start = fieldStart(head, i);
      const colonAt = nameEnd(head, i);
      const valueAt = valueStart(head, i);
      const end = valueEnd(head, i);
      const isLine = valueAt === colonAt + 2 && from[colonAt + 1] === SP && from[end] === CR &&
        from[end + 1] === LF;
      if (start !== runEnd) {
        to.append(from, run, runEnd);
        run = start;
      }
      runEnd = end + 2;
      if (isLine) continue;
      to.append(from, run, colonAt);
      to.append(colon, 0, 2);
      to.append(from, valueAt, end);
      to.append(lineEnd, 0, 2);
      run = runEnd;
    }
    to.append(from, run, runEnd);
    to.append(lineEnd, 0, 2);
    this.#isSettled = true;
    const end = isRequest
      ? parseRequest(head, to.bytes, 0, to.length)
      : parseResponse(head, to.bytes, 0, to.length);
    head.major = major;
    return end;
  }

  /** Gives up large buffers. */
  clear(): void {
    this.head.count = 0;
  }
}

const space = bytesOf(" ");
