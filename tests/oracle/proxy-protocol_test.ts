/** The PROXY protocol, received and sent, and ports of `source`, as haproxy does it. */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { until } from "../until.ts";
import { oracle } from "./harness.ts";
import { endOf, type RawRig, startRaw } from "./raw.ts";
import type { Kind } from "./rig.ts";

/** Ports of the proxy: by what they do. */
const doors = {
  http: 20000,
  unnamed: 20001,
  dontlognull: 20002,
  tcp: 20003,
  "tcp, on to v2": 20004,
  "http, on to v1": 20005,
  "v1": 20006,
  "v2": 20007,
  "tcp v1": 20008,
  "tcp v2": 20009,
} as const;

function config(host: string, server: string, directory: string): string {
  const bind = (door: keyof typeof doors) => `bind ${host}:${doors[door]}`;
  return `
listen http
  mode http
  option http-server-close
  option httplog
  option forwardfor
  option originalto
  ${bind("http")} accept-proxy name door
  ${bind("unnamed")} accept-proxy
  server s ${server}
listen dontlognull
  mode http
  option http-server-close
  option httplog
  option dontlognull
  ${bind("dontlognull")} accept-proxy
  server s ${server}
listen tcp
  option tcplog
  ${bind("tcp")} accept-proxy
  server s ${server}
listen tcp-v2
  option tcplog
  ${bind("tcp, on to v2")} accept-proxy
  server s ${server} send-proxy-v2
listen http-v1
  mode http
  option http-server-close
  option httplog
  ${bind("http, on to v1")} accept-proxy
  server s ${server} send-proxy
listen v1
  mode http
  option http-server-close
  option httplog
  ${bind("v1")}
  bind unix@${directory}/v1
  server s ${server} send-proxy
listen v2
  mode http
  option http-server-close
  option httplog
  ${bind("v2")}
  bind unix@${directory}/v2
  server s ${server} send-proxy-v2
listen tcp-v1
  option tcplog
  ${bind("tcp v1")}
  server s ${server} send-proxy
listen tcp2
  option tcplog
  ${bind("tcp v2")}
  server s ${server} send-proxy-v2
`;
}

const get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
const signature = "\r\n\r\n\0\r\nQUIT\n";
const v1 = "PROXY TCP4 10.1.2.3 10.4.5.6 1111 2222\r\n";
const v2 = (command: number, family: number, block: string) =>
  signature + String.fromCharCode(command, family, block.length >> 8, block.length & 255) + block;
const inet = "\x0a\x01\x02\x03\x0a\x04\x05\x06\x04\x57\x08\xae";
const inet6 = "\x20\x01\x0d\xb8" + "\0".repeat(11) + "\x01" +
  "\x20\x01\x0d\xb8" + "\0".repeat(11) + "\x02" + "\x04\x57\x08\xae";
const unix = "/from".padEnd(108, "\0") + "/to".padEnd(108, "\0");

/** What is sent, in pieces, and where; "end" stands for the end of the client's stream. */
interface RawCase {
  readonly name: string;
  readonly door: keyof typeof doors | "unix v1" | "unix v2";
  readonly pieces: readonly string[];
  /** Nothing is logged of it. */
  readonly silent?: true;
  /** Why sluice does something else: as in the case of that name. */
  readonly differs?: { readonly why: string; readonly as: string };
}

const tolerant =
  "The specification recommends to put up with a header in pieces; haproxy does not.";
const ignored = "The specification wants it ignored, or leaves it open; haproxy refuses it.";
const unbelieved = "The log names who connected; haproxy names whom a wrong header tells of.";
const strict = "The specification forbids it, and haproxy takes it for something else.";

