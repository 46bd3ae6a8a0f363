/**
 * A second reading of HTTP/1, to hold the real one against: strict, slow, and made of the regular
 * expressions that RFC 9110, RFC 9112 and RFC 3986 spell out as grammar.
 */

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const value = "[\\t\\x20-\\x7e\\x80-\\xff]*";
const fieldLines = `(?:${token}:${value}\\r\\n)*`;
const requestHead = new RegExp(
  `^(?:\\r\\n)*(${token}) ([\\x21\\x22\\x24-\\x7e]+) HTTP/1\\.([01])\\r\\n(${fieldLines})\\r\\n`,
);
/** Of servers more is put up with: lone LFs, folded lines, spaces, later versions, empty lines. */
const foldedLines = `(?:${token}:${value}\\r?\\n(?:[ \\t]${value}\\r?\\n)*)*`;
const responseHead = new RegExp(
  `^(?:\\r?\\n)*HTTP/([1-9]\\.[0-9])[ \\t]+([1-9][0-9][0-9])(?:[ \\t]${value})?\\r?\\n` +
    `(${foldedLines})\\r?\\n`,
);

const hexadecimal = "[0-9A-Fa-f]";
const name = `(?:[A-Za-z0-9\\-._~!$&'()*+,;=]|%${hexadecimal}{2})*`;
const hostAndPort = new RegExp(`^(\\[[0-9A-Fa-f:.]+\\]|${name})(?::([0-9]*))?$`);
const absolute = new RegExp("^([A-Za-z][A-Za-z0-9+\\-.]*)://([^/?]*)");

/** How the content is framed: its length, or "chunked", or "close". */
export type Framing = number | "chunked" | "close";

/** What a head is read as. */
export interface Reading {
  /** Length of the head in bytes. */
  readonly length: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly framing: Framing;
}

function fieldsOf(text: string): [string, string][] {
  const unfolded = text.replaceAll(/\r?\n(?=[ \t])/g, (end) => " ".repeat(end.length));
  return unfolded.split(/\r?\n/).filter((line) => line !== "").map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
  });
}

const valuesOf = (fields: readonly (readonly [string, string])[], wanted: string) =>
  fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);

/**
 * The framing that the fields say; null: ambiguous.
 * @param ignored it does not matter what they say, if each is valid
 */
function framingOf(
  fields: readonly (readonly [string, string])[],
  minor: string,
  ofResponse = false,
  ignored = false,
): Framing | null {
  const lengths = valuesOf(fields, "content-length")
    .flatMap((length) => ofResponse ? length.split(/[ \t]*,[ \t]*/) : [length]);
  const codings = valuesOf(fields, "transfer-encoding");
  // Longer than any safe integer is refused for its digits alone.
  if (!lengths.every((length) => /^[0-9]{1,16}$/.test(length))) return null;
  if (lengths.some((length) => BigInt(length) > Number.MAX_SAFE_INTEGER)) return null;
  if (new Set(lengths.map(Number)).size > 1) return null;
  if (codings.length === 0) return lengths.length === 0 ? "close" : Number(lengths[0]);
  if (codings.length > 1 || codings[0]!.toLowerCase() !== "chunked") return null;
  return !ignored && (lengths.length > 0 || minor === "0") ? null : "chunked";
}

function isTarget(method: string, target: string, host: string | undefined): boolean {
  const given = host === undefined ? null : hostAndPort.exec(host);
  if (method === "CONNECT") {
    const authority = hostAndPort.exec(target);
    if (authority === null || authority[1] === "" || !authority[2]) return false;
    return host === undefined || host.toLowerCase() === target.toLowerCase();
  }
  if (target.startsWith("/")) return true;
  if (target === "*") return method === "OPTIONS";
  const [, scheme, text] = absolute.exec(target) ?? [];
  const authority = text === undefined ? null : hostAndPort.exec(text);
  if (scheme === undefined || authority === null || authority[1] === "") return false;
  if (given === null) return true;
  const standard = { http: "80", https: "443" }[scheme.toLowerCase()] ?? "";
  return authority[1]!.toLowerCase() === given[1]!.toLowerCase() &&
    (authority[2] || standard) === (given[2] || standard);
}

