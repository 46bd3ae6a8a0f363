/** Fetches of what has come, as it is on the wire (manual, chapter 7.3.5): payload, TLS hellos, RDP. */
import { bytesOf, CR, LF } from "../../bytes/bytes.ts";
import { valueEnd } from "../../http/head.ts";
import { rdpCookie } from "../../net/rdp.ts";
import { type ClientHello, readClientHello } from "../../tls/client-hello.ts";
import { type ArgumentForm, type Arguments, may, need } from "../arguments.ts";
import type { Context } from "../context.ts";
import type { Fetch, FetchValue } from "../fetch.ts";
import type { MessageView } from "../message.ts";
import { NEEDS_INPUT, NEEDS_NOTHING, NEEDS_OUTPUT } from "../needs.ts";
import { versionPattern } from "../patterns/numbers.ts";
import { BIN, BOOL, type Sample, type SampleType, SINT, STR } from "../sample.ts";
import { scratchSize, takeScratch } from "../scratch.ts";
import { sslVersion } from "./ssl-version.ts";

const chapter = "7.3.5";

type View = (context: Context) => MessageView;
const input: View = ({ request }) => request;
const output: View = ({ response }) => response;
/** That of the direction in which the rule is: a response only comes once the request has gone. */
const either: View = ({ request, response }) => response.to > response.from ? response : request;

/** There is no value yet. @returns false */
function tooShort(sample: Sample): false {
  sample.pending = true;
  return false;
}

/** Of a HTTP message, which is no longer as it was on the wire, these look into nothing. */
const isRaw = (view: MessageView) => view.raw || view.head === null;

const length = (view: View): FetchValue => (context, sample) => {
  const message = view(context);
  // More will make it longer: a test that fails is not over.
  sample.pending = true;
  const { head, raw } = message;
  const before = head === null || raw ? 0 : valueEnd(head, head.count - 1) - head.lineStart;
  return sample.setInt(before + message.to - message.from);
};

const blockArguments: readonly ArgumentForm[] = [
  need("offset", "integer"),
  need("length", "integer"),
];

/** Refuses numbers below 0. @throws {ExpressionMistake} */
function takeLengths(args: Arguments): [offset: number, length: number] {
  for (const i of [0, 1]) {
    if (args.integer(i) < 0) throw args.mistake(i, `'${args.text(i)}' is less than 0`);
  }
  return [args.integer(0), args.integer(1)];
}

const block = (view: View) => (args: Arguments): FetchValue => {
  const [offset, length] = takeLengths(args);
  return (context, sample) => {
    const message = view(context);
    if (!isRaw(message) || offset + length > scratchSize()) return false;
    const { content, from, to } = message;
    // Length 0: all from the offset on, which may become more.
    if (length === 0 ? from + offset >= to : from + offset + length > to) return tooShort(sample);
    if (length === 0) sample.pending = true;
    const end = length === 0 ? to : from + offset + length;
    return sample.setBytes(BIN, content, from + offset, end);
  };
};

const prefixedArguments: readonly ArgumentForm[] = [
  need("offset1", "integer"),
  need("length", "integer"),
  may("offset2"),
];

const prefixedBlock = (view: View) => (args: Arguments): FetchValue => {
  const [offset, size] = takeLengths(args);
  if (size === 0) throw args.mistake(1, "the length is 0", "how many bytes say how long it is");
  const text = args.text(2);
  const second = args.has(2) ? Number(text) : 0;
  if (!Number.isSafeInteger(second)) throw args.mistake(2, `'${text}' is not an integer`);
  const relative = !args.has(2) || /^[+-]/.test(text);
  const start = relative ? offset + size + second : second;
  if (start < 0) throw args.mistake(2, `'${text}' is before the first byte`);
  return (context, sample) => {
    const message = view(context);
    if (!isRaw(message)) return false;
    const { content, from, to } = message;
    if (from + offset + size > to) return tooShort(sample);
    let length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + content[from + offset + i]!;
    if (length === 0 || start + length > scratchSize()) return false;
    if (from + start + length > to) return tooShort(sample);
    return sample.setBytes(BIN, content, from + start, from + start + length);
  };
};

/** The type of the first message of a TLS handshake, where all of it is there. */
const helloType = (view: View): FetchValue => (context, sample) => {
  const message = view(context);
  if (!isRaw(message)) return false;
  const { content, from, to } = message;
  if (from === to) return tooShort(sample);
  const first = content[from]!;
  if ((first < 0x14 || first > 0x17) && first !== 0xff) return false;
  if (to - from < 9) return tooShort(sample);
  if (content[from + 1]! < 3 || (content[from + 3]! << 8 | content[from + 4]!) < 4) return false;
  const size = content[from + 6]! << 16 | content[from + 7]! << 8 | content[from + 8]!;
  if (to - from < 9 + size) return tooShort(sample);
  return sample.setInt(content[from + 5]!);
};

