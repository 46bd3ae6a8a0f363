/** Clients and servers that do what they should not. */
import { Buffer } from "node:buffer";
import type { Connection } from "#src/simulate/connection.ts";
import { target as targetOf } from "#src/simulate/message.ts";
import { isHandedOver } from "../node-network.ts";
import { open, response, startOrigin, startServer, type Target } from "./wire.ts";

/** Numbers from 0 to 1, the same ones in each run (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const random = createRandom(2006);
const below = (bound: number) => Math.floor(random() * bound);

function noise(length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => below(256)));
}

const contents = new Map<number, Buffer>();

/** Content of a length, which tells a piece of it from any other. */
export function content(length: number): Buffer {
  let bytes = contents.get(length);
  if (bytes === undefined) {
    bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) bytes[i] = (i * 7 + (i >> 8) * 13 + length) & 255;
    contents.set(length, bytes);
  }
  return bytes;
}

/** A client's ways on one connection; what it returns is called every {@linkcode beat} ms. */
type Abuse = (connection: Connection) => (() => void) | void;

/** How often the slow do something, in ms. */
const beat = 40;

const whole = "GET /small HTTP/1.1\r\nHost: x\r\nX-Padding: 0123456789\r\n\r\n";
const long = "GET /content/1000000 HTTP/1.1\r\nHost: x\r\n\r\n";
const slowHead = `GET /small HTTP/1.1\r\nHost: x\r\nX-Padding: ${"p".repeat(500)}\r\n\r\n`;
const upload = `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n${"u".repeat(5000)}`;
const chunks = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";

/** Sends a text byte by byte, again and again. */
function drip(text: string): Abuse {
  return (connection) => {
    let at = 0;
    return () => void connection.send(text.charAt(at++ % text.length));
  };
}

/** Asks, and never reads. */
function deaf(text: string): Abuse {
  return (connection) => {
    connection.stall().send(text);
  };
}

/** Sends this, and waits for whatever comes. */
function say(text: () => string | Buffer): Abuse {
  return (connection) => void connection.send(text());
}

const kinds: readonly [share: number, target: "good" | "bad", abuse: Abuse][] = [
  [4, "good", drip(whole)],
  [2, "good", drip(slowHead)],
  [2, "good", drip(upload)],
  [0.5, "good", deaf("GET /huge HTTP/1.1\r\nHost: x\r\n\r\n")],
  [1, "good", deaf(whole.repeat(200))],
  [3, "good", say(() => noise(1 + below(3000)))],
  [
    2,
    "good",
    say(() => `GET /small HTTP/1.1\r\nHost: x\r\n${noise(200).toString("latin1")}\r\n\r\n`),
  ],
  [2, "good", say(() => whole.slice(0, below(whole.length)))],
  [2, "good", say(() => upload.slice(0, below(upload.length)))],
  [1, "good", say(() => chunks + ["", "zz\r\n", "ffffffff\r\nx", "0\r\n"][below(4)])],
  [1, "good", say(() => "")],
  [2, "good", say(() => whole.repeat(100))],
  // Resets, at any moment of what they began.
  [6, "good", (connection) => {
    connection.send([whole, upload, upload.slice(0, 1000), long][below(4)]!);
    let beats = below(8);
    return () => void (beats-- === 0 && connection.reset());
  }],
  // Half-closes behind a whole request, and behind a part of one.
  [
    2,
    "good",
    (connection) =>
      void connection.send([whole, whole.slice(0, 30), upload.slice(0, 500)][below(3)]!).fin(),
  ],
  [8, "bad", say(() => whole)],
  [2, "bad", say(() => upload)],
  [1, "bad", (connection) => {
    connection.send(whole);
    let beats = below(20);
    return () => void (beats-- === 0 && connection.reset());
  }],
];

/** A crowd of clients. */
export interface Crowd {
  /** Connections that have been made so far. */
  readonly made: () => number;
  /** Lets go of all of them. */
  stop(): void;
}

/** Keeps `size` abusive connections open: who is thrown out comes again. */
export function startCrowd(size: number, targets: { good: Target; bad: Target }): Crowd {
  const sum = kinds.reduce((total, [share]) => total + share, 0);
  const beats = new Map<Connection, (() => void) | null>();
  let made = 0;
  let stopped = false;

  function enter(target: Target, abuse: Abuse): void {
    if (stopped) return;
    made++;
    const connection = open(target);
    beats.set(connection, null);
    connection.onData = () => void (connection.received = "");
    connection.onEnd = () => connection.close();
    connection.onGone = () => {
      beats.delete(connection);
      setTimeout(() => enter(target, abuse), beat + below(10 * beat));
    };
    void connection.until(() => connection.isOpen).then((isOpen) => {
      if (isOpen) beats.set(connection, abuse(connection) ?? null);
    });
  }

  for (const [share, target, abuse] of kinds) {
    const count = Math.max(1, Math.round(size * share / sum));
    for (let i = 0; i < count; i++) setTimeout(() => enter(targets[target], abuse), below(1000));
  }
  const timer = setInterval(() => {
    for (const [connection, act] of beats) if (act !== null && !connection.isOver) act();
  }, beat);
  return {
    made: () => made,
    stop() {
      stopped = true;
      clearInterval(timer);
      for (const connection of beats.keys()) connection.close();
    },
  };
}

/** Whatever was started, to be ended. */
export interface Ending {
  stop(): Promise<void>;
}

const head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";

/** Servers that are worth nothing, one a way; the first that is missing is one as well. */
const badServers: readonly ((connection: Connection) => unknown)[] = [
  () => {}, // silent
  (connection) => connection.close(),
  (connection) => connection.fin(),
  asked((connection) => connection.reset()),
  asked((connection) => connection.send(`${head}too short`).fin()),
  asked(async (connection) => {
    connection.send(`${head}reset`);
    while (!isHandedOver(connection)) await new Promise((resolve) => setTimeout(resolve, 1));
    connection.reset();
  }),
  asked((connection) => connection.send(noise(2000))),
  asked((connection) => connection.send("HTTP/1.1 200 OK\r\nX: ")),
  asked((connection) => connection.send(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(40_000)}`)),
  asked((connection) => connection.send(`${head}${"x".repeat(2000)}`)), // too long
  asked((connection) =>
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
  ),
];

/** Does it as soon as anything has come. */
function asked(act: (connection: Connection) => unknown): (connection: Connection) => unknown {
  return async (connection) => {
    if (await connection.until(() => connection.received !== "")) act(connection);
  };
}

/** Where the bad servers listen, and one that does not. */
export function badTargets(host: string): { host: string; port: number }[] {
  return Array.from({ length: badServers.length + 1 }, (_, i) => ({ host, port: 9000 + i }));
}

/** Starts the bad servers. */
export async function startBadServers(host: string): Promise<Ending[]> {
  const targets = badTargets(host).slice(1);
  return await Promise.all(targets.map((target, i) =>
    startServer(target, (connection) => {
      connection.onEnd = () => connection.close();
      badServers[i]!(connection);
    })
  ));
}

const huge = response(content(16 << 20));

/** A server as it should be: /small, /huge, /content/LENGTH, /echo. */
export function startGoodServer(target: Target): Promise<Ending> {
  return startOrigin("good", target, (request) => {
    const uri = targetOf(request);
    if (uri === "/huge") return huge;
    if (uri === "/echo") return response(request.content);
    return response(content(Number(uri.split("/")[2] ?? 100)));
  });
}
