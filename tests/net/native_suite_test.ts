/** The adapter of the runtime that runs the tests. */
import type { Network } from "#src/net/socket.ts";
import { addressSuite } from "./address_suite.ts";
import { connectionSuite } from "./connection_suite.ts";
import { listenerSuite } from "./listener_suite.ts";
import { listeningDescriptor, nativeNetwork } from "./native.ts";
import { networkSuite } from "./network_suite.ts";

if (nativeNetwork !== undefined) {
  const { name } = nativeNetwork;
  const subject = {
    name,
    network: nativeNetwork,
    // Deno neither sends a reset nor tells anything of a connection that is not being read.
    resets: name !== "deno",
    asksKernel: name !== "deno",
    descriptors: true,
    endsAtOnce: name !== "deno",
    inherit: listeningDescriptor,
  };
  connectionSuite(subject);
  networkSuite(subject);
  listenerSuite(subject);
  addressSuite(subject);
  // These are other sockets, on Deno: its own know neither.
  connectionSuite({
    ...subject,
    name: `${name}, source address and inherited listener`,
    network: sourceAndInherited(nativeNetwork),
    resets: true,
  });
}

/** Connects from a source address only, and listens on inherited descriptors only. */
function sourceAndInherited(network: Network): Network {
  return {
    ...network,
    connect: (to, _, events) =>
      network.connect(to, { source: { host: "127.0.0.1", port: 0 } }, events),
    listen(_, options, accept) {
      const inherited = listeningDescriptor();
      const listener = network.listen({ kind: "fd", fd: inherited.fd }, options, accept);
      return {
        ...listener,
        endpoint: { kind: "ip", host: "127.0.0.1", port: inherited.port },
        close() {
          listener.close();
          inherited.close();
        },
      };
    },
  };
}
