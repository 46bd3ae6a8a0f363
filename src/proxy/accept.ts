/** What becomes of a connection that a listener has accepted. */
import type { Bind } from "../config/model.ts";
import type { Addresses } from "../net/proxy-protocol/header.ts";
import type { Socket, SocketEvents } from "../net/socket.ts";
import type { Admission, OnAdmitted } from "./admission.ts";
import type { Frontend } from "./frontend.ts";
import { HttpClientConnection } from "./http/client-connection.ts";
import type { HttpTransaction } from "./http/transaction.ts";
import { MonitorReplies, type OnAccept } from "./monitor-net.ts";
import { ProxyHeaderReader } from "./proxy-header.ts";
import type { SessionList } from "./session-list.ts";
import { logConnection } from "./session-log.ts";
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

  function onAdmitted({ address, acceptProxy, name }: Bind, number: number): OnAdmitted {
    // For a client of a unix socket the listener's number is logged.
    const unix = address.kind === "unix" || address.kind === "abstract"
      ? { remoteAddress: "", remotePort: number, localAddress: "", localPort: 0 }
      : null;
    if (!acceptProxy) {
      return unix === null
        ? (socket, frontend) => open(socket, frontend, socket)
        : (socket, frontend) => open(socket, frontend, unix);
    }
    const listener = name ?? String(number);
    const removeSession = (awaited: ProxyHeaderReader) => sessions.remove(awaited);
    return (socket, frontend) => {
      const own = unix ?? socket;
      const awaited = new ProxyHeaderReader(socket, frontend, own, listener, removeSession, open);
      sessions.add(awaited);
      return awaited;
    };
  }

  return {
    acceptor(frontend, bind, number) {
      const open = onAdmitted(bind, number);
      return monitors.wrap(frontend, (socket) => admission.accept(socket, frontend, open));
    },
    close: () => monitors.closeAll(),
  };
}
