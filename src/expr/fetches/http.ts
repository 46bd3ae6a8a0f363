/** Fetches of requests and responses (manual, chapter 7.3.6): all but fields and cookies. */
import { bytesOf, COLON } from "../../bytes/bytes.ts";
import { type Head, valueEnd, valueStart } from "../../http/head.ts";
import { methodEnd, pathEnd, pathStart } from "../../http/target.ts";
import { may } from "../arguments.ts";
import type { Context } from "../context.ts";
import type { Fetch, FetchValue } from "../fetch.ts";
import { setText } from "../cast.ts";
import {
  NEEDS_CLIENT,
  NEEDS_NOTHING,
  NEEDS_REQUEST,
  NEEDS_RESPONSE,
  NEEDS_TRANSACTION,
} from "../needs.ts";
import { ADDR, BOOL, IPV4, METH, type Sample, type SampleType, SINT, STR } from "../sample.ts";
import { takeScratch } from "../scratch.ts";
import { setAddress } from "./connection.ts";

const chapter = "7.3.6";

/** A string of the request's head. */
function ofRequest(
  name: string,
  doc: string,
  value: (head: Head, bytes: Uint8Array, sample: Sample) => boolean,
  traits: Partial<Fetch> = {},
): Fetch {
  const fetch: FetchValue = ({ request }, sample) =>
    request.head !== null && value(request.head, request.bytes, sample);
  return {
    name,
    type: STR,
    needs: NEEDS_REQUEST,
    doc,
    chapter,
    create: () => fetch,
    ...traits,
  };
}

function setPath(head: Head, bytes: Uint8Array, sample: Sample): boolean {
  const start = pathStart(head, bytes);
  return start < head.targetEnd &&
    sample.setBytes(STR, bytes, start, pathEnd(head, bytes, start));
}

function setPathq(head: Head, bytes: Uint8Array, sample: Sample): boolean {
  const start = pathStart(head, bytes);
  return start < head.targetEnd && sample.setBytes(STR, bytes, start, head.targetEnd);
}

const setQuery = (delimited: boolean) => (head: Head, bytes: Uint8Array, sample: Sample) => {
  const at = pathEnd(head, bytes, pathStart(head, bytes));
  if (at >= head.targetEnd) return false;
  return sample.setBytes(STR, bytes, at + (delimited ? 0 : 1), head.targetEnd);
};

/** The first Host and the path, as far as there are any. */
function setBase(head: Head, bytes: Uint8Array, sample: Sample): boolean {
  if (head.host < 0) return setPath(head, bytes, sample);
  const target = takeScratch();
  let length = 0;
  for (let i = valueStart(head, head.host); i < valueEnd(head, head.host); i++) {
    target[length++] = bytes[i]!;
  }
  if (setPath(head, bytes, sample)) {
    // As in HAProxy: with a path that begins with a slash only.
    if (bytes[sample.from] === 47) {
      for (let i = sample.from; i < sample.to && length < target.length; i++) {
        target[length++] = bytes[i]!;
      }
    }
  }
  return sample.setBytes(STR, target, 0, length);
}

/** "1.1" */
const setVersion = (bytes: Uint8Array, end: number, sample: Sample) =>
  sample.setBytes(STR, bytes, end - 3, end);

/** HAProxy's hash of strings into 32 bits (SDBM). */
function sdbm(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0;
  for (let i = from; i < to; i++) hash = (bytes[i]! + (hash << 6) + (hash << 16) - hash) | 0;
  return hash;
}

/** HAProxy's full_hash() of it. */
function avalanche(value: number): number {
  let a = value;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = (a ^ 0xc761c23c ^ (a >>> 19)) | 0;
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = ((a + 0xd3a2646c) ^ (a << 9)) | 0;
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = (a ^ 0xb55a4f09 ^ (a >>> 16)) | 0;
  return Math.imul(a, 0xc0000001) >>> 0;
}

