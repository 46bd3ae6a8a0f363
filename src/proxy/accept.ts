/** What becomes of a connection that a listener has accepted. */
import type { Bind } from "../config/model.ts";
import type { Addresses } from "../net/proxy-protocol/header.ts";
import { noEvents, type Socket, type SocketEvents } from "../net/socket.ts";
import type { BindMaterial } from "../tls/material.ts";
import { bindKey } from "../tls/material.ts";
import { at } from "../stats/counters.ts";
import type { Admission, OnAdmitted } from "./admission.ts";
import type { Frontend } from "./frontend.ts";
import { HttpClientConnection, type OnHttp2 } from "./http/client-connection.ts";
import { Http2ClientConnection } from "./http/h2/client-connection.ts";
import type { HttpTransaction } from "./http/transaction.ts";
import { MonitorReplies, type OnAccept } from "./monitor-net.ts";
import { ProxyHeaderReader } from "./proxy-header.ts";
import { ConnectionRules } from "./rules/connection.ts";
import { type ListenerName, SessionState } from "./rules/session.ts";
import type { Session, SessionList } from "./session-list.ts";
import { logConnection } from "./session-log.ts";
import { TlsGate } from "./tls/gate.ts";
import { TlsHandshake } from "./tls/handshake.ts";
import { ListenerTls } from "./tls/listener.ts";
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

/** Begins a session over a connection, of a client with such addresses; see `open` below. */
type OpenOver = (
  socket: Socket,
  frontend: Frontend,
  addresses: Addresses,
  state: SessionState | null,
) => SocketEvents;

/** A connection that a rule has rejected, until it has left. */
class RejectedSession implements Session {
  serial = 0;
  place = -1;
  constructor(readonly socket: Socket, readonly frontend: Frontend) {}
  closed(): void {}
  abandon(): void {}
  kill(): void {}
  softStop(): void {}
  facts(): ReturnType<Session["facts"]> {
    return {
      protocol: "tcpv4",
      source: "",
      frontend: this.frontend.config.name,
      backend: null,
      server: null,
      age: 0,
      requests: 0,
      received: 0,
      sent: 0,
      expires: null,
      queued: false,
    };
  }
}

