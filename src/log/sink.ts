/** From a message to every place that a proxy, or the process, logs to (manual: "log"). */
import type { LogTarget } from "../config/model.ts";
import { showEndpoint } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import {
  createHeader,
  type Header,
  type Level,
  type Originator,
  textLimit,
  wanted,
} from "./frame.ts";
import { createQueue, type LineQueue } from "./queue.ts";
import type { OpenTransport } from "./transport.ts";

/** Where a proxy, or the process, logs to. */
export interface LogSink {
  /** Whether any target takes this level: if not, the message need not be made. */
  wants(level: Level): boolean;
  /**
   * Logs a message; never throws, never blocks.
   * @param message one line, without newline and control characters (see format/escape.ts)
   * @param wallMs when, in ms since 1970
   * @param data structured data, for targets whose format has it (RFC 5424, section 6.3)
   */
  write(level: Level, message: string, wallMs: number, data?: string): void;
  /** Hands over now what would leave at the end of this turn of the event loop. */
  flush(): void;
  /** Hands over what can be within a second, and closes what no other sink uses. Idempotent. */
  close(): void;
  /** Lines that were dropped at these targets since the start, by whatever sink. */
  readonly dropped: number;
}

/** What sinks need from outside. */
export interface LogDeps {
  readonly open: OpenTransport;
  readonly clock: Clock;
  readonly originator: Originator;
  /** Calls back at the end of this turn of the event loop; by default setImmediate. */
  readonly defer?: (callback: () => void) => void;
  /** Called with a line for stderr when a target cannot be logged to, once until it works again. */
  readonly onFailure: (text: string) => void;
}

/** The outputs that are open, one for each address, shared by all sinks of the process. */
export interface LogOutputs {
  readonly originator: Originator;
  /** @returns the queue of the target's address, to be released by the caller */
  acquire(target: LogTarget): LineQueue;
  release(target: LogTarget): void;
}

function addressOf({ target }: LogTarget): string {
  if (target.kind === "ring") return `ring@${target.name}`;
  if (target.kind === "tcp") return `tcp@${showEndpoint({ ...target, kind: "ip" })}`;
  if (target.kind === "udp") return showEndpoint({ ...target, kind: "ip" });
  return target.kind === "unix" || target.kind === "abstract" ? showEndpoint(target) : target.kind;
}

/** Makes the set of outputs of a process. */
export function createLogOutputs(deps: LogDeps): LogOutputs {
  const { clock, originator, onFailure, defer = (callback) => void setImmediate(callback) } = deps;
  const outputs = new Map<string, { queue: LineQueue; users: number }>();

  function open(target: LogTarget, address: string): LineQueue {
    const header = createHeader(target, originator);
    return createQueue({
      transport: deps.open(target.target),
      clock,
      defer,
      dropLine: (count) =>
        `${header("warning", clock.wall())}${count} log line${count === 1 ? "" : "s"} dropped`,
      dropLimit: textLimit(target),
      onFailure: (reason) => onFailure(`cannot log to ${address}: ${reason}`),
    });
  }

  return {
    originator,
    acquire(target) {
      const address = addressOf(target);
      let output = outputs.get(address);
      if (output === undefined) {
        output = { queue: open(target, address), users: 0 };
        outputs.set(address, output);
      }
      output.users++;
      return output.queue;
    },
    release(target) {
      const address = addressOf(target);
      const output = outputs.get(address);
      if (output !== undefined && --output.users === 0) {
        outputs.delete(address);
        output.queue.close();
      }
    },
  };
}

/** A target with what was worked out for it. */
interface Destination {
  readonly target: LogTarget;
  readonly header: Header;
  readonly limit: number;
  readonly queue: LineQueue;
  /** Whether the next line is one of those that are sent; null: all are. */
  readonly sent: (() => boolean) | null;
}

/** Chooses lines: see {@linkcode LogTarget.sample}. */
function sampler({ numbers, of }: NonNullable<LogTarget["sample"]>): () => boolean {
  let number = 0;
  return () => {
    number = number % of + 1;
    return numbers.includes(number);
  };
}

/**
 * Opens the sink that writes to all of `targets`; each gets a message at most once per mention.
 * @param tag of its lines; null: the process's
 */
export function openLogSinks(
  targets: readonly LogTarget[],
  outputs: LogOutputs,
  tag: string | null = null,
): LogSink {
  const originator = tag === null ? outputs.originator : { ...outputs.originator, tag };
  const destinations: readonly Destination[] = targets.map((target) => ({
    target,
    header: createHeader(target, originator),
    limit: textLimit(target),
    queue: outputs.acquire(target),
    sent: target.sample === undefined ? null : sampler(target.sample),
  }));
  const queues = new Set(destinations.map((destination) => destination.queue));
  let open = true;
  return {
    wants: (level) => targets.some((target) => wanted(target, level)),
    write(level, message, wallMs, data) {
      for (let i = 0; i < destinations.length; i++) {
        const destination = destinations[i]!;
        if (
          wanted(destination.target, level) &&
          (destination.sent === null || destination.sent())
        ) {
          destination.queue.put(
            destination.header(level, wallMs, data) + message,
            destination.limit,
          );
        }
      }
    },
    flush() {
      for (const queue of queues) queue.flush();
    },
    close() {
      if (!open) return;
      open = false;
      for (const destination of destinations) outputs.release(destination.target);
    },
    get dropped() {
      let sum = 0;
      for (const queue of queues) sum += queue.dropped;
      return sum;
    },
  };
}
