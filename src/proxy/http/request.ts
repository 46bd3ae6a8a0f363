/** A request on its way to the server: its head with what the proxy changes, and early content. */
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { bytesOf, isWord, textOf } from "../../bytes/bytes.ts";
import { editRequestHop } from "../../http/h1/hop-by-hop.ts";
import { HeadJournal } from "../../http/h1/journal.ts";
import { editRequestLine } from "../../http/h2/request-line.ts";
import {
  FIELD_CONTENT_LENGTH,
  FIELD_COOKIE,
  FIELD_NAMED,
  fieldKind,
  fieldStart,
  type Head,
  nameEnd,
} from "../../http/head.ts";
import type * as model from "../../config/model.ts";
import { type InNetwork, network } from "../../net/ip/cidr.ts";
import type { CookiePolicy } from "../../persist/policy.ts";
import { readCookieField, type RequestCookie } from "../../persist/request.ts";
import { type BufferOwner, retainAfter } from "../stream/send-buffer.ts";

/** A keyword that adds an address to requests: forwardfor, originalto. */
export interface AddressField {
  readonly name: string;
  readonly lowerName: Uint8Array;
  readonly except: InNetwork | null;
  readonly ifNone: boolean;
}

/** Prepares `option forwardfor` or `option originalto`. */
export function addressField(
  option: model.OriginalTo & { ifNone?: boolean } | null,
): AddressField | null {
  if (option === null) return null;
  return {
    name: option.header,
    lowerName: bytesOf(option.header.toLowerCase()),
    except: option.except === null ? null : network(option.except),
    ifNone: option.ifNone ?? false,
  };
}

/** The line that the field adds for `address`; null: none is due. */
export function addressLine(field: AddressField, address: string): Uint8Array | null {
  return field.except?.(address) ? null : bytesOf(`${field.name}: ${address}\r\n`);
}

/** What an edit needs of the client. */
export interface EditingClient {
  addressLine(field: AddressField | null, own: boolean): Uint8Array | null;
}

/** What it needs of the way to the backend. */
export interface EditingRoute {
  /** Whose cookie is read, and which servers may serve. */
  readonly backend: {
    readonly cookie: CookiePolicy | null;
    readonly accepts: (server: string) => boolean;
  };
  /** The server's connection ends with this request, and the server is told so. */
  readonly saysClose: boolean;
  /** The field that names the server, in lower case: not for the client to set. */
  readonly serverName: Uint8Array | null;
  readonly forwardFor: AddressField | null;
  readonly originalTo: AddressField | null;
}

/**
 * Notes what changes in the head on its way to the server, and what its cookies say.
 * @param found records the cookies
 * @param upgrade an offer to upgrade the connection passes on
 */
export function editRequest(
  journal: HeadJournal,
  head: Head,
  bytes: Uint8Array,
  client: EditingClient,
  route: EditingRoute,
  found: RequestCookie,
  upgrade: boolean,
): void {
  if (head.major === 2) editRequestLine(journal, head, bytes);
  const { cookie, accepts } = route.backend;
  const readCookies = head.hasCookie && cookie !== null;
  if (readCookies || head.repeatedLength) {
    let lengths = 0;
    for (let i = 0; i < head.count; i++) {
      const kind = fieldKind(head, i);
      if (kind === FIELD_COOKIE && readCookies) {
        readCookieField(cookie, head, i, bytes, journal, found, accepts);
      } else if (kind === FIELD_CONTENT_LENGTH && lengths++ > 0) {
        journal.cutField(head, i);
      }
    }
  }
  if (route.serverName !== null) cutNamed(journal, head, bytes, route.serverName);
  const { forwardFor } = route;
  const from = client.addressLine(forwardFor, false);
  if (from !== null && !isGiven(forwardFor!, head, bytes)) journal.addField(from);
  const own = client.addressLine(route.originalTo, true);
  if (own !== null) journal.addField(own);
  editRequestHop(journal, head, bytes, route.saysClose, upgrade);
}

function cutNamed(journal: HeadJournal, head: Head, bytes: Uint8Array, name: Uint8Array): void {
  for (let i = 0; i < head.count; i++) {
    if (isWord(bytes, fieldStart(head, i), nameEnd(head, i), name)) journal.cutField(head, i);
  }
}