const received: readonly RawCase[] = [
  ...(["http", "unnamed", "tcp", "tcp, on to v2", "http, on to v1"] as const).flatMap((door) => [
    { name: `v1, ${door}`, door, pieces: [v1 + get] },
    { name: `v2, ${door}`, door, pieces: [v2(0x21, 0x11, inet) + get] },
    { name: `unknown, ${door}`, door, pieces: [`PROXY UNKNOWN\r\n${get}`] },
    { name: `local, ${door}`, door, pieces: [v2(0x20, 0, "") + get] },
    { name: `a request, ${door}`, door, pieces: [get] },
  ]),
  ...([
    ["the request later", [v1, get]],
    ["v6", [`PROXY TCP6 2001:db8::1 2001:db8::2 1111 2222\r\n${get}`]],
    ["v6 mapped", [`PROXY TCP6 ::ffff:1.2.3.4 ::ffff:1.2.3.5 1111 2222\r\n${get}`]],
    ["v6 in v4", [`PROXY TCP4 ::1 ::2 1111 2222\r\n${get}`]],
    ["a word more", [`PROXY TCP4 10.1.2.3 10.4.5.6 1111 2222 3\r\n${get}`]],
    ["two spaces", [`PROXY TCP4  10.1.2.3 10.4.5.6 1111 2222\r\n${get}`]],
    ["a lone LF", [`PROXY TCP4 10.1.2.3 10.4.5.6 1111 2222\n${get}`]],
    ["UDP4", [`PROXY UDP4 10.1.2.3 10.4.5.6 1111 2222\r\n${get}`]],
    ["nothing, and the end", ["end"]],
    ["nothing", []],
    ["half a header, and the end", [v1.slice(0, 20), "end"]],
    ["local with addresses", [v2(0x20, 0x11, inet) + get]],
    ["inet6", [v2(0x21, 0x21, inet6) + get]],
    ["TLVs", [v2(0x21, 0x11, `${inet}\x04\0\x02xx`) + get]],
    ["a checksum", [v2(0x21, 0x11, `${inet}\x03\0\x04\xbe\x14\x50\x02`) + get]],
    ["short of an address", [v2(0x21, 0x11, inet.slice(1)) + get]],
    ["an unassigned family", [v2(0x21, 0x41, inet6) + get]],
    ["an unassigned transport", [v2(0x21, 0x13, inet) + get]],
    ["an unassigned command", [v2(0x22, 0x11, inet) + get]],
    ["version 1 in binary", [v2(0x11, 0x11, inet) + get]],
    ["large", [v2(0x21, 0x11, `${inet}\x04\x20\0${"x".repeat(8192)}`) + get]],
  ] as const).map(([name, pieces]): RawCase => ({ name, door: "http", pieces })),
  { name: "a request, dontlognull", door: "dontlognull", pieces: [get] },
  { name: "v1, dontlognull", door: "dontlognull", pieces: [v1 + get] },
  { name: "the end, dontlognull", door: "dontlognull", pieces: ["end"], silent: true },
  { name: "nothing, dontlognull", door: "dontlognull", pieces: [], silent: true },
  ...([
    ["v1 in two", "v1, http", [v1.slice(0, 20), v1.slice(20) + get]],
    ["v1 in single bytes", "v1, http", [...v1, get]],
    ["v2 in two", "v2, http", [
      v2(0x21, 0x11, inet).slice(0, 20),
      v2(0x21, 0x11, inet).slice(20) + get,
    ]],
  ] as const).map(([name, as, pieces]): RawCase => ({
    name,
    door: "http",
    pieces,
    differs: { why: tolerant, as },
  })),
  ...([
    ["unknown with more words", `PROXY UNKNOWN ffff::1 x y z\r\n${get}`],
    ["a unix client", v2(0x21, 0x31, unix) + get],
    ["a UDP client", v2(0x21, 0x12, inet) + get],
    ["no family", v2(0x21, 0, "") + get],
  ] as const).map(([name, text]): RawCase => ({
    name,
    door: "http",
    pieces: [text],
    differs: { why: ignored, as: "unknown, http" },
  })),
  ...([
    ["a wrong checksum", v2(0x21, 0x11, `${inet}\x03\0\x04\xbe\x14\x50\x03`) + get],
    ["a TLV too long", v2(0x21, 0x11, `${inet}\x04\0\x03xx`) + get],
  ] as const).map(([name, text]): RawCase => ({
    name,
    door: "http",
    pieces: [text],
    differs: { why: unbelieved, as: "a word more" },
  })),
  ...([
    ["a port too high", `PROXY TCP4 10.1.2.3 10.4.5.6 71111 2222\r\n${get}`],
    ["half an address", `PROXY TCP4 10.1.2 10.4.5.6 1111 2222\r\n${get}`],
    ["an address with a leading zero", `PROXY TCP4 010.1.2.3 10.4.5.6 1111 2222\r\n${get}`],
    ["a leading zero", `PROXY TCP4 10.1.2.3 10.4.5.6 01111 2222\r\n${get}`],
  ] as const).map(([name, text]): RawCase => ({
    name,
    door: "http",
    pieces: [text],
    differs: { why: strict, as: "a word more" },
  })),
];

const sent: readonly RawCase[] = [
  ...(["v1", "v2", "unix v1", "unix v2"] as const).flatMap((door): RawCase[] => [
    { name: `a request, ${door}`, door, pieces: [get] },
    { name: `two requests, ${door}`, door, pieces: [get, get] },
  ]),
  { name: "tcp v1", door: "tcp v1", pieces: ["", get] },
  { name: "tcp v2", door: "tcp v2", pieces: ["", get] },
];

/** What a case came to. */
interface Seen {
  received: string;
  end: string;
  arrived: string[];
  log: string[];
}

