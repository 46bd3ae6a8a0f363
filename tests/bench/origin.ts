/**
 * The server behind the proxies, on Bun: `GET /N` is answered with N bytes of content, made once.
 * Prints its port, and ends when its standard input does.
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
  answer: Uint8Array;
  sent: number;
}

const END = new TextEncoder().encode("\r\n\r\n");
const CLOSE = new TextEncoder().encode("close");
const [CR, SPACE, SLASH, ZERO, NINE] = [13, 32, 47, 48, 57];
const NOTHING = new Uint8Array(0);

const keptAnswers = new Map<number, Uint8Array>();
const closedAnswers = new Map<number, Uint8Array>();

/** Head and content in one piece, so that one write sends it. */
function answerOf(size: number, closing: boolean): Uint8Array {
  const answers = closing ? closedAnswers : keptAnswers;
  let answer = answers.get(size);
  if (answer === undefined) {
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${size}\r\n` +
      (closing ? "Connection: close\r\n\r\n" : "\r\n");
    answer = new TextEncoder().encode(head + "x".repeat(size));
    answers.set(size, answer);
  }
  return answer;
}

function send(socket: Bun.Socket<Connection>): void {
  const connection = socket.data;
  const { answer, sent } = connection;
  if (sent === answer.length) return;
  const taken = socket.write(answer, sent, answer.length - sent);
  if (taken < 0) return;
  connection.sent += taken;
  if (connection.sent === answer.length && connection.closing) socket.end();
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
      };
    },
    data(socket, bytes) {
      const connection = socket.data;
      for (const byte of bytes) {
        readByte(connection, byte);
        if (connection.end < END.length) continue;
        connection.answer = answerOf(connection.size, connection.closing);
        connection.sent = 0;
        connection.end = 0;
        connection.size = -1;
        connection.closeMatched = 0;
        send(socket);
      }
    },
    drain: send,
  },
});

process.stdout.write(`${listener.port}\n`);
process.stdin.on("end", () => process.exit()).resume();
