/** The adapter of the runtime that runs the tests. */
import type { EpollLoop } from "#src/net/epoll/loop.ts";
import type { Network } from "#src/net/socket.ts";
import { addressSuite } from "./address_suite.ts";
import { type OnFault, onFault } from "#src/net/faults.ts";
import { connectionSuite } from "./connection_suite.ts";
import { faultSuite } from "./fault_suite.ts";
import { listenerSuite } from "./listener_suite.ts";
import { createLoop, listeningDescriptor, nativeNetwork, pump } from "./native.ts";
import { networkSuite } from "./network_suite.ts";
import type { NetworkSubject } from "./scene.ts";
import { spliceSuite } from "./splice_suite.ts";

/** Every case, on an adapter of this runtime. */
function allSuites(subject: NetworkSubject): void {
  connectionSuite(subject);
  networkSuite(subject);
  listenerSuite(subject);
  addressSuite(subject);
  // These are other sockets, on Deno: its own know neither.
  connectionSuite({
    ...subject,
    name: `${subject.name}, source address and inherited listener`,
    network: sourceAndInherited(subject.network),
    resets: true,
  });
}

if (nativeNetwork !== undefined) {
  const { name } = nativeNetwork;
  const subject: NetworkSubject = {
    name,
    network: nativeNetwork,
    resets: true,
    // Deno tells nothing of a connection that is not being read.
    asksKernel: name !== "deno",
    arrivals: name !== "deno" ? "all" : "ip",
    descriptors: true,
    endsAtOnce: name !== "deno",
    inherit: listeningDescriptor,
  };
  allSuites(subject);
  faultSuite(subject, onFault, false);
  const other = `${name}, source address and inherited listener`;
  faultSuite(
    { ...subject, name: other, network: sourceAndInherited(nativeNetwork) },
    onFault,
    false,
  );
}

/** A network on a loop of our own, which the runtime's turns. */
function subjectOf(name: string, loop: EpollLoop): NetworkSubject {
  return {
    name,
    network: loop.network,
    resets: true,
    asksKernel: true,
    arrivals: "all",
    descriptors: true,
    endsAtOnce: true,
    inherit: listeningDescriptor,
    pump: () => pump(loop),
  };
}

if (createLoop !== undefined) {
  let seen: OnFault | null = null;
  const options = { splice: true, onFault: (error: unknown) => seen?.(error) };
  const subject = subjectOf("epoll", createLoop(options));
  allSuites(subject);
  faultSuite(subject, (hear) => seen = hear, true);
  spliceSuite(subject);
  spliceSuite(subjectOf("epoll without pipes", createLoop({ splice: true, maxPipes: 0 })));
}

/** Connects from a source address only, and listens on inherited descriptors only. */
function sourceAndInherited(network: Network): Network {
  return {
    ...network,
    connect: (to, _, events) =>
      network.connect(to, { source: { host: "127.0.0.1", port: 0 } }, events),
    listen(_, options, accept) {
      const inherited = listeningDescriptor();
      let closed = false;
      const listener = network.listen({ kind: "fd", fd: inherited.fd }, options, accept);
      return {
        ...listener,
        endpoint: { kind: "ip", host: "127.0.0.1", port: inherited.port },
        close() {
          listener.close();
          if (!closed) inherited.close();
          closed = true;
        },
      };
    },
  };
}