/** `if-none`: the client's side has set the field already, in a way that passes on. */
function isGiven(field: AddressField, head: Head, bytes: Uint8Array): boolean {
  if (!field.ifNone) return false;
  for (let i = 0; i < head.count; i++) {
    if (fieldKind(head, i) === FIELD_NAMED) continue;
    if (isWord(bytes, fieldStart(head, i), nameEnd(head, i), field.lowerName)) return true;
  }
  return false;
}

/** What a request's buffer holds to begin with: most heads. */
const bufferSize = 2048;
/** A buffer that grew beyond this is not kept for later requests. */
const largestBuffer = 4096;
/** Content up to this size is held with its head while there is no connection yet. */
export const heldContent = 16384;

const nothing = new Uint8Array(0);

/**
 * The request as HTTP/1 writes it: {@linkcode OutgoingRequest.wire} once the server is known. It stays
 * as it is until the transaction is over, so that it can be sent again.
 */
export class OutgoingRequest {
  readonly journal = new HeadJournal();
  #wire = new ByteBuffer(bufferSize);
  #written = false;
  #lineLength = 0;
  /** Where the head ends, but for the line that names the server, which goes before its empty line. */
  #headEnd = 0;
  #nameLine: Uint8Array = nothing;
  /** Content that came with the head: content[from, to), of the client's buffer or retained. */
  #content: Uint8Array = nothing;
  #from = 0;
  #to = 0;
  /** Content that came before the connection and has no room behind the head. */
  pending: Uint8Array | null = null;

  /** Begins with a head, and content[from, to) that came with it. */
  begin(
    head: Head,
    bytes: Uint8Array,
    end: number,
    content: Uint8Array,
    from: number,
    to: number,
  ): void {
    this.journal.begin(head, bytes, end);
    this.#lineLength = head.lineEnd - head.lineStart;
    this.#written = false;
    this.#nameLine = nothing;
    this.#content = content;
    this.#from = from;
    this.#to = to;
    this.pending = null;
  }

  /** Puts other content in the place of what came with the head, before that is written. */
  setContent(content: Uint8Array): void {
    this.#content = content;
    this.#from = 0;
    this.#to = content.length;
  }

  /** Makes it outlive the call in which its bytes were given. */
  retain(): void {
    this.journal.retain();
    if (this.#written || this.#from === this.#to) return;
    this.#content = this.#content.slice(this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
  }

  /** Holds more content until there is a connection. */
  hold(bytes: Uint8Array, from: number, to: number, owner: BufferOwner | null): void {
    if (this.#written && this.pending === null && this.#wire.length + to - from <= heldContent) {
      this.#wire.append(bytes, from, to);
    } else {
      this.pending = retainAfter(this.pending, bytes, from, to, owner);
    }
  }

  /** As much content as may be is held. */
  get full(): boolean {
    return this.#to - this.#from + (this.pending?.length ?? 0) >= heldContent;
  }

  /** Names the server in the head, by a whole line (manual: "http-send-name-header"). */
  nameServer(line: Uint8Array): void {
    if (this.#written) this.#wire.replace(this.#headEnd - 2, this.#nameLine.length, line);
    this.#nameLine = line;
  }

  /** Head and content as they go to the server. */
  wire(): ByteBuffer {
    if (!this.#written) {
      this.#written = true;
      const wire = this.#wire;
      wire.clear();
      this.journal.write(wire);
      this.#headEnd = wire.length;
      if (this.#nameLine.length > 0) wire.replace(this.#headEnd - 2, 0, this.#nameLine);
      wire.append(this.#content, this.#from, this.#to);
    }
    return this.#wire;
  }

  /** The head as it goes on, one character a byte. */
  get headText(): string {
    return textOf(this.wire().bytes, 0, this.#headEnd);
  }
  /** What has come of the content. */
  get contentSoFar(): Uint8Array {
    const { bytes, length } = this.wire();
    const held = bytes.slice(this.#headEnd, length);
    if (this.pending === null) return held;
    const whole = new Uint8Array(held.length + this.pending.length);
    whole.set(held);
    whole.set(this.pending, held.length);
    return whole;
  }

  /** The request line as it came. */
  get line(): string {
    const { source, first } = this.journal;
    return textOf(source, first, first + this.#lineLength);
  }

  /** Lets go of all bytes. */
  clear(): void {
    this.journal.clear();
    this.#content = nothing;
    this.pending = null;
    if (this.#wire.bytes.length > largestBuffer) this.#wire = new ByteBuffer(bufferSize);
  }
}
