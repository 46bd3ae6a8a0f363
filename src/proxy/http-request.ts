/** Edits a request's head on its way from the client to the server. */
import { bytesOf, isWord } from "../http/bytes.ts";
import { isPersistence, nextOption, type Option } from "../http/h1/connection.ts";
import {
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_COOKIE,
  FIELD_OTHER,
  fieldEnd,
  fieldKind,
  fieldStart,
  type Head,
  nameEnd,
  valueEnd,
  valueStart,
} from "../http/head.ts";
import type { HeadWriter } from "../http/h1/writer.ts";
import type * as model from "../config/model.ts";
import { type InNetwork, network } from "../net/ip/cidr.ts";
import type { CookiePolicy } from "../persist/policy.ts";
import { readCookieField, type RequestCookie } from "../persist/request.ts";

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

const option: Option = { start: 0, end: 0, next: 0 };
const connection = bytesOf("Connection: ");
const comma = bytesOf(", ");
const lineEnd = bytesOf("\r\n");

/** The line that announces the end of a connection. */
export const closeLine = bytesOf("Connection: close\r\n");

/** What the edit depends on, apart from the head. */
export interface RequestEdit {
  readonly cookie: CookiePolicy | null;
  readonly found: RequestCookie;
  /** Whether the server that a cookie names may serve. */
  readonly accepts: (server: string) => boolean;
  /** The server's connection ends with this request. */
  readonly close: boolean;
  readonly forwardFor: AddressField | null;
  readonly forwardForLine: Uint8Array | null;
  readonly originalToLine: Uint8Array | null;
}

/** Writes the head that goes to the server, and notes what its cookies say. */
export function editRequest(
  edit: RequestEdit,
  head: Head,
  bytes: Uint8Array,
  end: number,
  writer: HeadWriter,
): void {
  writer.begin(bytes, head.lineStart);
  // A field that means what we mean passes as it is; in HTTP/1.0 to close is the default.
  const announced = edit.close ? head.close && !head.keepAlive : !head.close;
  const editConnection = head.hasConnection && !announced;
  const readCookies = head.hasCookie && edit.cookie !== null;
  if (editConnection || readCookies || head.repeatedLength) {
    editFields(edit, head, bytes, writer, editConnection, readCookies);
  }
  const at = head.emptyLine;
  if (edit.forwardForLine !== null && !isGiven(edit.forwardFor!, head, bytes)) {
    writer.insert(at, edit.forwardForLine);
  }
  if (edit.originalToLine !== null) writer.insert(at, edit.originalToLine);
  if (edit.close && !announced && head.minor === 1) writer.insert(at, closeLine);
  writer.finish(end);
}

function editFields(
  edit: RequestEdit,
  head: Head,
  bytes: Uint8Array,
  writer: HeadWriter,
  editConnection: boolean,
  readCookies: boolean,
): void {
  let lengths = 0;
  for (let i = 0; i < head.count; i++) {
    const kind = fieldKind(head, i);
    if (kind === FIELD_OTHER) continue;
    if (kind === FIELD_COOKIE && readCookies) {
      readCookieField(edit.cookie!, head, i, bytes, writer, edit.found, edit.accepts);
    } else if (kind === FIELD_CONNECTION && editConnection) {
      cutConnectionOptions(head, i, bytes, writer);
    } else if (kind === FIELD_CONTENT_LENGTH && lengths++ > 0) {
      writer.cutField(head, i);
    }
  }
}

/** Takes `close` and `keep-alive` out of a Connection field, leaving other options. */
export function cutConnectionOptions(
  head: Head,
  i: number,
  bytes: Uint8Array,
  writer: HeadWriter,
): void {
  const end = fieldEnd(head, i);
  const to = valueEnd(head, i);
  writer.cutField(head, i);
  let kept = false;
  for (let at = valueStart(head, i); nextOption(option, bytes, at, to); at = option.next) {
    if (option.start === option.end || isPersistence(bytes, option)) continue;
    writer.insert(end, kept ? comma : connection);
    writer.append(bytes, option.start, option.end);
    kept = true;
  }
  if (kept) writer.insert(end, lineEnd);
}

/** `if-none`: the client's side has set the field already. */
function isGiven(field: AddressField, head: Head, bytes: Uint8Array): boolean {
  if (!field.ifNone) return false;
  for (let i = 0; i < head.count; i++) {
    if (isWord(bytes, fieldStart(head, i), nameEnd(head, i), field.lowerName)) return true;
  }
  return false;
}
