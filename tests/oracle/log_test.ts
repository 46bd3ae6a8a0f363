/**
 * The log against the real haproxy's: it is sent requests, what it logs of them is taken apart into
 * records, and our formats must put the same lines together again.
 */
import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logFormats, type LogTarget } from "#src/config/model.ts";
import { connectLine } from "#src/log/connect-line.ts";
import { createDates } from "#src/log/date.ts";
import type { FormatEnvironment } from "#src/log/format/variable.ts";
import { createHeader, type Level, putLine, textLimit, wanted } from "#src/log/frame.ts";
import type { LogRecord } from "#src/log/record.ts";
import { freshAddress } from "../binary.ts";
import { haproxy } from "../haproxy.ts";
import { lineWriter } from "../log/lines.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";

/** Where clients come from, and where logs go to. */
const host = "127.0.0.1";
const [http, plain, tcp, nobody] = [8080, 8081, 8082, 8083];
/** Not UTC, and understood without a time zone database. */
const zone = "IST-5:30";
const dates = createDates(() => 330);
const httpLine = lineWriter("httplog", { dates });
const tcpLine = lineWriter("tcplog", { dates });

interface Log {
  readonly target: LogTarget;
  /** How the haproxy's configuration says it. */
  readonly keyword: string;
  readonly lines: string[];
}

/** Sends `text`, one character a byte, and reads to the end. @returns the client's port */
async function exchange(address: string, port: number, text: string): Promise<number> {
  const socket = connect(port, address);
  await once(socket, "connect");
  const { localPort } = socket;
  socket.write(text, "latin1");
  socket.resume();
  await once(socket, "close");
  return localPort!;
}

/** What a line says that only the haproxy can know. */
function parseDate(text: string): number {
  const [, day, month, year, time] = /^(\d\d)\/(\w{3})\/(\d{4}):(.*)$/.exec(text)!;
  return Date.parse(`${day} ${month} ${year} ${time}Z`) - 330 * 60_000;
}

const numbers = (text: string) => text.split("/").map(Number) as [number, ...number[]] & number[];

function parseRecord(line: string, mode: "http" | "tcp", requestLine: string): LogRecord {
  const words = line.split(" ");
  const [client = "", date = "", frontend = "", target = "", times = ""] = words;
  const rest = mode === "http"
    ? { status: words[5], bytes: words[6], flags: words[9], counts: words[10], queues: words[11] }
    : { status: "-1", bytes: words[5], flags: words[6], counts: words[7], queues: words[8] };
  const t = numbers(times);
  const [actconn, feconn = -1, beconn = -1, srvconn = -1, retries = -1] = numbers(rest.counts!);
  const [srvQueue, backendQueue = -1] = numbers(rest.queues!);
  return {
    clientAddress: client.slice(0, client.lastIndexOf(":")),
    clientPort: Number(client.slice(client.lastIndexOf(":") + 1)),
    acceptDate: parseDate(date.slice(1, -1)),
    frontend,
    tls: false,
    backend: target.split("/")[0]!,
    server: target.split("/")[1]!,
    timeRequest: mode === "http" ? t[0] : -1,
    timeQueue: t[mode === "http" ? 1 : 0]!,
    timeConnect: t[mode === "http" ? 2 : 1]!,
    timeResponse: mode === "http" ? t[3]! : -1,
    timeTotal: t.at(-1)!,
    status: Number(rest.status),
    bytes: Number(rest.bytes),
    termination: rest.flags!.padEnd(4, "-"),
    actconn,
    feconn,
    beconn,
    srvconn,
    retries,
    redispatched: rest.counts!.includes("+"),
    srvQueue,
    backendQueue,
    requestLine,
  };
}

/** ms since 1970 as the header of a line tells it; 0 where it does not. */
function headerDate(line: string): number {
  const iso = /^(?:<\d+>)?(?:1 )?(\S{19}\.\d{3})(\d{3})\+05:30 /.exec(line);
  if (iso !== null) return Date.parse(iso[1] + "+05:30") + (Number(iso[2]) + 0.5) / 1000;
  const bsd = /^<\d+>(\w{3}) ([ \d]\d) (\d\d:\d\d:\d\d) /.exec(line);
  if (bsd === null) return 0;
  const year = new Date(Date.now() + 330 * 60_000).getUTCFullYear();
  return Date.parse(`${bsd[2]} ${bsd[1]} ${year} ${bsd[3]}Z`) - 330 * 60_000;
}

