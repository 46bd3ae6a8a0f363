/** Log records of connections, sessions and requests. */
import { blankRecord, type LogRecord } from "../log/record.ts";
import { textOf } from "../bytes/bytes.ts";
import type { RuleContext } from "./rules/context.ts";
import type { Addresses } from "../net/proxy-protocol/header.ts";
import type { Socket } from "../net/socket.ts";
import type { TlsFacts } from "../net/tls/facts.ts";
import type { Frontend } from "./frontend.ts";
import type { Captured } from "./http/captures.ts";
import type { HttpClient } from "./http/client.ts";
import type { TransactionRecord } from "./http/record.ts";
import type { Assignment } from "./stream/assignment.ts";
import type { Connector } from "./stream/connector.ts";

/** The client's side of what is logged. */
interface LoggedClient {
  readonly frontend: Frontend;
  readonly clientAddress: string;
  readonly remotePort: number;
  readonly socket: Pick<Socket, "tls"> | null;
}

/** An HTTP transaction, as it is logged. */
interface LoggedTransaction {
  readonly assignment: Assignment;
  readonly connector: Connector;
  readonly record: TransactionRecord;
  readonly requestLine: string;
  /** The name of its backend, or of its frontend where it has none yet. */
  readonly destination: string;
  /** What rules have kept of it; null: nothing. */
  readonly ruleContext: RuleContext | null;
  /** Both ends of its server's connection; null: there was none. */
  readonly serverEnds: Addresses | null;
  /** That connection, while it has it. */
  readonly serverConnection: { readonly addresses: Addresses } | null;
  /** Bytes of the request. */
  readonly received: number;
  /** Its number among all of the process. */
  readonly serial: number;
}

/** A TCP session, as it is logged. */
interface LoggedSession extends LoggedClient {
  readonly assignment: Assignment;
  readonly connector: Connector;
  /** On the clock's scale, and in ms since 1970. */
  readonly startedAt: number;
  readonly acceptedAt: number;
  /** That the client was sent. */
  readonly bytes: number;
  readonly ruleContext: RuleContext | null;
  /** The name of its backend, or of its frontend where it has none yet. */
  readonly destination: string;
}

/** One record is filled in and written at a time. */
const record: LogRecord = { ...blankRecord, timeTotal: 0, early: false };

/** Milliseconds between two stamps of the clock; -1 where either is missing. */
function between(from: number, to: number): number {
  return from < 0 || to < 0 ? -1 : Math.max(0, Math.round(to - from));
}

/** Other transactions on its last server: as for the backend, the one that ends is left out. */
function others({ servedBy, server }: Assignment): number {
  // One that is logged before its end is still there.
  return servedBy === null ? 0 : servedBy.slots.value - (server === null || record.early ? 0 : 1);
}

/** Logs a request and its response. */
export function logTransaction(
  client: HttpClient,
  transaction: LoggedTransaction,
  termination: string,
): void {
  const { runtime, config } = client.frontend;
  runtime.log.session(config, fillTransaction(client, transaction, termination));
}

/**
 * The record of a request, as far as it has come: it is filled in anew by the next call.
 * @param whole with all that a format may ask for
 */
export function fillTransaction(
  client: HttpClient,
  transaction: LoggedTransaction,
  termination: string,
  whole = client.frontend.fullRecords,
): LogRecord {
  const { assignment, connector, record: facts } = transaction;
  fillClient(client);
  record.early = facts.early;
  fillWay(assignment, connector, facts.startedAt);
  if (facts.service !== null) {
    record.server = facts.service;
    record.backend = client.frontend.config.name;
  }
  record.bytes = client.sent;
  record.status = facts.status;
  record.termination = termination;
  record.acceptDate = facts.acceptDate;
  record.timeRequest = between(facts.startedAt, facts.readAt);
  record.timeResponse = between(connector.connectedAt, facts.respondedAt);
  record.requestLine = transaction.requestLine;
  keep(facts.captured);
  // Answered by a rule, before it came to a backend.
  if (!assignment.entered) {
    record.backend = transaction.destination;
    record.beconn = 0;
  }
  fillRules(transaction.ruleContext);
  if (whole) fillFacts(client, transaction);
  return record;
}

/** What only formats of the configuration's own ask for. */
function fillFacts(client: HttpClient, transaction: LoggedTransaction): void {
  const { runtime } = client.frontend;
  const { startedAt } = transaction.record;
  const serverEnds = transaction.serverEnds ?? transaction.serverConnection?.addresses ?? null;
  record.frontendAddress = client.addresses.localAddress;
  record.frontendPort = client.addresses.localPort;
  record.requestDate = runtime.clock.wall() - (runtime.clock.now() - startedAt);
  // Of a later request it is not known when the one before it ended.
  record.timeIdle = client.requests === 1
    ? Math.max(0, Math.round(record.requestDate - client.acceptedAt))
    : 0;
  record.uploaded = transaction.received;
  record.requestCount = transaction.serial;
  if (serverEnds === null) {
    delete record.serverAddress;
    delete record.sourceAddress;
    return;
  }
  record.serverAddress = serverEnds.remoteAddress;
  record.serverPort = serverEnds.remotePort;
  record.sourceAddress = serverEnds.localAddress;
  record.sourcePort = serverEnds.localPort;
}

/** What rules have kept, and the context of expressions in the log's format. */
function fillRules(context: RuleContext | null): void {
  record.context = context;
  if (context === null) return;
  const { requestCaptures, responseCaptures } = context;
  if (requestCaptures.length > 0) record.requestHeaders = requestCaptures.map(textOrNull);
  if (responseCaptures.length > 0) record.responseHeaders = responseCaptures.map(textOrNull);
  const { uniqueId } = context;
  if (uniqueId !== null) record.uniqueId = uniqueId;
  else delete record.uniqueId;
}

