/** A DNS server on the wire, over UDP and TCP on one port, that knows what a test lets it know. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { respond, type ResponseOptions, type Zone } from "./zone.ts";

/** See above. */
export interface DnsServer {
  readonly zone: Zone;
  readonly port: number;
  /** Queries so far. */
  readonly asked: { udp: number; tcp: number };
  stop(): Promise<void>;
}

/** Starts one. @param options how it responds over UDP */
export async function startDns(
  host: string,
  zone: Zone,
  options: ResponseOptions = {},
): Promise<DnsServer> {
  const asked = { udp: 0, tcp: 0 };
  const connections = new Set<Socket>();
  const tcp = createServer((socket) => {
    connections.add(socket);
    let input = new Uint8Array(0);
    socket.on("error", () => {});
    socket.on("close", () => connections.delete(socket));
    socket.on("data", (bytes: Uint8Array) => {
      input = Uint8Array.from([...input, ...bytes]);
      while (input.length >= 2 && input.length >= 2 + (input[0]! << 8 | input[1]!)) {
        const end = 2 + (input[0]! << 8 | input[1]!);
        asked.tcp++;
        const response = respond(zone, input.slice(2, end));
        input = input.slice(end);
        if (response === null) continue;
        socket.write(Uint8Array.from([response.length >> 8, response.length & 255, ...response]));
      }
    });
  });
  tcp.listen(0, host);
  await once(tcp, "listening");
  const { port } = tcp.address() as { port: number };
  const udp = createSocket("udp4");
  udp.on("message", (bytes: Uint8Array, from) => {
    asked.udp++;
    const response = respond(zone, Uint8Array.from(bytes), options);
    if (response !== null) udp.send(response, from.port, from.address);
  });
  udp.bind(port, host);
  await once(udp, "listening");
  return {
    zone,
    port,
    asked,
    async stop() {
      udp.close();
      for (const connection of connections) connection.destroy();
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
    },
  };
}
