/** Clients of a soak: those who behave, and judge what they get; and those who do not. */
import { connect } from "node:net";
import { contentOf, type Random, someLength } from "./random.ts";
import { openStream, type Stream } from "./stream.ts";

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
  readonly expected: Uint8Array;
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
      expected: Buffer.from(`got ${length}`),
    };
  }
  return {
    text: `GET /content/${which}/${length}/${how} HTTP/1.1\r\nHost: soak\r\n\r\n`,
    content: null,
    expected: contentOf(which, length),
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

/** A whole response. @throws {Error} if the connection ends before */
async function response(stream: Stream): Promise<{ status: number; content: Uint8Array }> {
  const head = await stream.head();
  const status = Number(head.split(" ")[1]);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return { status, content: await stream.bytes(Number(length)) };
  if (!/^transfer-encoding: *chunked/im.test(head)) {
    if (status === 200) throw new Error(`a response without a length: ${head}`);
    return { status, content: new Uint8Array(0) };
  }
  const parts: Uint8Array[] = [];
  for (;;) {
    const size = parseInt(await stream.line(), 16);
    if (size > 0) parts.push(Buffer.from(await stream.bytes(size)));
    await stream.line();
    if (size === 0) return { status, content: Buffer.concat(parts) };
  }
}

/** Asks one thing after the other, some at once; what it gets must be right, and it must get it. */
export async function wellBehaved(world: World, random: Random): Promise<void> {
  let stream: Stream | null = null;
  try {
    while (!world.over()) {
      const asks = random(4) === 0
        ? Array.from({ length: 2 + random(4) }, () => ask(random, false))
        : [ask(random, true)];
      for (let left = asks; left.length > 0;) {
        const used = stream !== null;
        const before = world.trouble();
        const { done, failure } = await converse(stream ??= await opened(world), left, world);
        left = left.slice(done);
        if (failure === null) continue;
        const unheard = failure.heard === 0;
        stream.close();
        stream = null;
        // A connection may be closed between two requests, at the moment of the second one (RFC 9112
        // section 9.5); and behind the answer to a request, at a soft-stop.
        if (failure.broken && unheard && (used || done > 0)) continue;
        if (before % 2 === 1 || world.trouble() !== before) world.excused++;
        else world.faults.push(`${left[0]!.text.split("\r\n")[0]}: ${failure.why}`);
        left = left.slice(1);
      }
      if (random(3) === 0) await new Promise((resolve) => setTimeout(resolve, random(60)));
      if (random(8) === 0) {
        stream?.close();
        stream = null;
      }
    }
  } finally {
    stream?.close();
  }
}

/** Connects, again and again while there is trouble. */
async function opened(world: World): Promise<Stream> {
  for (;;) {
    const before = world.trouble();
    try {
      return await openStream(world.host, world.port);
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
  stream: Stream,
  asks: readonly Ask[],
  world: World,
): Promise<{ done: number; failure: Failure | null }> {
  for (const { text, content } of asks) {
    stream.write(text);
    if (content !== null) stream.write(content);
  }
  for (let done = 0; done < asks.length; done++) {
    const before = stream.received;
    try {
      const { status, content } = await response(stream);
      if (status !== 200) {
        return { done, failure: { why: `status ${status}`, broken: false, heard: 1 } };
      }
      if (!Buffer.from(content).equals(asks[done]!.expected)) {
        // That is never excused.
        world.faults.push(`${asks[done]!.text.split("\r\n")[0]}: another content`);
      }
      world.answered++;
    } catch (error) {
      const heard = stream.received - before;
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
    const socket = connect({ host: world.host, port: world.port, allowHalfOpen: true });
    socket.on("error", () => {});
    const gone = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    await Promise.race([new Promise<void>((resolve) => socket.once("connect", resolve)), gone]);
    const { text, content } = ask(random, true);
    switch (misdeed) {
      case "leaves":
      case "resets":
        socket.resume();
        socket.write(text);
        if (content !== null) socket.write(content.subarray(0, random(content.length + 1)));
        await wait(random(30));
        break;
      case "reads slowly":
        socket.pause();
        socket.write(text);
        if (content !== null) socket.write(content);
        for (let i = 0; i < 10; i++) {
          await wait(random(40));
          socket.read(random(20_000));
        }
        break;
      case "ends early":
        socket.resume();
        socket.end(text);
        await Promise.race([gone, wait(300)]);
        break;
      case "idles":
        socket.resume();
        if (random(2) === 0) socket.write(text.slice(0, random(text.length)));
        await Promise.race([gone, wait(random(1500))]);
        break;
      case "talks nonsense":
        socket.resume();
        socket.write(contentOf(random(1000), random(3000)));
        await Promise.race([gone, wait(random(100))]);
    }
    if (misdeed === "resets") socket.resetAndDestroy();
    else socket.destroy();
    await gone;
  }
}
