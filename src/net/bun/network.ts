/** The network on Bun (Linux). */
import { bunListener } from "./listener.ts";
import { adoptSocket, BunSocket } from "./socket.ts";
import { openDatagrams } from "../datagrams.ts";
import { connectTo } from "../linux/connect.ts";
import { type Network, SocketError } from "../socket.ts";

/** The network on Bun. */
export const bunNetwork: Network = {
  name: "bun",
  can: {
    sourceAddress: true,
    unix: true,
    abstract: true,
    inherited: true,
    ipv6Only: true,
    transparent: true,
    socketOptions: true,
  },

  connect(to, options, events) {
    if (to.kind === "fd") throw new SocketError("EINVAL", "fd@ is for listening only");
    const socket = new BunSocket(events, false);
    const fd = connectTo(to, options.source, options);
    if (typeof fd === "number") adoptSocket(fd, socket);
    else setTimeout(() => socket.broken(fd), 0);
    return socket;
  },

  listen: bunListener,
  openDatagrams,
};
