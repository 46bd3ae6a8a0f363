/**
 * The server behind the proxies, on Bun: `GET /N` is answered with N bytes of content. Its argument
 * is the service time: a response leaves so many ms after its request has come, in order.
 * Prints its port, and ends when its standard input does. Not the kit of simulate/, as client.ts.
 */

interface Connection {
  /** How many bytes of CR LF CR LF were just seen. */
  end: number;
  /** The number in the request target; -1 until the target begins, and once it is read. */
  size: number;
  inTarget: boolean;
  /** How far "close" has been matched in this head, and whether it was. */
  closeMatched: number;
  closing: boolean;
  /** The head of the response and the first of its content, and what of them has gone. */
  answer: Uint8Array;
  sent: number;
  /** Bytes of content behind them, to be taken from BLOCK again and again, and what has gone. */
  more: number;
  moreSent: number;
}

const END = new TextEncoder().encode("\r\n\r\n");
const CLOSE = new TextEncoder().encode("close");
const [CR, SPACE, SLASH, ZERO, NINE] = [13, 32, 47, 48, 57];
const NOTHING = new Uint8Array(0);
const BLOCK = new Uint8Array(1 << 20).fill(120);

/** The service time in ms. */
const SERVICE = Number(process.argv[2] ?? 0);
/** A timer may be late by so much: the rest is waited for awake. In ms. */
const LATENESS = 1.5;

const keptAnswers = new Map<number, Uint8Array>();
const closedAnswers = new Map<number, Uint8Array>();

/** Head and content in one piece, as far as BLOCK reaches, so that one write sends it. */
function answerOf(size: number, closing: boolean): Uint8Array {
  const answers = closing ? closedAnswers : keptAnswers;
  let answer = answers.get(size);
  if (answer === undefined) {
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${size}\r\n` +
      (closing ? "Connection: close\r\n\r\n" : "\r\n");
    answer = Buffer.concat([Buffer.from(head), BLOCK.subarray(0, Math.min(size, BLOCK.length))]);
    answers.set(size, answer);
  }
  return answer;
}

function send(socket: Bun.Socket<Connection>): void {
  const connection = socket.data;
  const { answer, more, closing } = connection;
  if (connection.sent === answer.length && connection.moreSent === more) return;
  while (connection.sent < answer.length) {
    const taken = socket.write(answer, connection.sent, answer.length - connection.sent);
    if (taken <= 0) return;
    connection.sent += taken;
  }
  while (connection.moreSent < more) {
    const at = connection.moreSent % BLOCK.length;
    const length = Math.min(BLOCK.length - at, more - connection.moreSent);
    const taken = socket.write(BLOCK, at, length);
    if (taken <= 0) return;
    connection.moreSent += taken;
  }
  if (closing) socket.end();
}

/** Responses whose service is under way, the earliest first; Bun's clock, ms. */
const due: { readonly at: number; readonly socket: Bun.Socket<Connection> }[] = [];

function serve(): void {
  const now = performance.now();
  while (due[0] !== undefined && due[0].at <= now) {
    const { socket } = due.shift()!;
    send(socket);
  }
  const wait = (due[0]?.at ?? NaN) - now - LATENESS;
  if (wait > 0) setTimeout(serve, wait);
  else if (due.length > 0) setImmediate(serve);
}

function answer(socket: Bun.Socket<Connection>): void {
  if (SERVICE === 0) send(socket);
  else if (due.push({ at: performance.now() + SERVICE, socket }) === 1) serve();
}

/** Reads one byte of a request head. Every "close" in a head counts: the heads are ours. */
function readByte(connection: Connection, byte: number): void {
  if (connection.inTarget) {
    if (byte >= ZERO && byte <= NINE) connection.size = connection.size * 10 + byte - ZERO;
    else if (byte === SPACE) connection.inTarget = false;
  } else if (byte === SLASH && connection.size < 0) {
    connection.size = 0;
    connection.inTarget = true;
  }
  if (byte === CLOSE[connection.closeMatched]) {
    if (++connection.closeMatched === CLOSE.length) connection.closing = true;
  } else connection.closeMatched = byte === CLOSE[0] ? 1 : 0;
  connection.end = byte === END[connection.end] ? connection.end + 1 : byte === CR ? 1 : 0;
}

const listener = Bun.listen<Connection>({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    binaryType: "uint8array",
    open(socket) {
      socket.data = {
        end: 0,
        size: -1,
        inTarget: false,
        closeMatched: 0,
        closing: false,
        answer: NOTHING,
        sent: 0,
        more: 0,
        moreSent: 0,
      };
    },
    data(socket, bytes) {
      const connection = socket.data;
      for (const byte of bytes) {
        readByte(connection, byte);
        if (connection.end < END.length) continue;
        connection.answer = answerOf(connection.size, connection.closing);
        connection.more = Math.max(0, connection.size - BLOCK.length);
        connection.sent = connection.moreSent = 0;
        connection.end = 0;
        connection.size = -1;
        connection.closeMatched = 0;
        answer(socket);
      }
    },
    drain: send,
  },
});

process.stdout.write(`${listener.port}\n`);
process.stdin.on("end", () => process.exit()).resume();