/** A line as we would write it, at the moment which the haproxy's own line tells. */
function framed(target: LogTarget, pid: number, level: Level, theirs: string, message: string) {
  const header = createHeader(target, { tag: "haproxy", pid, hostname: "" }, dates);
  const bytes = new Uint8Array(8192);
  const line = header(level, headerDate(theirs)) + message;
  return new TextDecoder().decode(bytes.subarray(0, putLine(bytes, 0, line, textLimit(target))));
}

function logs(): Log[] {
  const log = (settings: Partial<LogTarget>, options: string): Log => {
    const target: LogTarget = {
      target: { kind: "udp", host, port: 0 },
      format: "local",
      len: 1024,
      facility: "local0",
      level: "debug",
      minlevel: "emerg",
      ...settings,
    };
    const { facility, level, minlevel } = target;
    return { target, keyword: `${options} ${facility} ${level} ${minlevel}`, lines: [] };
  };
  return [
    log({ format: "raw", len: 8192 }, "len 8192 format raw"),
    log({}, ""),
    ...logFormats.map((format) => log({ format }, `format ${format}`)),
    log({ format: "rfc5424", len: 100 }, "len 100 format rfc5424"),
    log(
      { format: "priority", facility: "mail", level: "notice", minlevel: "err" },
      "format priority",
    ),
    log({ target: { kind: "stdout" }, format: "short", len: 80 }, "len 80 format short"),
  ];
}

const requests = [
  "GET /ok?a=1 HTTP/1.1",
  "GET /\"#{|}\\^`~'<>%22 HTTP/1.1",
  "POST /caf\xe9\x80\xff HTTP/1.0",
  `GET /${"x".repeat(2000)} HTTP/1.1`,
  `GET /${"\xe9".repeat(1500)} HTTP/1.1`,
];