/** Reads the request that `text` begins with; null: there is no whole and valid one. */
export function readRequest(text: string): Reading | null {
  const match = requestHead.exec(text);
  if (match === null) return null;
  const [whole, method = "", target = "", minor = "", lines = ""] = match;
  const fields = fieldsOf(lines);
  const framing = framingOf(fields, minor);
  const hosts = valuesOf(fields, "host");
  if (framing === null || fields.length > 101 || hosts.length > 1) return null;
  // Servers of HTTP/1.0 may take it for the next request (RFC 9110, section 9.3.1).
  const old = minor === "0" && /^(GET|HEAD|DELETE)$/.test(method);
  if (old && typeof framing === "number" && framing > 0) return null;
  if (hosts.length === 0 && minor === "1") return null;
  if (!hosts.every((host) => hostAndPort.test(host))) return null;
  if (!isTarget(method, target, hosts[0])) return null;
  return { length: whole.length, fields, framing: framing === "close" ? 0 : framing };
}

/** The same for a response to a GET request. */
export function readResponse(text: string): Reading | null {
  const match = responseHead.exec(text);
  if (match === null) return null;
  const [whole, version = "", status = "", lines = ""] = match;
  // A folded line of nothing but space is an end to some; folded framing is not seen by all.
  if (/\n[ \t]+\r?\n/.test(lines)) return null;
  if (/^(connection|content-length|transfer-encoding):.*\r?\n[ \t]/im.test(lines)) return null;
  const fields = fieldsOf(lines);
  const bodiless = /^(1..|204)$/.test(status);
  const framing = framingOf(fields, version === "1.0" ? "0" : "1", true, bodiless);
  if (framing === null || fields.length > 101) return null;
  // After a change of protocol nothing is content any more.
  if (status === "101") return { length: whole.length, fields, framing: "close" };
  if (bodiless) return { length: whole.length, fields, framing: 0 };
  return { length: whole.length, fields, framing: status === "304" ? 0 : framing };
}

const sizeDigits = "([0-9A-Fa-f]{1,16})";
const chunkLine = new RegExp(`${sizeDigits}(?:[\\t ]*;${value})?\\r\\n`, "y");
const trailers = new RegExp(`(${fieldLines})\\r\\n`, "y");
const lenientChunkLine = new RegExp(`${sizeDigits}(?:[\\t ]*\\r?\\n|[\\t ]*;${value}\\r\\n)`, "y");
const lenientTrailers = new RegExp(`((?:${token}:${value}\\r?\\n)*)\\r?\\n`, "y");

/** What a chunked content is read as. */
export interface Decoded {
  /** Length of the whole, with its coding. */
  readonly length: number;
  readonly data: string;
  /** What goes on to the other side. */
  readonly passed: string;
}

/**
 * Decodes the chunked content that `text` begins with; null: there is no whole and valid one.
 * @param isServer lines may end in LF alone, and sizes in spaces
 * @param mayPass whether a trailer field of the name, in lower case, passes on
 */
export function decodeChunked(
  text: string,
  isServer = false,
  mayPass: (name: string) => boolean = () => true,
): Decoded | null {
  const sizeLine = isServer ? lenientChunkLine : chunkLine;
  const dataEnd = isServer ? /\r?\n/y : /\r\n/y;
  const section = isServer ? lenientTrailers : trailers;
  let data = "";
  let passed = "";
  let at = 0;
  for (;;) {
    sizeLine.lastIndex = at;
    const line = sizeLine.exec(text);
    if (line === null) return null;
    at = sizeLine.lastIndex;
    const size = parseInt(line[1]!, 16);
    passed += `${line[1]}\r\n`;
    if (size === 0) break;
    dataEnd.lastIndex = at + size;
    if (!dataEnd.test(text)) return null;
    data += text.slice(at, at + size);
    passed += `${text.slice(at, at + size)}\r\n`;
    at = dataEnd.lastIndex;
  }
  section.lastIndex = at;
  const lines = section.exec(text)?.[1];
  if (lines === undefined) return null;
  const kept = lines.split(/\r?\n/).slice(0, -1)
    .filter((line) => mayPass(line.slice(0, line.indexOf(":")).toLowerCase()));
  passed += `${kept.map((line) => `${line}\r\n`).join("")}\r\n`;
  return { length: section.lastIndex, data, passed };
}