/** The hash of a string of the request, and the client's address behind it where that is wanted. */
function hashed(
  name: string,
  doc: string,
  value: (head: Head, bytes: Uint8Array, sample: Sample) => boolean,
  withSource: boolean,
): Fetch {
  return {
    name,
    type: withSource ? STR : SINT,
    needs: NEEDS_REQUEST | (withSource ? NEEDS_CLIENT : NEEDS_NOTHING),
    doc,
    chapter,
    create: () => (context, sample) => {
      const { head, bytes } = context.request;
      if (head === null || !value(head, bytes, sample)) return false;
      const hash = avalanche(sdbm(sample.bytes, sample.from, sample.to));
      if (!withSource) return sample.setInt(hash);
      const target = takeScratch();
      for (let i = 0; i < 4; i++) target[i] = hash >>> (24 - 8 * i);
      if (!setAddress(sample, context.addresses.remoteAddress)) return false;
      const length = sample.to - sample.from;
      for (let i = 0; i < length; i++) target[4 + i] = sample.bytes[sample.from + i]!;
      return sample.setBytes(7, target, 0, 4 + length);
    },
  };
}

/** Host and port of a target in absolute form. */
function absoluteHost(head: Head, bytes: Uint8Array): readonly [host: string, port: number] | null {
  const start = pathStart(head, bytes);
  let from = -1;
  for (let i = head.targetStart; i + 2 < start; i++) {
    if (bytes[i] === COLON && bytes[i + 1] === 47 && bytes[i + 2] === 47) from = i + 3;
  }
  if (from < 0) return null;
  let text = "";
  for (let i = from; i < start; i++) text += String.fromCharCode(bytes[i]!);
  const match = /^(.*?)(?::(\d+))?$/.exec(text)!;
  return [match[1]!, match[2] === undefined ? 80 : Number(match[2])];
}

const status = (read: (context: Context) => number): FetchValue => (context, sample) => {
  const value = read(context);
  return value >= 0 && sample.setInt(value);
};

const methodName: FetchValue = ({ request, requestLine }, sample) => {
  const { head, bytes } = request;
  if (head !== null) return sample.setBytes(METH, bytes, head.lineStart, methodEnd(head, bytes));
  const end = requestLine.indexOf(" ");
  if (end < 0) return false;
  setText(sample, requestLine.slice(0, end));
  sample.type = METH;
  return true;
};

const simple = (
  name: string,
  type: SampleType,
  needs: number,
  doc: string,
  create: Fetch["create"],
  aliases: readonly string[] = [],
): Fetch => ({ name, type, needs, doc, chapter, create, aliases });