test(
  haproxy === null
    ? "SKIPPED, haproxy is not installed: our log lines are the haproxy's"
    : "our log lines are the haproxy's, in every format",
  async () => {
    const all = logs();
    const address = freshAddress();
    const ask = (port: number, text: string) => exchange(address, port, text);
    const directory = mkdtempSync(join(tmpdir(), "sluice-oracle-"));
    const sockets = await Promise.all(all.map(async ({ target, lines }) => {
      if (target.target.kind !== "udp") return null;
      const socket = createSocket("udp4");
      socket.on("message", (message) => void lines.push(message.toString("latin1")));
      socket.bind(0, host);
      await once(socket, "listening");
      return socket;
    }));
    const configuration = join(directory, "haproxy.cfg");
    const log = (i: number) =>
      `  log ${sockets[i] ? `${host}:${sockets[i].address().port}` : "stdout"} ${all[i]!.keyword}`;
    writeFileSync(
      configuration,
      `global
  nbthread 1
${all.map((_, i) => log(i)).join("\n")}
defaults
  log global
  mode http
  timeout connect 1s
  timeout client 2s
  timeout server 2s
frontend http-in
  bind ${address}:${http}
  option httplog
  option accept-invalid-http-request
  http-request return status 200
listen plain
  bind ${address}:${plain}
  server s1 ${address}:${http}
listen tcp
  mode tcp
  bind ${address}:${tcp}
  option tcplog
  server s1 ${address}:${http}
backend down
  server s1 ${address}:${nobody} check inter 50ms
`,
    );
    const child = spawn(haproxy!, ["-db", "-f", configuration], {
      env: { ...process.env, TZ: zone },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const exited = once(child, "exit");
    let output = "";
    child.stdout.on("data", (bytes) => output += bytes);
    try {
      const raw = all[0]!.lines;
      // The check that fails says that it runs.
      const down = () => raw.find((line) => line.startsWith("Server down/s1 is DOWN"));
      await until(() => down() !== undefined, "the check's end");
      const messages: [Level, string][] = [["alert", down()!.slice(0, -1)]];

      // The port alone does not tell: haproxy's own connections may have the same.
      const expectLine = async (port: number, part: string) => {
        const line = () =>
          raw.find((line) => line.includes(`${host}:${port} `) && line.includes(part));
        await until(() => line() !== undefined, `a line with ${port} and ${part}`);
        messages.push(["info", line()!.slice(0, -1)]);
        return line()!.slice(0, -1);
      };
      for (const request of requests) {
        const line = await expectLine(
          await ask(http, `${request}\r\nConnection: close\r\n\r\n`),
          " http-in ",
        );
        assertEquals(httpLine(parseRecord(line, "http", request)), line);
      }
      const bad = await expectLine(await ask(http, "\x01\r\n\r\n"), "<BADREQ>");
      assertEquals(httpLine(parseRecord(bad, "http", "<BADREQ>")), bad);

      const request = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
      const relayed = await expectLine(await ask(tcp, request), " tcp/");
      assertEquals(tcpLine(parseRecord(relayed, "tcp", "")), relayed);

      const clientPort = await ask(plain, request);
      const accepted = { clientAddress: host, clientPort, address, port: plain } as const;
      assertEquals(
        connectLine({ ...accepted, frontend: "plain", mode: "http" }),
        await expectLine(clientPort, "Connect from"),
      );

      // Lines of one moment come in any order: each is known by how its message starts.
      for (const { target, lines } of all) {
        const own = target.target.kind === "udp" ? lines : null;
        for (const [level, message] of messages) {
          const start = message.slice(0, 30);
          const find = () =>
            (own ?? output.split("\n").slice(0, -1).map((line) => line + "\n"))
              .find((line) => line.includes(start));
          if (!wanted(target, level)) {
            assertEquals(find(), undefined);
            continue;
          }
          await until(() => find() !== undefined, start);
          const theirs = find()!;
          assertEquals(framed(target, child.pid!, level, theirs, message), theirs);
          const told = headerDate(theirs);
          assert(told === 0 || Math.abs(Date.now() - told) < 60_000, theirs);
        }
      }
    } finally {
      child.kill();
      await exited;
      for (const socket of sockets) socket?.close();
      rmSync(directory, { recursive: true });
    }
  },
  { skip: haproxy === null },
);

/** Each fact that can be read back, in a form that no flag changes. */
const facts = "%ci|%cp|%Ts|%ms|%f|%b|%s|%TR|%Tw|%Tc|%Tr|%Ta|%Th|%Ti|%ST|%B|%U|%tsc|%ac|%fc|%bc|" +
  "%sc|%rc|%sq|%bq|%fi|%fp|%bi|%bp|%si|%sp|%rt|%lc|%pid|%H";

/** Formats whose lines must be the same; each goes behind {@linkcode facts}. */
const formats = [
  "%t|%T|%Tl|%tr|%trg|%trl|%Tq|%Tt|%Tu|%{+Q}o %ft %{-Q}s %ts",
  "%{+X}ci|%{+X}cp|%{+X}fi|%{+X}fp|%{+X}bi|%{+X}bp|%{+X}si|%{+X}sp|%{+X}Ts|%{+X}ms|%{+X}pid|" +
  "%{+X}rt|%{+X}lc|%{+X}ST|%{+X}B|%{+X}rc|%{+X}b",
  "%{+Q}ci|%{+Q}cp|%{+Q}fi|%{+Q}bi|%{+Q}si|%{+Q}sp|%{+Q}s|%{+Q}b|%{+Q}H|%{+Q}ID|%{+Q}CC|%{+Q}tsc",
  "%HM|%HP|%HPO|%HQ|%HU|%HV|%r|%{+Q}HM|%{+Q}HPO|%{+Q}HQ|%{+E}HU|%{+Q,+E}r",
  "  a %hr  %hs b %hrl%hsl %CC %CS %ID %sslv/%sslc x%hr %{foo}s 50%% %HPO c  ",
  "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc " +
  "%bc %sc %rc %sq %bq %CC %CS %hrl %hsl",
];

/** What a line tells of its session. */
function recordOf(line: string, requestLine: string): [LogRecord, FormatEnvironment] {
  const words = line.split("|");
  const number = (index: number) => Number(words[index]);
  const acceptDate = number(2) * 1000 + number(3);
  const port = (name: "source" | "server", index: number) =>
    words[index] === "-"
      ? {}
      : { [`${name}Address`]: words[index - 1], [`${name}Port`]: number(index) };
  const record: LogRecord = {
    clientAddress: words[0]!,
    clientPort: number(1),
    acceptDate,
    requestDate: acceptDate + number(12) + number(13),
    frontend: words[4]!,
    tls: false,
    backend: words[5]!,
    server: words[6]!,
    timeRequest: number(7),
    timeQueue: number(8),
    timeConnect: number(9),
    timeResponse: number(10),
    timeTotal: number(11),
    timeHandshake: number(12),
    timeIdle: number(13),
    status: number(14),
    bytes: number(15),
    uploaded: number(16),
    termination: words[17]!,
    actconn: number(18),
    feconn: number(19),
    beconn: number(20),
    srvconn: number(21),
    retries: number(22),
    redispatched: false,
    srvQueue: number(23),
    backendQueue: number(24),
    frontendAddress: words[25]!,
    frontendPort: number(26),
    ...port("source", 28),
    ...port("server", 30),
    requestCount: number(31),
    logCount: number(32),
    requestLine,
  };
  return [record, { pid: number(33), hostname: words[34]!, dates }];
}

test(
  haproxy === null
    ? "SKIPPED, haproxy is not installed: our log formats are the haproxy's"
    : "our log formats are the haproxy's",
  async () => {
    const address = freshAddress();
    const lines: string[] = [];
    const socket = createSocket("udp4");
    socket.on("message", (message) => void lines.push(message.toString("latin1").slice(0, -1)));
    socket.bind(0, host);
    await once(socket, "listening");
    const directory = mkdtempSync(join(tmpdir(), "sluice-oracle-"));
    const configuration = join(directory, "haproxy.cfg");
    const sections = formats.map((format, i) =>
      `frontend f${i}\n  bind ${address}:${http + i}\n  default_backend b\n` +
      `  log-format "${facts.replaceAll('"', '\\"')}~${format.replaceAll('"', '\\"')}"\n`
    );
    writeFileSync(
      configuration,
      `global
  nbthread 1
  log ${host}:${socket.address().port} len 8192 format raw local0
defaults
  log global
  mode http
  timeout connect 1s
  timeout client 2s
  timeout server 2s
  option accept-invalid-http-request
${sections.join("")}
backend b
  http-request deny if METH_POST
  server s1 ${address}:${nobody + 100}
frontend answers
  bind ${address}:${nobody + 100}
  no log
  http-request return status 200
`,
    );
    const child = spawn(haproxy!, ["-db", "-f", configuration], {
      env: { ...process.env, TZ: zone },
      stdio: ["ignore", "ignore", "ignore"],
    });
    const exited = once(child, "exit");
    const listens = async () => {
      const socket = connect(nobody + 100, address);
      const [error] = await Promise.race([
        once(socket, "connect").then(() => [null]),
        once(socket, "error"),
      ]);
      socket.destroy();
      return error === null;
    };
    try {
      await until(async () => {
        try {
          return await listens();
        } catch {
          return false;
        }
      }, "the haproxy");
      for (const [i, format] of formats.entries()) {
        for (const request of [...requests.slice(0, 4), "OPTIONS * HTTP/1.1", "<BADREQ>"]) {
          const before = lines.length;
          const text = request === "<BADREQ>" ? "\x01" : request;
          await exchange(address, http + i, `${text}\r\nHost: h\r\nConnection: close\r\n\r\n`);
          await until(() => lines.length > before, () => `a line of ${format} for ${request}`);
          const line = lines[before]!;
          const at = line.indexOf("~");
          const [record, environment] = recordOf(line.slice(0, at), request);
          const ours = lineWriter(`~${format}`, environment)(record);
          assertEquals(ours, line.slice(at));
        }
      }
    } finally {
      child.kill();
      await exited;
      socket.close();
      rmSync(directory, { recursive: true });
    }
  },
  { skip: haproxy === null },
);
