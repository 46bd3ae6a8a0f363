/**
 * Servers that come back take their share little by little (manual, chapter 5.2: "slowstart"): the
 * main thread lets each have more of its weight and of its slots, second by second.
 */
import type { Server } from "./server.ts";

/** ms between two steps. */
const step = 1000;
const sixteenths = 16;

/** What ends the start of a server that is starting. */
const starting = new WeakMap<Server, () => void>();

/** A server has come up. */
export function beginSlowStart(server: Server): void {
  const { slowstart } = server.config;
  if (slowstart === null) return;
  endSlowStart(server);
  const { clock } = server.backend.runtime;
  const start = clock.now();
  // Whole seconds, as in HAProxy.
  const whole = Math.ceil(slowstart / 1000);
  const next = (): void => {
    const elapsed = Math.floor((clock.now() - start) / 1000);
    if (elapsed >= whole) {
      starting.delete(server);
      server.hold(sixteenths, 100);
    } else {
      const weight = Math.floor((sixteenths * elapsed + whole) / whole);
      server.hold(
        hasDynamicWeights(server.backend.config) ? weight : sixteenths,
        Math.max(1, 100 * elapsed / whole | 0),
      );
      starting.set(server, clock.schedule(step, next));
    }
    if (elapsed > 0) server.backend.stateChanged(server);
  };
  next();
}

/** A server has gone down, or all is over. */
export function endSlowStart(server: Server): void {
  starting.get(server)?.();
  if (starting.delete(server)) server.hold(sixteenths, 100);
}

/** Whether weights may change while the proxy runs, or are those of the start. */
export function hasDynamicWeights(
  { balance, hashType }: { readonly balance: string; readonly hashType: string },
): boolean {
  if (/^(roundrobin|leastconn|random)\b/.test(balance)) return true;
  return !/^(static-rr|first)\b/.test(balance) && hashType.startsWith("consistent");
}