/** What a ClientHello says, where there is a whole one. */
const ofHello =
  (read: (hello: ClientHello, sample: Sample) => boolean): FetchValue => ({ request }, sample) => {
    if (!isRaw(request)) return false;
    const first = readClientHello(request.content.subarray(request.from, request.to));
    if (first.kind === "part") return tooShort(sample);
    return first.kind === "hello" && read(first.hello, sample);
  };

const SERVER_NAME = 0;
const SUPPORTED_GROUPS = 10;
const SIGNATURE_ALGORITHMS = 13;
const SESSION_TICKET = 35;
const KEY_SHARE = 51;

/** The name of the server, as the client wrote it (RFC 6066, section 3). */
const serverName = ofHello((hello, sample) => {
  const list = hello.extension(SERVER_NAME);
  if (list === null || list.length < 5 || list[2] !== 0) return false;
  const length = list[3]! << 8 | list[4]!;
  return 5 + length <= list.length && sample.setBytes(STR, list, 5, 5 + length);
});

/** The protocols, one by one. */
const alpn = ofHello((hello, sample) => {
  const name = hello.protocols[sample.cursor];
  sample.more = name !== undefined;
  sample.cursor++;
  return name !== undefined && sample.setString(bytesOf(name));
});

/** Integers of 16 bits, as they came. */
function setWords(sample: Sample, words: readonly number[]): boolean {
  if (words.length === 0) return false;
  const target = takeScratch();
  words.forEach((word, i) => {
    target[2 * i] = word >> 8;
    target[2 * i + 1] = word & 255;
  });
  return sample.setBytes(BIN, target, 0, 2 * words.length);
}

/** The groups for which a ClientHello has keys (RFC 8446, section 4.2.8). */
function keyShareGroups(share: Uint8Array): number[] {
  const groups: number[] = [];
  for (let at = 2; at + 4 <= share.length;) {
    groups.push(share[at]! << 8 | share[at + 1]!);
    at += 4 + (share[at + 2]! << 8 | share[at + 3]!);
  }
  return groups;
}

const version: FetchValue = ({ request }, sample) => {
  if (!isRaw(request)) return false;
  const found = sslVersion(request.content, request.from, request.to, scratchSize());
  if (found === null) return tooShort(sample);
  return found > 0 && sample.setInt(found);
};

/** The value of a cookie of the Remote Desktop Protocol; of any, where none is named. */
const rdp = (args: Arguments): FetchValue => {
  const name = args.has(0) ? bytesOf(args.text(0).toLowerCase()) : null;
  return ({ request }, sample) => {
    if (!isRaw(request)) return false;
    const { content, from, to } = request;
    const found = rdpCookie(name, content, from, to);
    if (found !== null) return sample.setBytes(STR, content, found.from, found.to);
    return mayBecomeRdp(content, from, to) ? tooShort(sample) : false;
  };
};

const cookieWord = bytesOf("cookie:");

/** Whether there may be a cookie once more has come: so far nothing is against it. */
function mayBecomeRdp(content: Uint8Array, from: number, to: number): boolean {
  const start = from + 11;
  for (let i = 0; i < cookieWord.length && start + i < to; i++) {
    if ((content[start + i]! | 32) !== cookieWord[i]) return false;
  }
  for (let i = start + cookieWord.length; i + 1 < to; i++) {
    if (content[i] === CR || content[i] === LF) return false;
  }
  return true;
}

function fetchOf(
  name: string,
  type: SampleType,
  doc: string,
  create: (args: Arguments) => FetchValue,
  traits: Partial<Fetch> = {},
): Fetch {
  return { name, type, needs: NEEDS_INPUT, doc, chapter, create, ...traits };
}

const ofOutput = { needs: NEEDS_OUTPUT } as const;
const ofEither = { needs: NEEDS_NOTHING } as const;

