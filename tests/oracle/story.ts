/**
 * A proxy whose servers a test starts, stops and lets fail as it goes, and what came of it: for what
 * depends on health checks, and so cannot be played as a table of cases.
 */
import { assertEquals } from "@std/assert";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection } from "#src/simulate/connection.ts";
import { Server } from "#src/simulate/server.ts";
import { freshAddress } from "../binary.ts";
import { textOf } from "../latin1.ts";
import { listening, nodeNetwork, stopped } from "../node-network.ts";
import { until } from "../until.ts";
import { oracle } from "./harness.ts";
import { type Kind, startProgram } from "./rig.ts";

/** Where the proxy listens. */
const proxyPort = 20000;

/** A server. */
export interface Site {
  /** Whether it passes HTTP checks. */
  healthy: boolean;
  /** The connections that it got: from where, and all that came, one character a byte. */
  readonly visits: { readonly from: string; received: string }[];
  stop(): Promise<void>;
  listen(): Promise<void>;
}

/** What a server says to what it has heard so far on a connection; null: nothing (yet). */
export type Says = (heard: string, site: Site) => string | null;

/** A proxy that runs. */
export interface Story {
  readonly host: string;
  readonly kind: Kind;
  /**
   * Starts a server on a port of {@linkcode host}, or of another one; by default it speaks HTTP, and
   * says its name.
   */
  site(name: string, port: number, says?: Says, at?: string): Promise<Site>;
  /** Runs the proxy while `body` runs. @param lines of the configuration, after `defaults` */
  withProxy(lines: readonly string[], body: () => Promise<void>): Promise<void>;
  /** A request, by one with this cookie (S), or by a newcomer. */
  visit(cookie?: string): Promise<Visit>;
  /** What serves newcomers, of whom there are enough to find each server. */
  newcomers(): Promise<string[]>;
  /** Waits for a line of the log. */
  logged(text: string): Promise<void>;
  /** Lines of the log that match, without what is before the message. */
  said(pattern: RegExp): string[];
  /** What the log said of servers, without the time that checks took. */
  readonly events: () => string[];
}

/** What came of a request. */
export interface Visit {
  /** What the response says: the name of a site. */
  readonly content: string;
  /** The cookie that was set. */
  readonly set: string | null;
  /** The server, the termination state, and the retries, as logged. */
  readonly log: string;
}

/** Declares a test: the story's outcome is the same with haproxy and with sluice. */
export function oracleStory(name: string, tell: (story: Story) => Promise<unknown>): void {
  oracle(`${name}: alike in haproxy and in sluice`, async () => {
    const outcomes = await Promise.all(
      (["haproxy", "sluice"] as const).map((kind) => play(kind, tell)),
    );
    assertEquals(outcomes[1], outcomes[0]);
  });
}

async function play(kind: Kind, tell: (story: Story) => Promise<unknown>): Promise<unknown> {
  const host = freshAddress();
  const sites: Site[] = [];
  const lines: string[] = [];
  const log = createSocket("udp4");
  log.on("message", (message) => void lines.push(textOf(message).trimEnd()));
  log.bind(0, host);
  await once(log, "listening");
  const sessions = () => lines.flatMap((line) => sessionOf(line) ?? []);
  const story: Story = {
    host,
    kind,
    async site(name, port, says = speaksHttp(name), at = host) {
      const site = createSite(at, port, says);
      sites.push(site);
      await site.listen();
      return site;
    },
    withProxy: (config, body) => withProxy(kind, host, log.address().port, config, lines, body),
    async visit(cookie) {
      const before = sessions().length;
      const answer = await ask(host, cookie);
      await until(() => sessions().length > before, "the log of a request");
      return {
        content: answer.split("\r\n\r\n")[1] ?? "",
        set: /^set-cookie: (S=[^;]*)/im.exec(answer)?.[1] ?? null,
        log: sessions().at(-1)!,
      };
    },
    async newcomers() {
      const found = new Set<string>();
      for (let i = 0; i < 8; i++) found.add((await story.visit()).content);
      return [...found].sort();
    },
    logged: (text) =>
      until(() => lines.some((line) => line.includes(text)), () => `${kind} to log ${text}`),
    said: (pattern) =>
      lines.filter((line) => pattern.test(line)).map((line) =>
        line.replace(/^(<\d+>).*?\]: /, "$1 ")
      ),
    events: () =>
      lines.filter((line) => / is (UP|DOWN)|no server available/.test(line)).map((line) =>
        line.replace(/^(<\d+>).*?\]: /, "$1 ").replace(/duration: \d+ms/, "duration: Nms")
      ),
  };
  try {
    return await tell(story);
  } finally {
    await Promise.all(sites.map((site) => site.stop()));
    log.close();
  }
}

