/** Clients of a soak: those who behave, and judge what they get; and those who do not. */
import { Connection } from "#src/simulate/connection.ts";
import { type Message, readResponse, status } from "#src/simulate/message.ts";
import { textOf } from "../latin1.ts";
import { nodeNetwork } from "../node-network.ts";
import { contentOf, type Random, someLength } from "./random.ts";

/** What clients tell of their world, and are told. */
export interface World {
  readonly host: string;
  readonly port: number;
  /** The soak is over. */
  readonly over: () => boolean;
  /**
   * A number that stays the same while all is well: at odd ones servers are dead, or threads. What is
   * asked then may fail.
   */
  readonly trouble: () => number;
  /** Requests answered, and exactly; and those that failed while they might. */
  answered: number;
  excused: number;
  /** What must not be. */
  readonly faults: string[];
}

/** A request, and what its answer must be. */
interface Ask {
  readonly text: string;
  readonly content: Uint8Array | null;
  readonly expected: string;
}

function ask(random: Random, mayUpload: boolean): Ask {
  const which = random(1000);
  const length = someLength(random);
  const how = random(2) === 0 ? "length" : "chunked";
  if (mayUpload && random(4) === 0) {
    return {
      text: `POST /upload/${which}/${length}/${how} HTTP/1.1\r\nHost: soak\r\n` +
        (how === "length"
          ? `Content-Length: ${length}\r\n\r\n`
          : "Transfer-Encoding: chunked\r\n\r\n"),
      content: how === "length"
        ? contentOf(which, length)
        : chunked(contentOf(which, length), random),
      expected: `got ${length}`,
    };
  }
  return {
    text: `GET /content/${which}/${length}/${how} HTTP/1.1\r\nHost: soak\r\n\r\n`,
    content: null,
    expected: textOf(contentOf(which, length)),
  };
}

function chunked(content: Uint8Array, random: Random): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < content.length;) {
    const to = Math.min(content.length, at + 1 + random(100_000));
    parts.push(Buffer.from(`${(to - at).toString(16)}\r\n`), content.subarray(at, to));
    parts.push(Buffer.from("\r\n"));
    at = to;
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

/** How long a client waits for a response, or for its connection, ms. */
const timeout = 20_000;

/** Waits for what a connection must bring. @throws {Error} if it ends before, or nothing happens */
async function within<T>(connection: Connection, what: Promise<T | null | false>): Promise<T> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection.close();
  }, timeout);
  const came = await what;
  clearTimeout(timer);
  if (came !== null && came !== false) return came;
  throw new Error(late ? `nothing came for ${timeout} ms` : connection.broke ?? "it ended");
}

/** A whole response. @throws {Error} if the connection ends before */
function response(connection: Connection): Promise<Message> {
  return within(connection, readResponse(connection, "GET"));
}

/** Asks one thing after the other, some at once; what it gets must be right, and it must get it. */
export async function wellBehaved(world: World, random: Random): Promise<void> {
  let connection: Connection | null = null;
  try {
    while (!world.over()) {
      const asks = random(4) === 0
        ? Array.from({ length: 2 + random(4) }, () => ask(random, false))
        : [ask(random, true)];
      for (let left = asks; left.length > 0;) {
        const used = connection !== null;
        const before = world.trouble();
        connection ??= await opened(world);
        const { done, failure } = await converse(connection, left, world);
        left = left.slice(done);
        if (failure === null) continue;
        const unheard = failure.heard === 0;
        connection.close();
        connection = null;
        // A connection may be closed between two requests, at the moment of the second one (RFC 9112
        // section 9.5); and behind the answer to a request, at a soft-stop.
        if (failure.broken && unheard && (used || done > 0)) continue;
        if (before % 2 === 1 || world.trouble() !== before) world.excused++;
        else world.faults.push(`${left[0]!.text.split("\r\n")[0]}: ${failure.why}`);
        left = left.slice(1);
      }
      if (random(3) === 0) await new Promise((resolve) => setTimeout(resolve, random(60)));
      if (random(8) === 0) {
        connection?.close();
        connection = null;
      }
    }
  } finally {
    connection?.close();
  }
}

function dial({ host, port }: World): Connection {
  return new Connection().connect(nodeNetwork, { kind: "ip", host, port });
}

/** Connects, again and again while there is trouble. */
async function opened(world: World): Promise<Connection> {
  for (;;) {
    const before = world.trouble();
    try {
      const connection = dial(world);
      await within(connection, connection.until(() => connection.isOpen));
      return connection;
    } catch (error) {
      if (before % 2 === 0 && world.trouble() === before) {
        world.faults.push(`connect: ${(error as Error).message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

interface Failure {
  readonly why: string;
  /** The connection broke; else the answer was another one. */
  readonly broken: boolean;
  /** How much of an answer had come. */
  readonly heard: number;
}

/** Sends all, and reads the answers. @returns how many were right, and why no more */
async function converse(
  connection: Connection,
  asks: readonly Ask[],
  world: World,
): Promise<{ done: number; failure: Failure | null }> {
  for (const { text, content } of asks) {
    connection.send(text);
    if (content !== null) connection.send(content);
  }
  for (let done = 0; done < asks.length; done++) {
    const before = connection.receivedCount;
    try {
      const message = await response(connection);
      if (status(message) !== 200) {
        const why = `status ${status(message)}`;
        return { done, failure: { why, broken: false, heard: 1 } };
      }
      if (message.content !== asks[done]!.expected) {
        // That is never excused.
        world.faults.push(`${asks[done]!.text.split("\r\n")[0]}: another content`);
      }
      world.answered++;
    } catch (error) {
      const heard = connection.receivedCount - before;
      return { done, failure: { why: (error as Error).message, broken: true, heard } };
    }
  }
  return { done: asks.length, failure: null };
}

const misdeeds = [
  "leaves",
  "resets",
  "reads slowly",
  "ends early",
  "idles",
  "talks nonsense",
] as const;

/** Comes, misbehaves, and comes again. */
export async function illBehaved(world: World, random: Random): Promise<void> {
  while (!world.over()) {
    const misdeed = misdeeds[random(misdeeds.length)]!;
    const connection = dial(world);
    connection.onData = () => void (connection.received = "");
    const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    const over = connection.until(() => false);
    await connection.until(() => connection.isOpen);
    const { text, content } = ask(random, true);
    switch (misdeed) {
      case "leaves":
      case "resets":
        connection.send(text);
        if (content !== null) connection.send(content.subarray(0, random(content.length + 1)));
        await wait(random(30));
        break;
      case "reads slowly":
        connection.stall().send(text);
        if (content !== null) connection.send(content);
        for (let i = 0; i < 10; i++) {
          await wait(random(40));
          connection.read();
          await wait(0);
          connection.stall();
        }
        break;
      case "ends early":
        connection.send(text).fin();
        await Promise.race([over, wait(300)]);
        break;
      case "idles":
        if (random(2) === 0) connection.send(text.slice(0, random(text.length)));
        await Promise.race([over, wait(random(1500))]);
        break;
      case "talks nonsense":
        connection.send(contentOf(random(1000), random(3000)));
        await Promise.race([over, wait(random(100))]);
    }
    if (misdeed === "resets") connection.reset();
    else connection.close();
    await wait(0);
  }
}
