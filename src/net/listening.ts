/** What every listener has in common: when it accepts, and which of its calls still do something. */
import type { Endpoint, Listener } from "./socket.ts";

/** How an adapter does what a {@linkcode Listener} must do. */
export interface ListenerVerbs {
  /** Accepts from now on; not called again before {@linkcode end}. */
  begin(): void;
  /** Accepts no more. */
  end(): void;
  /** Gives up the address. */
  release(): void;
  /** Takes it back, after {@linkcode release}. @throws {SocketError} EADDRINUSE */
  reclaim(): void;
  /** See {@linkcode Listener.drain}; called while it listens. Without it, that cannot be. */
  drain?(): boolean;
  /** Ends for good. @param released whether the address has been given up before */
  close(released: boolean): void;
}

/**
 * A listener with these verbs.
 * @param paused whether it waits for resume() before it accepts
 * @throws {unknown} what the first {@linkcode ListenerVerbs.begin} throws
 */
export function listenerWith(endpoint: Endpoint, verbs: ListenerVerbs, paused = false): Listener {
  let accepts = false;
  let released = false;
  let closed = false;

  function update(): void {
    const should = !paused && !released && !closed;
    if (should === accepts) return;
    accepts = should;
    if (should) verbs.begin();
    else verbs.end();
  }

  update();
  return {
    endpoint,
    pause() {
      paused = true;
      update();
    },
    resume() {
      paused = false;
      update();
    },
    release() {
      if (released || closed) return;
      released = true;
      update();
      verbs.release();
    },
    reclaim() {
      if (!released || closed) return;
      verbs.reclaim();
      released = false;
      update();
    },
    drain: () => !released && !closed && (verbs.drain?.() ?? false),
    close() {
      if (closed) return;
      closed = true;
      update();
      verbs.close(released);
    },
  };
}
