/** Ways to name servers over a network: UDP, with TCP for what is too long for it; or TCP alone. */
import type { ConnectOptions, Endpoint, Network } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import { idOf } from "./message.ts";
import type { NameserverTransport, OpenNameserver } from "./nameserver.ts";
import { DnsStream } from "./stream.ts";

/** Where a name server is. */
export interface NameserverAddress {
  readonly transport: "udp" | "tcp";
  /** An IP address. */
  readonly host: string;
  readonly port: number;
  /** The local address of connections; null, or not there: any. */
  readonly source?: { readonly host: string } | null;
}

/** Opens ways to name servers over a network. */
export function nameserversOver(
  network: Pick<Network, "connect" | "openDatagrams">,
  clock: Clock,
): OpenNameserver<NameserverAddress> {
  return ({ transport, host, port, source = null }, receive) => {
    const to = { kind: "ip", host, port } as const;
    // Any port: what was closed a moment ago may still have the other one.
    const options = source === null ? {} : { source: { host: source.host, port: 0 } };
    return transport === "udp" && network.openDatagrams !== undefined
      ? overDatagrams(network, clock, to, receive)
      : overStream(network, clock, to, options, receive);
  };
}

function overDatagrams(
  network: Pick<Network, "connect" | "openDatagrams">,
  clock: Clock,
  to: Extract<Endpoint, { kind: "ip" }>,
  receive: (message: Uint8Array) => void,
): NameserverTransport {
  const socket = network.openDatagrams!(to, receive);
  /** Who waits for what was asked again, by the number of the query. */
  const waiting = new Map<number, () => void>();
  const answered = (message: Uint8Array) => {
    waiting.delete(idOf(message));
    receive(message);
  };
  const stream = new DnsStream(network, clock, to, {}, answered, () => {
    const lost = [...waiting.values()];
    waiting.clear();
    for (const failed of lost) failed();
  });
  return {
    send: (query) => socket.send(query),
    sendAgain(query, failed) {
      if (stream.send(query)) waiting.set(idOf(query), failed);
      else failed();
    },
    close() {
      socket.close();
      stream.close();
    },
  };
}

function overStream(
  network: Pick<Network, "connect">,
  clock: Clock,
  to: Endpoint,
  options: ConnectOptions,
  receive: (message: Uint8Array) => void,
): NameserverTransport {
  const stream = new DnsStream(network, clock, to, options, receive, () => {});
  return {
    send: (query) => stream.send(query),
    sendAgain: null,
    close: () => stream.close(),
  };
}
