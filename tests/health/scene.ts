/** A clock, a network and a server to check, all inside the test. */
import { constantExpressions } from "#src/health/expressions.ts";
import { type Check, type CheckJob, type CheckRuntime, probeOf } from "#src/health/kinds.ts";
import type { CheckResult } from "#src/health/result.ts";
import type { Probe, Target } from "#src/health/probe.ts";
import type { Network } from "#src/net/socket.ts";
import type { Clock } from "#src/time/clock.ts";
import { memoryNetwork, type MemoryOptions } from "#src/simulate/network.ts";
import { Server } from "#src/simulate/server.ts";
import type { Socket, SocketErrorCode } from "#src/net/socket.ts";
import { virtualClock } from "#src/time/clock.ts";
import { latin1 } from "../latin1.ts";

export const endpoint = { kind: "ip", host: "192.168.1.11", port: 80 } as const;
export const target: Target = {
  endpoint,
  options: {},
  proxyHeader: null,
  proxyVersion: "v1",
  timeouts: { connect: 2000, answer: null },
};

/** How much of what a server sends is kept, in bytes. */
export const bufferSize = 15_360;

/** What a check runs on, in a scene. */
export function runtimeIn({ network, clock }: { network: Network; clock: Clock }): CheckRuntime {
  return { network, clock, random: () => 0.5, bufferSize, expressions: constantExpressions };
}

/** A job without rules. */
export const plainJob: Omit<CheckJob, "target"> = {
  tcpRules: [],
  httpRules: [],
  state: null,
  mayStop: () => false,
  program: () => () => {},
};

/** A check of `to`. */
export function probing(
  on: { network: Network; clock: Clock },
  check: Check,
  to: Target = target,
  job: Partial<CheckJob> = {},
): Probe {
  return probeOf(check, { ...plainJob, target: () => to, ...job }, runtimeIn(on));
}

/** What a server does with a check's connection. */
export interface Behaviour {
  accepted?(socket: Socket): void;
  /** Called with all that has come so far, each time something comes. */
  received?(socket: Socket, request: string): void;
  /** The connection has ended by the check: by "FIN", or for this error. */
  over?(how: "FIN" | SocketErrorCode): void;
}

/** A server that answers each request with `parts`, `pause` ms apart, and then closes. */
export function answering(scene: Scene, parts: readonly string[], pause = 0): Behaviour {
  return {
    received(socket, request) {
      if (!request.endsWith("\r\n\r\n")) return;
      parts.forEach((part, i) => scene.clock.schedule(i * pause, () => send(socket, part)));
      scene.clock.schedule(parts.length * pause, () => socket.close());
    },
  };
}

export function send(socket: Socket, part: string): void {
  socket.write(latin1(part), 0, part.length);
}

export type Scene = ReturnType<typeof scene>;

export function scene(options: MemoryOptions = {}) {
  const clock = virtualClock();
  const network = memoryNetwork(options);
  /** When connections came, ms, and from where. */
  const visits: { at: number; from: string }[] = [];
  const requests: string[] = [];

  /** Starts the server. @returns what stops it */
  function serve(behaviour: Behaviour): { close(): void } {
    const server = new Server(network, endpoint, (connection) => {
      const { socket } = connection;
      visits.push({ at: clock.now(), from: socket.remoteAddress });
      const index = requests.push("") - 1;
      behaviour.accepted?.(socket);
      connection.onData = () => {
        requests[index] = connection.received;
        behaviour.received?.(socket, connection.received);
      };
      connection.onEnd = () => {
        behaviour.over?.("FIN");
        connection.close();
      };
      const { onGone } = connection;
      connection.onGone = () => {
        onGone(connection);
        if (connection.broke !== null) behaviour.over?.(connection.broke);
      };
    });
    server.listen();
    return { close: () => server.stop() };
  }

  /** Moves time on by `ms`, one at a time, each with all of its traffic. */
  function advance(ms: number): void {
    clock.advance(0);
    network.run();
    for (let i = 0; i < ms; i++) {
      clock.advance(1);
      network.run();
    }
  }

  /** The results of one check within `ms`. */
  function check(probe: Probe, ms: number): CheckResult[] {
    const results: CheckResult[] = [];
    probe((result) => results.push(result));
    advance(ms);
    return results;
  }

  return { clock, network, visits, requests, serve, advance, check };
}
