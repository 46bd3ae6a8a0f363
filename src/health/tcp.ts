/** The check of layer 4: a server that takes a connection is up (manual: "check"). */
import type { Network } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import { type Probe, startProbe, type Target } from "./probe.ts";

/** A check that connects, and says nothing. */
export function tcpProbe(network: Network, clock: Clock, target: Target): Probe {
  return (done) => startProbe(network, clock, target, null, done);
}