/** Creates acceptors, which add their sessions to the list. */
export function createAcceptors(admission: Admission, sessions: SessionList): Acceptors {
  const monitors = new MonitorReplies();
  const gate = new TlsGate(admission.runtime);
  const freeTransactions: HttpTransaction[] = [];

  const rules = new ConnectionRules();

  /**
   * @param addresses the client's: the socket's own, or those in a PROXY header
   * @param state what rules have kept for it so far; null: nothing
   * @param proto what is spoken over it, for sure; null: that must be seen
   */
  function open(
    socket: Socket,
    frontend: Frontend,
    addresses: Addresses,
    state: SessionState | null,
    proto: Bind["proto"] = null,
  ): SocketEvents {
    if (
      state !== null &&
      !rules.admits(frontend.rules.tcpSession, socket, frontend, addresses, state)
    ) {
      return reject(socket, frontend, state, at.deniedSessions);
    }
    state?.counters?.countSession();
    if (frontend.logsConnections) logConnection(addresses, frontend);
    if (frontend.speaksHttp) return openHttp(socket, frontend, addresses, state, proto);
    const session = new TcpSession(socket, frontend, addresses, state);
    sessions.add(session);
    return session.client;
  }

  /** HTTP/2 by ALPN, by `proto`, or by what the client begins with (RFC 9113, chapter 3). */
  function openHttp(
    socket: Socket,
    frontend: Frontend,
    addresses: Addresses,
    state: SessionState | null,
    proto: Bind["proto"],
  ): SocketEvents {
    const spoken = proto ?? (socket.tls?.alpn === "h2" ? "h2" : null);
    if (spoken === "h2") {
      const connection = new Http2ClientConnection(
        socket,
        frontend,
        addresses,
        freeTransactions,
        state,
      );
      sessions.add(connection);
      return connection;
    }
    const connection = new HttpClientConnection(
      socket,
      frontend,
      addresses,
      freeTransactions,
      state,
      spoken === "h1" || frontend.config.disableH2Upgrade ? null : becomeHttp2,
    );
    sessions.add(connection);
    return connection;
  }

  const becomeHttp2: OnHttp2 = (before, bytes) => {
    const { socket, frontend, addresses } = before;
    const connection = new Http2ClientConnection(
      socket,
      frontend,
      addresses,
      freeTransactions,
      before.state,
    );
    sessions.remove(before);
    sessions.add(connection);
    socket.events = connection;
    connection.data(socket, bytes);
  };

  /** A rule has rejected it: it is closed, and leaves the place that it was given. */
  function reject(
    socket: Socket,
    frontend: Frontend,
    state: SessionState | null,
    counter: number,
  ): SocketEvents {
    frontend.counts.own[counter]!++;
    state?.end();
    const silent = rules.rejected === "silent";
    const session = new RejectedSession(socket, frontend);
    sessions.add(session);
    // Once the acceptor has it.
    queueMicrotask(() => {
      if (silent) socket.reset();
      else socket.close();
      frontend.sessionEnded(session);
    });
    return noEvents;
  }

  /** What begins a session after a handshake. */
  function withTls(
    frontend: Frontend,
    material: BindMaterial,
    key: string,
    listener: string,
    open: OpenOver,
  ): OpenOver {
    const { clock, tlsLive } = frontend.runtime;
    const tls = new ListenerTls(material, tlsLive, () => clock.wall());
    tlsLive.onBind(key, (material) => tls.replace(material));
    const { choose } = tls;
    const removeSession = (handshake: TlsHandshake) => sessions.remove(handshake);
    return (socket, frontend, addresses, state) => {
      const handshake = new TlsHandshake(
        socket,
        frontend,
        addresses,
        listener,
        choose,
        removeSession,
        (socket, frontend, addresses) => open(socket, frontend, addresses, state),
      );
      sessions.add(handshake);
      gate.enter(socket);
      return handshake.socket;
    };
  }

  function onAdmitted(frontend: Frontend, bind: Bind, number: number): OnAdmitted {
    const { address, acceptProxy } = bind;
    const awaitedBy = bind.name ?? String(number);
    const { tls } = frontend.runtime;
    const key = bindKey(frontend.config, number - 1);
    const material = bind.ssl ? tls?.binds.get(key) : undefined;
    if (bind.ssl && material === undefined) throw new Error("TLS has not been loaded");
    const { proto } = bind;
    const inClear: OpenOver = proto === null
      ? open
      : (socket, frontend, addresses, state) => open(socket, frontend, addresses, state, proto);
    const begin = material === undefined
      ? inClear
      : withTls(frontend, material, key, awaitedBy, inClear);
    // For a client of a unix socket the listener's number is logged.
    const unix = address.kind === "unix" || address.kind === "abstract"
      ? { remoteAddress: "", remotePort: number, localAddress: "", localPort: 0 }
      : null;
    const listener: ListenerName = { id: number, name: bind.name ?? "" };
    /** What rules keep for a connection; null: there are none. */
    const stateOf = (frontend: Frontend) => frontend.hasRules ? new SessionState(listener) : null;
    const admits = (socket: Socket, frontend: Frontend, state: SessionState | null) =>
      state === null ||
      rules.admits(frontend.rules.tcpConnection, socket, frontend, unix ?? socket, state);
    const removeSession = (awaited: ProxyHeaderReader) => sessions.remove(awaited);
    return (socket, frontend) => {
      const own = unix ?? socket;
      const state = stateOf(frontend);
      if (!admits(socket, frontend, state)) {
        return reject(socket, frontend, state, at.deniedConnections);
      }
      if (!acceptProxy && state?.expectsProxy !== true) return begin(socket, frontend, own, state);
      const awaited = new ProxyHeaderReader(
        socket,
        frontend,
        own,
        awaitedBy,
        removeSession,
        (socket, frontend, addresses) => begin(socket, frontend, addresses, state),
      );
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
