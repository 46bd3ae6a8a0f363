/**
 * The lifecycle of the proxies of an instance: pause, resume, soft-stop (management
 * manual, "Stopping and restarting HAProxy").
 */
import { STOPPING } from "./workers.ts";
import type { Frontend } from "./frontend.ts";
import type { RunningProxy } from "./report.ts";
import type { Runtime } from "./runtime.ts";

/** What it acts on. */
export interface LifecycleOptions {
  readonly proxies: readonly RunningProxy[];
  readonly runtime: Runtime;
  /** How long a soft-stop may take, ms; null: as long as sessions last. */
  readonly hardStopAfter: number | null;
  /** Called with a line for people about what happens to a whole proxy. */
  readonly announce: (line: string) => void;
  /** Ends all that is left, when the soft-stop has taken too long. */
  readonly end: () => void;
}

/** See {@linkcode Instance}, whose methods these are. */
export interface Lifecycle {
  pause(): void;
  resume(): void;
  pauseProxy(name: string): void;
  resumeProxy(name: string): void;
  finish(): Promise<void>;
  /** What a frontend does. */
  stateOf(frontend: Frontend): "open" | "paused" | "stopped";
  /** Stops one proxy for good, as a soft-stop does. */
  stopOne(frontend: Frontend): void;
  /** A session has ended: perhaps the last one. */
  sessionEnded(): void;
  /** The instance has ended: so does waiting for that. */
  ended(): void;
}

/** What the listeners of a proxy do; "closing": no thread will accept from them soon. */
type State = "listening" | "paused" | "closing" | "closed";

/**
 * How long connections that are being made may take before a listener closes, ms: the way to a
 * client of this site and back. A client whose SYN comes in that time sends it again after a
 * second, and is refused then.
 */
const handshakeTime = 5;

/** Creates the lifecycle of proxies that listen. */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { proxies, runtime } = options;
  const states = new Map<Frontend, State>();
  for (const { frontend } of proxies) if (frontend !== null) states.set(frontend, "listening");
  /** Cancel what is scheduled: the end of each grace time, and of the soft-stop. */
  const pending: (() => void)[] = [];
  let finished: Promise<void> | null = null;
  let resolve = () => {};
  let over = false;

  function note({ config }: Pick<RunningProxy, "config">, line: string): void {
    runtime.log.event(config, "warning", line);
    options.announce(line);
  }

  function pause(frontend: Frontend): void {
    if (states.get(frontend) !== "listening") return;
    states.set(frontend, "paused");
    for (const listener of frontend.listeners) listener.release();
    note(frontend, `Paused ${named(frontend)}.`);
  }

  function resume(frontend: Frontend): void {
    if (states.get(frontend) !== "paused") return;
    try {
      for (const listener of frontend.listeners) listener.reclaim();
    } catch (error) {
      // All of its ports or none, so that the next attempt finds it as this one did.
      for (const listener of frontend.listeners) listener.release();
      note(frontend, `Cannot resume ${named(frontend)}: ${(error as Error).message}.`);
      throw error;
    }
    states.set(frontend, "listening");
    note(frontend, `Resumed ${named(frontend)}.`);
  }

  function listening(name: string): Frontend {
    for (const frontend of states.keys()) if (frontend.config.name === name) return frontend;
    throw new Error(`no proxy that listens is named '${name}'`);
  }

  /** Turns new connections to this proxy away, and then closes it. */
  function stopProxy(proxy: RunningProxy): void {
    const { connections, listeners = [] } = proxy.frontend ?? {};
    // A proxy without connections is unlikely to have one in the making.
    const drained = (connections?.value ?? 0) === 0
      ? []
      : listeners.filter((listener) => listener.drain());
    if (drained.length > 0) pending.push(runtime.clock.schedule(handshakeTime, () => close(proxy)));
    else close(proxy);
  }

  function close(proxy: RunningProxy): void {
    const { frontend } = proxy;
    if (frontend === null) return closed(proxy);
    states.set(frontend, "closing");
    for (const listener of frontend.listeners) listener.close();
    runtime.workers.whenDone(() => closed(proxy));
  }

  /** From here on the proxy gets no new connections, and its sessions finish. */
  function closed(proxy: RunningProxy): void {
    if (over) return;
    const { frontend, backend, config } = proxy;
    if (frontend !== null) {
      states.set(frontend, "closed");
      runtime.workers.broadcast(STOPPING, frontend.index);
    }
    note(
      proxy,
      `Proxy ${config.name} stopped ` +
        `(cumulated conns: FE: ${frontend?.total.value ?? 0}, BE: ${backend?.total.value ?? 0}).`,
    );
    sessionEnded();
  }

  function hardStop(): void {
    options.announce("soft-stop running for too long, performing a hard-stop.");
    for (const { frontend } of proxies) {
      if (frontend === null || frontend.connections.value === 0) continue;
      const { config, connections } = frontend;
      note(
        frontend,
        `Proxy ${config.name} hard-stopped (${connections.value} conns will be closed).`,
      );
    }
    options.end();
  }

  function sessionEnded(): void {
    if (finished === null || runtime.connections.value > 0 || runtime.held.value > 0) return;
    for (const state of states.values()) if (state !== "closed") return;
    ended();
  }

  function ended(): void {
    over = true;
    for (const cancel of pending.splice(0)) cancel();
    finished ??= Promise.resolve();
    resolve();
  }

  return {
    pause() {
      for (const frontend of states.keys()) pause(frontend);
    },
    resume() {
      let failure: unknown = null;
      for (const frontend of states.keys()) {
        try {
          resume(frontend);
        } catch (error) {
          failure ??= error;
        }
      }
      if (failure !== null) throw failure;
    },
    pauseProxy: (name) => pause(listening(name)),
    resumeProxy: (name) => resume(listening(name)),
    finish() {
      if (finished !== null) return finished;
      finished = new Promise<void>((done) => resolve = done);
      if (options.hardStopAfter !== null) {
        pending.push(runtime.clock.schedule(options.hardStopAfter, hardStop));
      }
      for (const proxy of proxies) {
        const grace = Math.max(proxy.config.grace, runtime.global.grace);
        if (grace === 0 || proxy.frontend === null) stopProxy(proxy);
        else pending.push(runtime.clock.schedule(grace, () => stopProxy(proxy)));
      }
      return finished;
    },
    stateOf(frontend) {
      const state = states.get(frontend);
      return state === "paused" ? "paused" : state === "listening" ? "open" : "stopped";
    },
    stopOne(frontend) {
      const proxy = proxies.find((each) => each.frontend === frontend);
      if (proxy !== undefined) stopProxy(proxy);
    },
    sessionEnded,
    ended,
  };
}

/** A `listen` section is called a proxy. */
function named({ config }: Frontend): string {
  return `${config.kind === "listen" ? "proxy" : "frontend"} ${config.name}`;
}