/** {@linkcode Fetch}es of this family. */
export const payloadFetches: readonly Fetch[] = [
  fetchOf("req.len", SINT, "How many bytes the client has sent.", () => length(input), {
    aliases: ["req_len"],
  }),
  fetchOf("req.payload", BIN, "A part of what the client has sent.", block(input), {
    args: blockArguments,
  }),
  fetchOf(
    "req.payload_lv",
    BIN,
    "A part of what the client has sent, whose length stands in it.",
    prefixedBlock(input),
    { args: prefixedArguments },
  ),
  fetchOf("res.len", SINT, "How many bytes the server has sent.", () => length(output), ofOutput),
  fetchOf("res.payload", BIN, "A part of what the server has sent.", block(output), {
    ...ofOutput,
    args: blockArguments,
  }),
  fetchOf(
    "res.payload_lv",
    BIN,
    "A part of what the server has sent, whose length stands in it.",
    prefixedBlock(output),
    { ...ofOutput, args: prefixedArguments },
  ),
  fetchOf("payload", BIN, "A part of what has come, in either direction.", block(either), {
    ...ofEither,
    args: blockArguments,
  }),
  fetchOf(
    "payload_lv",
    BIN,
    "A part of what has come, in either direction, whose length stands in it.",
    prefixedBlock(either),
    { ...ofEither, args: prefixedArguments },
  ),
  fetchOf(
    "req.ssl_hello_type",
    SINT,
    "The type of the TLS message that the client has sent: 1, a ClientHello.",
    () => helloType(input),
    { aliases: ["req_ssl_hello_type"] },
  ),
  fetchOf(
    "res.ssl_hello_type",
    SINT,
    "The type of the TLS message that the server has sent: 2, a ServerHello.",
    () => helloType(output),
    { ...ofOutput, aliases: ["rep_ssl_hello_type"] },
  ),
  fetchOf(
    "req.ssl_sni",
    STR,
    "The server's name in a ClientHello that passes through.",
    () => serverName,
    { aliases: ["req_ssl_sni"] },
  ),
  fetchOf(
    "req.ssl_alpn",
    STR,
    "The protocols in a ClientHello that passes through, one by one.",
    () => alpn,
  ),
  fetchOf(
    "req.ssl_ver",
    SINT,
    "The version of TLS or SSL that the client speaks: major * 65536 + minor.",
    () => version,
    { aliases: ["req_ssl_ver"], pattern: versionPattern },
  ),
  fetchOf(
    "req.ssl_ec_ext",
    BOOL,
    "Whether a ClientHello that passes through has elliptic curves.",
    () => ofHello((hello, sample) => sample.setBool(hello.extension(SUPPORTED_GROUPS) !== null)),
  ),
  fetchOf(
    "req.ssl_st_ext",
    SINT,
    "Whether a ClientHello knows session tickets: 0 no, 1 yes, 2 it has one.",
    () =>
      ofHello((hello, sample) => {
        const ticket = hello.extension(SESSION_TICKET);
        return sample.setInt(ticket === null ? 0 : ticket.length === 0 ? 1 : 2);
      }),
  ),
  fetchOf(
    "req.ssl_cipherlist",
    BIN,
    "The cipher suites of a ClientHello that passes through.",
    () => ofHello((hello, sample) => setWords(sample, hello.ciphers)),
  ),
  fetchOf(
    "req.ssl_sigalgs",
    BIN,
    "The signature algorithms of a ClientHello that passes through.",
    () =>
      ofHello((hello, sample) => {
        const list = hello.extension(SIGNATURE_ALGORITHMS);
        return list !== null && list.length > 2 && sample.setBytes(BIN, list, 2, list.length);
      }),
  ),
  fetchOf(
    "req.ssl_supported_groups",
    BIN,
    "The groups of a ClientHello that passes through.",
    () => ofHello((hello, sample) => setWords(sample, hello.groups)),
  ),
  fetchOf(
    "req.ssl_keyshare_groups",
    BIN,
    "The groups for which a ClientHello that passes through has keys.",
    () =>
      ofHello((hello, sample) => {
        const share = hello.extension(KEY_SHARE);
        return share !== null && setWords(sample, keyShareGroups(share));
      }),
  ),
  fetchOf("req.rdp_cookie", STR, "The cookie of a Remote Desktop client.", rdp, {
    args: [may("name")],
    aliases: ["req_rdp_cookie", "rdp_cookie"],
  }),
  fetchOf(
    "req.rdp_cookie_cnt",
    SINT,
    "How many cookies a Remote Desktop client has sent: 0 or 1.",
    (args) => {
      const value = rdp(args);
      return (context, sample) => {
        const found = value(context, sample);
        return !sample.pending && sample.setInt(found ? 1 : 0);
      };
    },
    { args: [may("name")], aliases: ["req_rdp_cookie_cnt", "rdp_cookie_cnt"] },
  ),
  fetchOf(
    "wait_end",
    BOOL,
    "True when the time to wait for more is over.",
    () => (context, sample) => context.final ? sample.setBool(true) : tooShort(sample),
    ofEither,
  ),
];
