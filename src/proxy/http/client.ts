import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { Socket } from "../../net/socket.ts";
import type { Frontend } from "../frontend.ts";
import type { ClientEndpoint } from "../stream/endpoints.ts";
import type { SpliceOwner } from "../stream/send-buffer.ts";
import type { PrivateConnections } from "../stream/pool.ts";
import type { Counters } from "../../stick-table/counters.ts";
import type { SessionState } from "../rules/session.ts";
import type { ServerConnection } from "../stream/server-connection.ts";
import type { AddressField } from "./request.ts";

/** The client's side of a transaction, with what an HTTP transaction needs of it besides. */
export interface HttpClient extends ClientEndpoint {
  readonly frontend: Frontend;
  /** The first digit of the version of HTTP that it speaks. */
  readonly httpMajor: number;
  /** Strange things that its connection has brought. */
  readonly glitches: number;
  readonly addresses: Addresses;
  /** The client's address, read once. */
  readonly clientAddress: string;
  readonly remotePort: number;
  /** For the log: when it was accepted, ms since 1970. */
  readonly acceptedAt: number;
  /** What rules keep for the connection. */
  readonly state: SessionState;
  /** What the connection tracks in stick tables; null: nothing. */
  readonly tracked: Counters | null;
  /** Requests of this connection so far, the present one included. */
  readonly requests: number;
  /** Bytes of the present response that were sent. */
  readonly sent: number;
  /** Nothing of a request has come. */
  readonly nothingCame: boolean;
  /**
   * The line that adds an address of the connection to requests; null: none is due.
   * @param own the proxy's address, not the client's
   */
  addressLine(field: AddressField | null, own: boolean): Uint8Array | null;
  /** What is sent next is the last, and {@linkcode end} follows in the same call. */
  endsNext?(): void;
  /** Connections to servers that are for this client alone; null: there never was one. */
  readonly privates: PrivateConnections | null;
  /** Keeps one more of them, for the client's next requests. */
  keepPrivate(connection: ServerConnection): void;
  /** Sets the time-out of the client's side, ms from now; null: none. */
  setTimeout(ms: number | null): void;
  /**
   * How much of the request's content need not be looked at. @param seen bytes that came just now
   */
  unseen(seen: number): number;
  /** So much of it has passed without. @returns whether it was the last of it */
  passed(count: number): boolean;
  /** Lets content of `source` pass to the client without being seen. */
  spliceFrom(source: Socket, count: number, owner: SpliceOwner): void;
  /** That source is gone: what it held of it is lost. */
  sourceGone(): void;
  /** So many bytes of the response have passed without being seen. */
  sentUnseen(count: number): void;
  /** Resets the connection, which is in no state to go on, and releases all that it holds. */
  abandon(): void;
}
