/** The suite of connected sockets, with TLS in every connection. */
import { createContext, plainOptions } from "#src/net/tls/context.ts";
import { whyNoOpenSsl } from "#src/net/tls/openssl.ts";
import type { Network } from "#src/net/socket.ts";
import { createPki, hasOpenssl } from "../tls/pki.ts";
import { connectionSuite } from "./connection_suite.ts";
import { createLoop, nativeNetwork, pump } from "./native.ts";
import { choiceOf, tlsNetwork } from "./tls.ts";

if (hasOpenssl && whyNoOpenSsl() === null) {
  const pki = createPki();
  const pem = pki.make("a", ["a.test"]);
  const choice = choiceOf(pem);
  const client = createContext({ ...plainOptions, role: "client" }, true);
  pki.remove();
  const withTls = (network: Network) => tlsNetwork(network, choice, client);
  if (nativeNetwork !== undefined) {
    const { name } = nativeNetwork;
    connectionSuite({
      name: `${name} with TLS`,
      network: withTls(nativeNetwork),
      resets: true,
      asksKernel: name !== "deno",
      arrivals: name !== "deno" ? "all" : "ip",
    });
  }
  if (createLoop !== undefined) {
    const loop = createLoop({ splice: false });
    connectionSuite({
      name: "epoll with TLS",
      network: withTls(loop.network),
      resets: true,
      asksKernel: true,
      arrivals: "all",
      pump: () => pump(loop),
    });
  }
}
