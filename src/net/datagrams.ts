/** Datagrams over UDP, by what both runtimes have of node's (some 10 us each): for a few a second. */
import { createSocket } from "node:dgram";
import { formatIp, parseIp } from "./ip/address.ts";
import type { DatagramSocket, Endpoint } from "./socket.ts";

/**
 * Opens a socket for datagrams to and from an address. It is not connected: the kernel's word that
 * nobody listens there would come as an error of a later call, and helps nobody. Datagrams from
 * elsewhere are dropped here instead.
 */
export function openDatagrams(
  { host, port }: Extract<Endpoint, { kind: "ip" }>,
  receive: (bytes: Uint8Array) => void,
): DatagramSocket {
  const peer = plain(host);
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  let closed = false;
  socket.on("message", (bytes, from) => {
    if (!closed && from.port === port && plain(from.address) === peer) receive(bytes);
  });
  // A datagram that gets lost is asked for again; what else is there to do?
  socket.on("error", () => {});
  return {
    send(bytes) {
      if (closed) return false;
      try {
        socket.send(bytes, port, host, () => {});
        return true;
      } catch {
        return false;
      }
    },
    close() {
      if (closed) return;
      closed = true;
      try {
        socket.close();
      } catch {
        // It has never been bound.
      }
    },
  };
}

/**
 * Receives the datagrams that come to an address, until the function returned is called; each can be
 * answered. Where the address cannot be had, nothing comes.
 */
export function receiveDatagrams(
  { host, port }: Extract<Endpoint, { kind: "ip" }>,
  receive: (bytes: Uint8Array, answer: (bytes: Uint8Array) => void) => void,
): () => void {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("message", (bytes, from) => {
    receive(bytes, (answer) => socket.send(answer, from.port, from.address, () => {}));
  });
  socket.on("error", () => {});
  socket.bind(port, host);
  return () => socket.close();
}

/** An address in one spelling, without its zone. */
function plain(host: string): string {
  const bytes = parseIp(host.replace(/%.*/, ""));
  return bytes === null ? host : formatIp(bytes);
}