const textOrNull = (bytes: Uint8Array | null) =>
  bytes === null ? null : textOf(bytes, 0, bytes.length);

/**
 * Logs a connection that brought no request, or none that could be read.
 * @param since ms since that began
 */
export function logRefused(
  client: LoggedClient & Pick<HttpClient, "nothingCame">,
  status: number,
  termination: string,
  since: number,
): void {
  const { runtime, config } = client.frontend;
  if ((config.dontlognull || config.httpIgnoreProbes) && client.nothingCame) return;
  fillClient(client);
  keep(null);
  record.early = false;
  record.status = status;
  record.termination = `${termination}--`;
  record.acceptDate = runtime.clock.wall() - since;
  record.backend = config.name;
  record.server = "<NOSRV>";
  record.timeRequest =
    record.timeQueue =
    record.timeConnect =
    record.timeResponse =
      -1;
  record.timeTotal = Math.round(since);
  // The reply is not counted, as in HAProxy.
  record.bytes = 0;
  record.beconn = record.srvconn = record.retries = 0;
  record.redispatched = false;
  record.srvQueue = record.backendQueue = 0;
  record.requestLine = "<BADREQ>";
  runtime.log.session(config, record);
}

/** The record of a connection of which nothing is known but where it came from. */
export function emptyRecord(
  frontend: Frontend,
  socket: Socket,
  addresses: Addresses,
): LogRecord {
  const { remoteAddress: clientAddress, remotePort } = addresses;
  fillClient({ frontend, socket, clientAddress, remotePort });
  record.backend = frontend.config.name;
  record.server = "<NOSRV>";
  record.requestLine = "<BADREQ>";
  return record;
}

/** Fills in what was captured. */
function keep(captured: Captured | null): void {
  if (captured === null && record.requestHeaders === undefined) return;
  record.requestHeaders = captured?.requestHeaders;
  record.responseHeaders = captured?.responseHeaders;
  record.requestCookie = captured?.requestCookie ?? undefined;
  record.responseCookie = captured?.responseCookie ?? undefined;
}

/** Logs a TCP session. @param early before its end (manual: "option logasap") */
export function logTcpSession(session: LoggedSession, termination: string, early = false): void {
  keep(null);
  record.early = early;
  const { config, runtime } = session.frontend;
  runtime.log.session(config, fillSession(session, termination));
}

/** The record of a TCP session, as far as it has come: it is filled in anew by the next call. */
export function fillSession(session: LoggedSession, termination: string): LogRecord {
  fillClient(session);
  fillWay(session.assignment, session.connector, session.startedAt);
  record.bytes = session.bytes;
  record.acceptDate = session.acceptedAt;
  record.timeRequest = record.timeResponse = record.status = -1;
  record.termination = `${termination}--`;
  record.requestLine = "<BADREQ>";
  if (!session.assignment.entered) record.backend = session.destination;
  fillRules(session.ruleContext);
  return record;
}

/** Logs a connection as it is accepted, where the proxy has no log format. */
export function logConnection(addresses: Addresses, { config, runtime }: Frontend): void {
  const { remoteAddress, remotePort, localAddress, localPort } = addresses;
  runtime.log.connection(config, {
    clientAddress: nameOf(remoteAddress, remotePort),
    clientPort: remotePort,
    address: localAddress,
    port: localPort,
    frontend: config.name,
    mode: config.mode,
  });
}

/** A client's address; also one that has none. */
function nameOf(address: string, port: number): string {
  // A unix socket's client has the listener's number for a port; one that left before accept(), 0.
  return address || (port === 0 ? "-" : "unix");
}

/** Fills in the client and the frontend. */
function fillClient({ clientAddress, remotePort, frontend, socket }: LoggedClient): void {
  const tls = socket?.tls ?? null;
  record.tls = tls !== null;
  if (tls !== null || record.tlsVersion !== undefined) fillTls(tls);
  record.clientAddress = nameOf(clientAddress, remotePort);
  record.clientPort = remotePort;
  record.frontend = frontend.config.name;
  record.actconn = frontend.runtime.connections.value;
  record.feconn = frontend.connections.value;
}

/** Fills in what is known of the client's TLS. */
function fillTls(tls: TlsFacts | null): void {
  if (tls === null) {
    delete record.tlsVersion;
    delete record.tlsCipher;
    delete record.sni;
    delete record.tlsResumed;
    return;
  }
  record.tlsVersion = tls.version;
  record.tlsCipher = tls.cipher;
  record.tlsResumed = tls.resumed;
  if (tls.sni === null) delete record.sni;
  else record.sni = tls.sni;
}

/** Fills in the way to the server, in HTTP and in TCP. */
function fillWay(assignment: Assignment, connector: Connector, startedAt: number): void {
  const { backend } = assignment;
  record.backend = backend.config.name;
  record.server = assignment.servedBy?.name ?? "<NOSRV>";
  record.timeQueue = between(assignment.queuedAt, assignment.assignedAt);
  record.timeConnect = between(assignment.assignedAt, connector.connectedAt);
  record.timeTotal = between(startedAt, backend.runtime.clock.now());
  record.beconn = backend.connections.value - (record.early ? 0 : 1);
  record.srvconn = others(assignment);
  record.retries = connector.retries;
  record.redispatched = assignment.redispatched;
  record.srvQueue = assignment.srvQueue;
  record.backendQueue = assignment.backendQueue;
}
