/** TLS over any network, for the suites of sockets. */
import { readFileSync } from "node:fs";
import { loadCertificate } from "#src/net/tls/certificate.ts";
import { clientSide } from "#src/net/tls/client.ts";
import { type ContextOptions, createContext, plainOptions } from "#src/net/tls/context.ts";
import { type ServerChoice, serverSide } from "#src/net/tls/server.ts";
import { TlsSocket } from "#src/net/tls/socket.ts";
import { type Network, noEvents } from "#src/net/socket.ts";

const later = (delay: number, callback: () => void) => {
  const timer = setTimeout(callback, delay);
  return () => clearTimeout(timer);
};

/** What a server needs, of a certificate in a file. */
export function choiceOf(pem: string, more: Partial<ContextOptions> = {}): ServerChoice {
  const options = { ...plainOptions, ...more };
  return {
    context: createContext(options, true),
    sessions: createContext(options, false),
    verify: options.verify,
    certificate: { ...loadCertificate(readFileSync(pem), null), ocsp: null },
    protocols: () => null,
    ignores: () => false,
    sni: null,
    firstRecords: 0,
    hello: null,
  };
}

/** Each connection of the network, with TLS in it; a server's is there when the handshake is done. */
export function tlsNetwork(network: Network, choice: ServerChoice, client: number): Network {
  const complete = (hello: Uint8Array) =>
    hello.length >= 5 && hello.length >= 5 + (hello[3]! << 8 | hello[4]!) ? choice : null;
  return {
    ...network,
    name: `${network.name} with TLS`,
    connect(to, options, events) {
      const setup = { sni: null, verifyName: null, sessions: null, preamble: null };
      const side = clientSide({ context: client, ...setup });
      return TlsSocket.connect(network, to, options, side, events, later);
    },
    listen: (at, options, accept) =>
      network.listen(at, options, (inner) =>
        TlsSocket.accept(inner, serverSide(complete), {
          ...noEvents,
          opened: (socket) => socket.events = accept(socket),
        }, later)),
  };
}