/** Plays a case, and takes out of what was seen in what no two proxies are alike. */
async function play(rig: RawRig, { door, pieces, silent }: RawCase): Promise<Seen> {
  const [from, logged] = [rig.arrived.length, rig.log.length];
  const requests = pieces.filter((piece) => piece.endsWith(get)).length;
  const path = door.startsWith("unix") ? door.slice(5) : null;
  const client = await rig.connect(path ?? doors[door as keyof typeof doors]);
  const { localPort } = client.socket;
  const answers = () => client.received.split("\r\n\r\n").length - 1;
  const done = () => client.endOfStream;
  for (const [i, piece] of pieces.entries()) {
    if (done()) break;
    if (piece === "end") client.fin();
    else client.send(piece);
    const asked = pieces.slice(0, i + 1).filter((piece) => piece.endsWith(get)).length;
    // Where there is nothing to wait for, so that the pieces come as pieces.
    if (asked === 0) {
      if (door.startsWith("tcp v")) await until(() => rig.arrived.length > from, "a connection");
      else await new Promise((resolve) => setTimeout(resolve, pieces.length > 9 ? 5 : 50));
    } else await until(() => done() || answers() >= asked, () => `answer ${asked}`);
  }
  if (requests === 0) await until(done, "the end");
  const end = endOf(client);
  client.close();
  const lines = requests === 0 ? 1 : Math.max(1, door.startsWith("tcp") ? 1 : answers());
  if (silent !== true) {
    await until(() => rig.log.length >= logged + lines, () => `${lines} lines of the log`);
  }
  const mask = (text: string) =>
    text.replaceAll(rig.host, "HOST").replaceAll(`127.0.0.1:${localPort}`, "127.0.0.1:PORT")
      .replaceAll(` ${localPort} `, " PORT ");
  return {
    received: plain(client.received),
    end,
    arrived: rig.arrived.slice(from).map(({ received }) =>
      mask(plain(readable(received, rig, localPort)))
    ),
    log: rig.log.slice(logged).map((line) => timeless(mask(line))),
  };
}

/** A header of version 2 in hexadecimal digits, without the port and the address of the test. */
function readable(text: string, { host }: RawRig, port: number): string {
  if (!text.startsWith(signature)) return text;
  const hex = (text: string) => Buffer.from(text, "latin1").toString("hex");
  const end = 16 + text.charCodeAt(14) * 256 + text.charCodeAt(15);
  const own = String.fromCharCode(...host.split(".").map(Number));
  return hex(text.slice(0, end)).replace(hex(own), "HOST")
    .replace(port.toString(16).padStart(4, "0"), "PORT") + text.slice(end);
}

/** Names of fields are written in lower case by haproxy. */
const plain = (text: string) => text.toLowerCase();

/**
 * A line of the log; times count by whether they were reached, and bytes not at all; nor do the
 * connections of the process, among which those of the case before may still be.
 */
function timeless(line: string): string {
  return line.replace(/\[[^\]]+\]/, "[DATE]").replace(
    / ([A-Za-z-]{2}|[A-Za-z-]{4}) \d+(\/\d+\/\d+\/\d+\/\+?\d+ )/,
    " $1 ALL$2",
  )
    .replace(/ (-?\d+(\/-?\d+)+)( \d{3})? \d+ /, (_, times: string, _last, status = "") => {
      return ` ${times.replace(/\d\d*/g, "t").replace(/-t/g, "-1")}${status} BYTES `;
    });
}

async function playAll(kind: Kind, cases: readonly RawCase[]): Promise<Map<string, Seen>> {
  const rig = await startRaw(kind, config);
  try {
    const seen = new Map<string, Seen>();
    for (const c of cases) {
      try {
        seen.set(c.name, await play(rig, c));
      } catch (error) {
        throw new Error(`${kind}: ${c.name}: ${(error as Error).message}`);
      }
    }
    return seen;
  } finally {
    await rig.stop();
  }
}

async function compare(cases: readonly RawCase[]): Promise<void> {
  const [theirs, ours] = await Promise.all([playAll("haproxy", cases), playAll("sluice", cases)]);
  for (const { name, differs } of cases) {
    if (differs === undefined) {
      assertEquals(ours.get(name), theirs.get(name), name);
    } else {
      const expected = theirs.get(differs.as);
      assertEquals(ours.get(name), expected, `${name}: ${differs.why}`);
      const alike = JSON.stringify(theirs.get(name)) === JSON.stringify(expected);
      assertEquals(alike, false, `${name}: haproxy does not differ`);
    }
  }
}

oracle(`accept-proxy: ${received.length} connections`, () => compare(received));
oracle(`send-proxy: ${sent.length} connections`, () => compare(sent));
