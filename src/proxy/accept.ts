/** What becomes of a connection that a listener has accepted. */
import type { Bind } from "../config/model.ts";
import type { Addresses } from "../net/proxy-protocol/header.ts";
import type { Socket, SocketEvents } from "../net/socket.ts";
import type { BindMaterial } from "../tls/material.ts";
import { bindKey } from "../tls/material.ts";
import type { Admission, OnAdmitted } from "./admission.ts";
import type { Frontend } from "./frontend.ts";
import { HttpClientConnection } from "./http/client-connection.ts";
import type { HttpTransaction } from "./http/transaction.ts";
import { MonitorReplies, type OnAccept } from "./monitor-net.ts";
import { ProxyHeaderReader } from "./proxy-header.ts";
import type { SessionList } from "./session-list.ts";
import { logConnection } from "./session-log.ts";
import { TlsHandshake } from "./tls/handshake.ts";
import { createChooser } from "./tls/listener.ts";
import { TcpSession } from "./tcp/session.ts";

/** See {@linkcode createAcceptors}. */
export interface Acceptors {
  /**
   * What a listener does with its connections: a monitor is answered, the others are admitted, and
   * become sessions, after a PROXY header where one must come.
   * @param number the listener's in its frontend, from 1, as it is logged
   */
  acceptor(frontend: Frontend, bind: Bind, number: number): OnAccept;
  /** Closes the connections of monitors, which are no sessions. */
  close(): void;
}

/** Creates acceptors, which add their sessions to the list. */
export function createAcceptors(admission: Admission, sessions: SessionList): Acceptors {
  const monitors = new MonitorReplies();
  const freeTransactions: HttpTransaction[] = [];

  /** @param addresses the client's: the socket's own, or those in a PROXY header */
  function open(socket: Socket, frontend: Frontend, addresses: Addresses): SocketEvents {
    if (frontend.logsConnections) logConnection(addresses, frontend);
    if (frontend.speaksHttp) {
      const connection = new HttpClientConnection(socket, frontend, addresses, freeTransactions);
      sessions.add(connection);
      return connection;
    }
    const session = new TcpSession(socket, frontend, addresses);
    sessions.add(session);
    return session.client;
  }

  /** What begins a session after a handshake. */
  function withTls(frontend: Frontend, material: BindMaterial, listener: string): typeof open {
    const { clock } = frontend.runtime;
    const choose = createChooser(material, () => clock.wall());
    const removeSession = (handshake: TlsHandshake) => sessions.remove(handshake);
    return (socket, frontend, addresses) => {
      const handshake = new TlsHandshake(
        socket,
        frontend,
        addresses,
        listener,
        choose,
        removeSession,
        open,
      );
      sessions.add(handshake);
      return handshake.socket;
    };
  }

  function onAdmitted(frontend: Frontend, bind: Bind, number: number): OnAdmitted {
    const { address, acceptProxy } = bind;
    const listener = bind.name ?? String(number);
    const { tls } = frontend.runtime;
    const material = bind.ssl ? tls?.binds.get(bindKey(frontend.config, number - 1)) : undefined;
    if (bind.ssl && material === undefined) throw new Error("TLS has not been loaded");
    const begin = material === undefined ? open : withTls(frontend, material, listener);
    // For a client of a unix socket the listener's number is logged.
    const unix = address.kind === "unix" || address.kind === "abstract"
      ? { remoteAddress: "", remotePort: number, localAddress: "", localPort: 0 }
      : null;
    if (!acceptProxy) {
      return unix === null
        ? (socket, frontend) => begin(socket, frontend, socket)
        : (socket, frontend) => begin(socket, frontend, unix);
    }
    const removeSession = (awaited: ProxyHeaderReader) => sessions.remove(awaited);
    return (socket, frontend) => {
      const own = unix ?? socket;
      const awaited = new ProxyHeaderReader(socket, frontend, own, listener, removeSession, begin);
      sessions.add(awaited);
      return awaited;
    };
  }

  return {
    acceptor(frontend, bind, number) {
      const open = onAdmitted(frontend, bind, number);
      return monitors.wrap(frontend, (socket) => admission.accept(socket, frontend, open));
    },
    close: () => monitors.closeAll(),
  };
}
