/**
 * Logs of the workers. They write their lines themselves, except to a syslog server that is
 * configured by name: resolving a name takes the runtime's event loop, which only the main thread
 * has. Those lines are forwarded to it.
 */
import type { Configuration, LogTarget } from "../config/model.ts";
import type { LineQueue } from "../log/queue.ts";
import type { LogOutputs } from "../log/sink.ts";
import type { OpenTransport, Transport } from "../log/transport.ts";
import { isIp } from "../net/ip/address.ts";
import type { Lock } from "../shared/lock.ts";
import { openTransport } from "../log/open-transport.ts";
import type { WorkerReport } from "./shared-state.ts";

/** The targets of a configuration that only the main thread can write to, in a fixed order. */
function namedTargets({ global, proxies }: Configuration): LogTarget[] {
  return [global, ...proxies].flatMap(({ log }) => log).filter(({ target }) =>
    (target.kind === "udp" || target.kind === "tcp") && !isIp(target.host)
  );
}

/**
 * For a worker: opens any target of its configuration.
 * @param lock see {@linkcode openTransport}
 */
export function openTransportOf(
  configuration: Configuration,
  lock: Lock,
  report: (report: WorkerReport) => void,
): OpenTransport {
  const named = namedTargets(configuration).map(({ target }) => JSON.stringify(target));
  return (target) => {
    const index = named.indexOf(JSON.stringify(target));
    return index < 0 ? openTransport(target, lock) : byMain(index, report);
  };
}

function byMain(target: number, report: (report: WorkerReport) => void): Transport {
  const decoder = new TextDecoder();
  return {
    send(bytes, ends, from, to) {
      const lines: string[] = [];
      for (let line = from; line < to; line++) {
        const start = line === 0 ? 0 : ends[line - 1]!;
        // Without the newline, which is added again.
        lines.push(decoder.decode(bytes.subarray(start, ends[line]! - 1)));
      }
      report({ kind: "lines", target, lines });
      return to - from;
    },
    failure: "",
    wait() {},
    close() {},
  };
}

/** The threads have cut the lines to length already. */
const unlimited = 2 ** 16;

/** See {@linkcode openNamedTargets}. */
export interface NamedTargets {
  /** Writes lines for the target of this number. */
  write(target: number, lines: readonly string[]): void;
  /** Releases the outputs; lines that come after that are lost. */
  close(): void;
}

/** For the main thread: writes lines of the workers to outputs of its own. */
export function openNamedTargets(
  configuration: Configuration,
  outputs: LogOutputs,
): NamedTargets {
  const named = namedTargets(configuration);
  const queues = new Map<number, LineQueue>();
  let open = true;
  return {
    write(target, lines) {
      if (!open) return;
      const queue = queues.get(target) ?? outputs.acquire(named[target]!);
      queues.set(target, queue);
      for (const line of lines) queue.put(line, unlimited);
    },
    close() {
      open = false;
      for (const target of queues.keys()) outputs.release(named[target]!);
      queues.clear();
    },
  };
}
