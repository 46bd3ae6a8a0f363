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
  /** Ta, in TCP mode Tt: the whole. */
  timeTotal: number;
  /** -1 where no status was sent. */
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
}
