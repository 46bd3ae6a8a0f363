/** What a configuration says of its sockets, as the network takes it. */
import type { Bind, Global, Proxy, Server } from "../config/model.ts";
import type { FileOwner, ListenOptions } from "../net/socket.ts";
import type { SocketOptions } from "../net/socket-options.ts";

/** Requests that may wait with their SYN (TCP_FASTOPEN), where the queue is of no other length. */
const fastOpenQueue = 4096;

type Draft = { -readonly [K in keyof SocketOptions]: SocketOptions[K] };

/** Seconds, as the kernel takes them, from ms. */
const seconds = (ms: number): number => Math.max(1, Math.round(ms / 1000));

/** Those that are set; null: none is. */
function given(options: Draft): SocketOptions | null {
  return Object.keys(options).length === 0 ? null : options;
}

/** Of the listening sockets of a frontend: accepted ones have the same. */
export function listenerSocket(proxy: Proxy, bind: Bind, global: Global): SocketOptions | null {
  const options: Draft = {};
  if (proxy.tcpka || proxy.clitcpka) options.keepAlive = true;
  if (proxy.clitcpkaCnt !== null) options.keepAliveCount = proxy.clitcpkaCnt;
  if (proxy.clitcpkaIdle !== null) options.keepAliveIdle = seconds(proxy.clitcpkaIdle);
  if (proxy.clitcpkaIntvl !== null) options.keepAliveInterval = seconds(proxy.clitcpkaIntvl);
  if (proxy.tcpSmartAccept) options.quickAck = false;
  if (proxy.nolinger) options.noLinger = true;
  if (global.tuneRcvbufClient !== null) options.receiveBuffer = global.tuneRcvbufClient;
  if (global.tuneSndbufClient !== null) options.sendBuffer = global.tuneSndbufClient;
  if (global.tuneNotsentLowatClient !== null) {
    options.notSentLowWater = global.tuneNotsentLowatClient;
  }
  if (bind.interface !== null) options.interface = bind.interface;
  if (bind.tfo) options.fastOpen = bind.backlog ?? proxy.backlog ?? fastOpenQueue;
  if (bind.deferAccept) options.deferAccept = 1;
  if (bind.mss !== null) options.maxSegment = bind.mss;
  if (bind.tcpUt !== null) options.userTimeout = bind.tcpUt;
  if (bind.cc !== null) options.congestion = bind.cc;
  return given(options);
}

/** Of the connections to a server. */
export function serverSocket(proxy: Proxy, server: Server, global: Global): SocketOptions | null {
  const options: Draft = {};
  if (proxy.tcpka || proxy.srvtcpka) options.keepAlive = true;
  if (proxy.srvtcpkaCnt !== null) options.keepAliveCount = proxy.srvtcpkaCnt;
  if (proxy.srvtcpkaIdle !== null) options.keepAliveIdle = seconds(proxy.srvtcpkaIdle);
  if (proxy.srvtcpkaIntvl !== null) options.keepAliveInterval = seconds(proxy.srvtcpkaIntvl);
  if (proxy.tcpSmartConnect) options.quickAck = false;
  if (proxy.nolinger) options.noLinger = true;
  if (global.tuneRcvbufServer !== null) options.receiveBuffer = global.tuneRcvbufServer;
  if (global.tuneSndbufServer !== null) options.sendBuffer = global.tuneSndbufServer;
  if (global.tuneNotsentLowatServer !== null) {
    options.notSentLowWater = global.tuneNotsentLowatServer;
  }
  const device = server.interface ?? (server.source ?? proxy.source)?.interface;
  if (device !== undefined) options.interface = device;
  if (server.tcpUt !== null) options.userTimeout = server.tcpUt;
  if (server.tfo) options.fastOpenConnect = true;
  if (server.cc !== null) options.congestion = server.cc;
  return given(options);
}

/** What else a listener is asked for by its `bind` line. */
export function listenerPlace(
  { namespace, user, group, mode }: Bind,
): Pick<ListenOptions, "namespace" | "file"> {
  const file: FileOwner = {
    ...(mode === null ? {} : { mode }),
    // Names have become numbers before: see process/accounts.ts.
    ...(typeof user === "number" ? { uid: user } : {}),
    ...(typeof group === "number" ? { gid: group } : {}),
  };
  return {
    ...(namespace === null ? {} : { namespace }),
    ...(Object.keys(file).length === 0 ? {} : { file }),
  };
}