/** {@linkcode Fetch}es of this family. */
export const httpFetches: readonly Fetch[] = [
  simple("method", METH, NEEDS_TRANSACTION, "The method.", () => methodName),
  ofRequest("path", "The path, without the query.", setPath, { derives: true }),
  ofRequest("pathq", "The path with the query.", setPathq, { derives: true }),
  {
    ...ofRequest("query", "The query, without the '?'.", setQuery(false)),
    args: [may("with_qm")],
    create: (args) => {
      const value = setQuery(args.choice(0, ["with_qm", ""], "") === "with_qm");
      return ({ request }, sample) =>
        request.head !== null && value(request.head, request.bytes, sample);
    },
  },
  ofRequest(
    "url",
    "The whole request target.",
    (head, bytes, sample) => sample.setBytes(STR, bytes, head.targetStart, head.targetEnd),
    { derives: true },
  ),
  ofRequest("base", "Host and path.", setBase, { derives: true }),
  ofRequest("baseq", "Host, path and query.", setWholeUrl),
  hashed("base32", "The hash of host and path.", setBase, false),
  hashed("base32+src", "The hash of host and path, and the client's address.", setBase, true),
  hashed("url32", "The hash of host, path and query.", setWholeUrl, false),
  hashed(
    "url32+src",
    "The hash of host, path and query, and the client's address.",
    setWholeUrl,
    true,
  ),
  ofRequest("url_ip", "The IPv4 address in the target.", (head, bytes, sample) => {
    const found = absoluteHost(head, bytes);
    return found !== null && setAddress(sample, found[0]) && sample.type === IPV4;
  }, { type: ADDR }),
  ofRequest("url_port", "The port in the target.", (head, bytes, sample) => {
    const found = absoluteHost(head, bytes);
    return found !== null && sample.setInt(found[1]);
  }, { type: SINT }),
  ofRequest(
    "req.ver",
    "The version of HTTP: 1.1.",
    (head, bytes, sample) => setVersion(bytes, head.lineEnd, sample),
    { aliases: ["req_ver"] },
  ),
  simple(
    "res.ver",
    STR,
    NEEDS_RESPONSE,
    "The version of HTTP in the response.",
    () => ({ response }, sample) =>
      response.head !== null &&
      sample.setBytes(
        STR,
        response.bytes,
        response.head.lineStart + 5,
        response.head.lineStart + 8,
      ),
    ["resp_ver"],
  ),
  simple(
    "status",
    SINT,
    NEEDS_RESPONSE,
    "The status of the response.",
    () => status(({ response, facts }) => response.head?.status ?? facts.status),
  ),
  simple(
    "server_status",
    SINT,
    NEEDS_RESPONSE,
    "The status that the server sent.",
    () => status(({ facts }) => facts.serverStatus),
  ),
  simple(
    "txn.status",
    SINT,
    NEEDS_TRANSACTION,
    "The status that the client got.",
    () => status(({ facts }) => facts.status),
    ["txn_status"],
  ),
  simple(
    "http_first_req",
    BOOL,
    NEEDS_TRANSACTION,
    "Whether it is the first request of its connection.",
    () => ({ requests }, sample) => sample.setBool(requests === 1),
  ),
  simple(
    "req.proto_http",
    BOOL,
    NEEDS_CLIENT,
    "Whether what came is HTTP.",
    () => ({ request }, sample) => {
      if (request.head !== null) return sample.setBool(true);
      sample.pending = request.partial;
      return false;
    },
    ["req_proto_http"],
  ),
  simple(
    "unique-id",
    STR,
    NEEDS_TRANSACTION,
    'The request\'s id (manual: "unique-id-format").',
    () => ({ uniqueId }, sample) => uniqueId !== null && setText(sample, uniqueId),
  ),
  simple(
    "capture.req.method",
    STR,
    NEEDS_TRANSACTION,
    "The method, also when the request is gone.",
    () => (context, sample) => {
      if (!methodName(context, sample)) return false;
      sample.type = STR;
      return true;
    },
  ),
  simple(
    "capture.req.uri",
    STR,
    NEEDS_TRANSACTION,
    "The target as it came.",
    () => ({ requestLine }, sample) => {
      const [, target] = requestLine.split(" ");
      return target !== undefined &&
        setText(sample, target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, ""));
    },
  ),
  simple(
    "capture.req.ver",
    STR,
    NEEDS_TRANSACTION,
    "The request's version: HTTP/1.1.",
    () => ({ requestLine }, sample) => {
      const [, , version] = requestLine.split(" ");
      return version !== undefined && setText(sample, version);
    },
  ),
  simple(
    "capture.res.ver",
    STR,
    NEEDS_TRANSACTION,
    "The response's version: HTTP/1.1.",
    () => (_context, sample) => sample.setString(bytesOf("HTTP/1.1")),
  ),
  capture(
    "capture.req.hdr",
    "The captured request field of this number.",
    (context) => context.requestCaptures,
  ),
  capture(
    "capture.res.hdr",
    "The captured response field of this number.",
    (context) => context.responseCaptures,
  ),
];

function capture(
  name: string,
  doc: string,
  list: (context: Context) => readonly (Uint8Array | null)[],
): Fetch {
  return {
    name,
    args: [{ name: "number", kind: "integer" }],
    type: STR,
    needs: NEEDS_TRANSACTION,
    doc,
    chapter,
    create(args) {
      const number = args.integer(0);
      return (context, sample) => {
        const bytes = list(context)[number];
        return bytes !== undefined && bytes !== null && sample.setString(bytes);
      };
    },
  };
}

function setWholeUrl(head: Head, bytes: Uint8Array, sample: Sample): boolean {
  if (head.host < 0) return setPathq(head, bytes, sample);
  const target = takeScratch();
  let length = 0;
  for (let i = valueStart(head, head.host); i < valueEnd(head, head.host); i++) {
    target[length++] = bytes[i]!;
  }
  if (setPathq(head, bytes, sample)) {
    for (let i = sample.from; i < sample.to && length < target.length; i++) {
      target[length++] = bytes[i]!;
    }
  }
  return sample.setBytes(STR, target, 0, length);
}
