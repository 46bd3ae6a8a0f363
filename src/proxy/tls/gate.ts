/** How many connections with TLS begin in a second (manual: "maxsslrate"). */
import type { Socket } from "../../net/socket.ts";
import { RateLimit } from "../../shared/rate-limit.ts";
import type { Runtime } from "../runtime.ts";

/** The place of the limit among those that operators may change. */
const TLS = 2;

/** Lets connections begin their handshakes. All threads make it alike: it lies in their memory. */
export class TlsGate {
  readonly #rate: RateLimit;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#rate = new RateLimit(runtime.memory, () => runtime.rateLimits[TLS]! || Infinity);
  }

  /** A connection that is too many waits: what its client has sent stays in the kernel until then. */
  enter(socket: Socket): void {
    if (this.#runtime.rateLimits[TLS] === 0) return;
    const { clock } = this.#runtime;
    const now = clock.wall();
    if (!this.#rate.isReached(now)) return this.#rate.count(now);
    socket.pause();
    const again = () => {
      const now = clock.wall();
      if (this.#rate.isReached(now)) {
        clock.schedule(this.#rate.wait(now), again);
      } else {
        this.#rate.count(now);
        socket.resume();
      }
    };
    clock.schedule(this.#rate.wait(now), again);
  }
}
