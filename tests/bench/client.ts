/**
 * The load generator, on Bun. It takes orders as lines of JSON on its standard input, answers each
 * with a line on its standard output, and ends when its input does.
 *
 * Not the kit of simulate/: that turns bytes into text and keeps them, which costs more than the
 * proxies that are measured beside it on the same processors.
 */
import { createInterface } from "node:readline";

/** What to do next. Each response must be 200 with exactly `size` bytes of content. */
export interface Order {
  /**
   * - `keepalive`: share `requests` among `connections`, which stay open for the next order;
   * - `visit`: the same with new connections, of which none stays;
   * - `close`: a connection for each request, which the proxy must close;
   * - `hold`: open connections until there are `connections`, with one request on each new one;
   * - `burst`: `connections` new ones at once, with one request on each; none stays.
   */
  readonly kind: "keepalive" | "visit" | "close" | "hold" | "burst";
  readonly port: number;
  readonly size: number;
  readonly connections: number;
  readonly requests: number;
  /** Give up after so many seconds. */
  readonly seconds: number;
}

/** How it went. */
export interface Outcome {
  readonly responses: number;
  readonly errors: number;
  /** The first error in words, or "". */
  readonly firstError: string;
  /** Seconds from the beginning to the last response. */
  readonly seconds: number;
  /** Of a `burst`: when each answered request went out, and when its response was whole. In ms. */
  readonly exchanges: readonly (readonly [asked: number, answered: number])[];
}

interface Connection {
  readonly port: number;
  /** Bytes read of the response's head, and of the CR LF CR LF at its end. */
  head: number;
  end: number;
  /** Bytes of content still to come. */
  content: number;
  waiting: boolean;
  /** When the request went out. */
  asked: number;
}
type Socket = Bun.Socket<Connection>;

/** An order being carried out. */
interface Run {
  readonly order: Order;
  readonly request: Uint8Array;
  /** Requests to make, made, and answered. */
  readonly target: number;
  started: number;
  responses: number;
  errors: number;
  firstError: string;
  readonly exchanges: [number, number][];
  over(): void;
}

const STATUS = new TextEncoder().encode("HTTP/1.1 200 ");
const END = new TextEncoder().encode("\r\n\r\n");
const CR = 13;
/** `hold` opens so many connections at a time. */
const WINDOW = 64;
/** So many errors tell enough: the run is lost, and its figures are thrown away. */
const TOO_MANY = 10;

/** The open connections to each port. */
const open = new Map<number, Set<Socket>>();
let run: Run | undefined;

function connect(port: number): void {
  const data = { port, head: 0, end: 0, content: 0, waiting: false, asked: 0 };
  // A failure is told to connectError() too.
  Bun.connect<Connection>({ hostname: "127.0.0.1", port, data, socket: handlers }).catch(() => {});
}

/** Makes the next request on a connection; one opened in vain is closed, lest it time out. */
function ask(socket: Socket): void {
  if (run === undefined || run.started === run.target) {
    const kind = run?.order.kind;
    if (kind !== "keepalive" && kind !== "visit") socket.end();
    return;
  }
  run.started++;
  const connection = socket.data;
  connection.head = connection.end = 0;
  connection.waiting = true;
  if (run.order.kind === "burst") connection.asked = performance.now();
  if (socket.write(run.request) !== run.request.length) fail("a request was not taken whole");
}

function answered(socket: Socket): void {
  socket.data.waiting = false;
  if (run === undefined) return;
  const { order, target } = run;
  if (order.kind === "burst") run.exchanges.push([socket.data.asked, performance.now()]);
  if (++run.responses === target) run.over();
  else if (order.kind === "keepalive" || order.kind === "visit") ask(socket);
  else if (order.kind === "hold" && run.responses + WINDOW <= target) connect(order.port);
}

function fail(words: string): void {
  if (run === undefined) return;
  run.firstError ||= words;
  if (++run.errors === TOO_MANY) run.over();
}

function beginning(bytes: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(bytes.subarray(0, 60)));
}

/** Reads what came of a response. @returns whether it is complete */
function read(connection: Connection, bytes: Uint8Array, size: number): boolean {
  let at = 0;
  while (connection.end < END.length && at < bytes.length) {
    const byte = bytes[at++];
    if (connection.head < STATUS.length && byte !== STATUS[connection.head]) {
      fail(`not a 200: ${beginning(bytes)}`);
    }
    connection.head++;
    connection.end = byte === END[connection.end] ? connection.end + 1 : byte === CR ? 1 : 0;
    if (connection.end === END.length) connection.content = size;
  }
  if (connection.end < END.length) return false;
  connection.content -= bytes.length - at;
  if (connection.content < 0) fail(`${-connection.content} bytes too many: ${beginning(bytes)}`);
  return connection.content <= 0;
}

const handlers: Bun.SocketHandler<Connection> = {
  open(socket) {
    const { port } = socket.data;
    if (!open.has(port)) open.set(port, new Set());
    open.get(port)?.add(socket);
    ask(socket);
  },
  data(socket, bytes) {
    if (run === undefined) return;
    if (!socket.data.waiting) fail(`bytes that nobody asked for: ${beginning(bytes)}`);
    else if (read(socket.data, bytes, run.order.size)) answered(socket);
  },
  close(socket) {
    const { port, waiting } = socket.data;
    open.get(port)?.delete(socket);
    if (run?.order.port !== port) return;
    if (waiting) fail("closed before the end of the response");
    else if (run.order.kind !== "close") fail("closed though it was to be kept");
    else if (run.started < run.target) connect(port);
  },
  connectError(_socket, error) {
    fail(`cannot connect: ${error.message}`);
  },
};

/** Carries out one order. */
function carryOut(order: Order): Promise<Outcome> {
  const { kind, port, size, connections, seconds } = order;
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const kept = open.get(port) ?? new Set();
  const began = performance.now();
  const deadline = setTimeout(() => {
    fail(`${run?.responses} of ${run?.target} responses after ${seconds} s`);
    run?.over();
  }, seconds * 1e3);
  const current: Run = {
    order,
    request: new TextEncoder().encode(
      `GET /${size} HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n`,
    ),
    target: kind === "hold"
      ? connections - kept.size
      : kind === "burst"
      ? connections
      : order.requests,
    started: 0,
    responses: 0,
    errors: 0,
    firstError: "",
    exchanges: [],
    over() {
      clearTimeout(deadline);
      run = undefined;
      const taken = (performance.now() - began) / 1e3;
      if (kind === "burst" || kind === "visit") open.get(port)?.forEach((socket) => socket.end());
      const { responses, errors, firstError, exchanges } = current;
      resolve({ responses, errors, firstError, seconds: taken, exchanges });
    },
  };
  run = current;
  if (kind === "keepalive") kept.forEach(ask);
  const missing = connections - kept.size;
  for (let count = 0; count < (kind === "hold" ? Math.min(WINDOW, missing) : missing); count++) {
    connect(port);
  }
  return promise;
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await carryOut(JSON.parse(line) as Order))}\n`);
}