/** "server termination retries" of a line of httplog; null: it is another line. */
function sessionOf(line: string): string | null {
  const match = /\] web (\S+) \S+ \S+ \S+ - - (\S{4}) \d+\/\d+\/\d+\/\d+\/(\S+) /.exec(line);
  return match === null || line.includes("/ready ") ? null : match.slice(1).join(" ");
}

/** An HTTP server: HEAD is a check's, and everything else gets its name. */
function speaksHttp(name: string): Says {
  return (heard, { healthy }) => {
    if (!heard.endsWith("\r\n\r\n")) return null;
    if (heard.includes("HEAD ")) return `HTTP/1.0 ${healthy ? "200 OK" : "404 Not Found"}\r\n\r\n`;
    return `HTTP/1.0 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`;
  };
}

function createSite(host: string, port: number, says: Says): Site {
  const server = new Server(nodeNetwork, { kind: "ip", host, port }, (connection) => {
    const visit = { from: connection.socket.remoteAddress, received: "" };
    self.visits.push(visit);
    connection.onEnd = () => connection.close();
    connection.onData = () => {
      visit.received = connection.received;
      const words = says(visit.received, self);
      if (words === null) return;
      connection.send(words);
      if (words.startsWith("HTTP/1.0")) connection.fin();
    };
  });
  const self: Site = {
    healthy: true,
    visits: [],
    async listen() {
      await listening(server);
    },
    stop: () => stopped(server, "kill"),
  };
  return self;
}

async function withProxy(
  kind: Kind,
  host: string,
  logPort: number,
  config: readonly string[],
  log: readonly string[],
  body: () => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-oracle-"));
  const file = join(folder, `${kind}.cfg`);
  const preamble = `global
  nbthread 1
  log ${host}:${logPort} len 8192 local0
${kind === "haproxy" ? "  nbthread 1\n" : ""}defaults
  log global
  mode http
  option httplog
  timeout connect 2s
  timeout client 20s
  timeout server 20s
  timeout check 1s
`;
  // The last to listen: when it does, all the others do.
  const ready = `listen ready\n  bind ${host}:${proxyPort - 1}\n`;
  writeFileSync(file, `${preamble}${config.join("\n")}\n${ready}`);
  const child = startProgram(kind, file);
  let words = "";
  child.stderr.on("data", (bytes) => void (words += bytes));
  const exited = once(child, "exit");
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${kind} did not start: ${words}`);
      return (await exchange(host, proxyPort - 1, "GET /ready HTTP/1.0\r\n\r\n")).includes(" 503 ");
    }, () => `${kind} to start: ${words}`);
    await body();
  } catch (error) {
    (error as Error).message += `\n${kind}'s log:\n${log.join("\n")}`;
    throw error;
  } finally {
    child.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true });
  }
}

function ask(host: string, cookie: string | undefined): Promise<string> {
  const field = cookie === undefined ? "" : `Cookie: S=${cookie}\r\n`;
  return exchange(
    host,
    proxyPort,
    `GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${field}\r\n`,
  );
}

/** Sends, and gives all that came back, when the other side has closed. */
async function exchange(host: string, port: number, request: string): Promise<string> {
  const connection = new Connection().connect(nodeNetwork, { kind: "ip", host, port });
  connection.send(request);
  await connection.until(() => false);
  connection.close();
  return connection.received;
}
