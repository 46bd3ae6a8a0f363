/**
 * Options of sockets that configurations ask for by name (socket(7), tcp(7)). What an adapter cannot
 * set it leaves: they tune a connection, and none changes what is said over it. Accepted sockets
 * have those of their listener.
 */
export interface SocketOptions {
  readonly keepAlive?: boolean;
  /** Probes without an answer; seconds until the first one; seconds between two. */
  readonly keepAliveCount?: number;
  readonly keepAliveIdle?: number;
  readonly keepAliveInterval?: number;
  /** Bytes. */
  readonly receiveBuffer?: number;
  readonly sendBuffer?: number;
  readonly notSentLowWater?: number;
  /** Largest segment, bytes. */
  readonly maxSegment?: number;
  /** Seconds in which the client must send something before it is accepted. */
  readonly deferAccept?: number;
  /** A request may come with the SYN: so many of them may wait. */
  readonly fastOpen?: number;
  /** The first bytes go with the SYN. */
  readonly fastOpenConnect?: boolean;
  /** ms until what the peer does not acknowledge breaks the connection. */
  readonly userTimeout?: number;
  readonly quickAck?: boolean;
  /** Closing resets. */
  readonly noLinger?: boolean;
  /** The network device. */
  readonly interface?: string;
  /** The algorithm of congestion control. */
  readonly congestion?: string;
}
