/**
 * What the log formats draw on: the facts of one session or request (HAProxy's manual, chapter 8).
 * One object a stream, filled in as it goes; times are ms, -1 where the event never came.
 */
export interface LogRecord {
  clientAddress: string;
  clientPort: number;
  /** Accept date of the connection, for a later request of it that of its first byte; ms since 1970. */
  acceptDate: number;
  frontend: string;
  /** A `~` is appended to the frontend's name when the client came over TLS. */
  tls: boolean;
  /** The frontend's own name where no backend was reached. */
  backend: string;
  /** `<NOSRV>` where no server was. */
  server: string;
  /** TR: from the first byte of the request to the end of its head. */
  timeRequest: number;
  /** Tw: in queues. */
  timeQueue: number;
  /** Tc: to the server's connection. */
  timeConnect: number;
  /** Tr: from there to the response's head. */
  timeResponse: number;
  /** Ta: from the first byte of the request to the end; in TCP mode from the handshake's end. */
  timeTotal: number;
  /** -1 where no status was sent; HAProxy says 0 of a TCP session. */
  status: number;
  /** Bytes sent to the client, heads included. */
  bytes: number;
  /** Four characters: manual, "Session state at disconnection"; TCP mode shows the first two. */
  termination: string;
  actconn: number;
  feconn: number;
  beconn: number;
  srvconn: number;
  retries: number;
  /** A `+` before the retries. */
  redispatched: boolean;
  srvQueue: number;
  backendQueue: number;
  /** The request line as it came, one character a byte; `<BADREQ>` where none did. */
  requestLine: string;

  /** What expressions of the format are worked out in: known to who has compiled them. */
  context?: unknown;

  // What not every proxy fills in; what is left out is logged as HAProxy logs what it does not have.

  /** Date of the request's first byte; left out, {@linkcode acceptDate}. */
  requestDate?: number;
  /** Th: from the accept to the end of the PROXY header and of TLS; left out, 0. */
  timeHandshake?: number;
  /** Ti: from there, or the end of the last response, to the request's first byte; left out, 0. */
  timeIdle?: number;
  /** Bytes received from the client, heads included; left out, 0. */
  uploaded?: number;
  /** What the client connected to. */
  frontendAddress?: string;
  frontendPort?: number;
  /** Where the server's connection comes from. */
  sourceAddress?: string;
  sourcePort?: number;
  /** Where it goes to. */
  serverAddress?: string;
  serverPort?: number;
  /** Requests and TCP sessions of the process before this one; left out, 0. */
  requestCount?: number;
  /** Lines that the frontend has logged before this one: the log itself counts them. */
  logCount?: number;
  /** Manual: "unique-id-format". */
  uniqueId?: string;
  /** Manual: "capture cookie". */
  requestCookie?: string | undefined;
  responseCookie?: string | undefined;
  /** Manual: "capture request header": one for each, null where the request has none. */
  requestHeaders?: readonly (string | null)[] | undefined;
  responseHeaders?: readonly (string | null)[] | undefined;
  /** It goes on: what grows until the end has a "+" (manual: "option logasap"). */
  early?: boolean;
  /** `TLSv1.3`. */
  tlsVersion?: string;
  /** `TLS_AES_256_GCM_SHA384`. */
  tlsCipher?: string;
  /** The name that the client asked for. */
  sni?: string;
  tlsResumed?: boolean;
}

/** A record of which nothing is known. */
export const blankRecord: Readonly<LogRecord> = {
  clientAddress: "",
  clientPort: 0,
  acceptDate: 0,
  frontend: "",
  tls: false,
  backend: "",
  server: "",
  timeRequest: -1,
  timeQueue: -1,
  timeConnect: -1,
  timeResponse: -1,
  timeTotal: -1,
  status: -1,
  bytes: 0,
  termination: "----",
  actconn: 0,
  feconn: 0,
  beconn: 0,
  srvconn: 0,
  retries: 0,
  redispatched: false,
  srvQueue: 0,
  backendQueue: 0,
  requestLine: "",
};
