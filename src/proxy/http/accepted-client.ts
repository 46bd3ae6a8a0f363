import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { Counters } from "../../stick-table/counters.ts";
import type { Frontend } from "../frontend.ts";
import { SessionState, unnamedListener } from "../rules/session.ts";
import { PrivateConnections } from "../stream/pool.ts";
import type { ServerConnection } from "../stream/server-connection.ts";
import { type AddressField, addressLine } from "./request.ts";

/** A line that adds an address to requests, and what for. */
interface KnownLine {
  readonly field: AddressField;
  readonly line: Uint8Array | null;
}

/** What is known of a client's connection, whatever it speaks, and what is kept for its requests. */
export class AcceptedClient {
  /** For the log: when it was accepted, ms since 1970, and from which port. */
  readonly acceptedAt: number;
  readonly remotePort: number;
  /** Connections to servers that are for this client alone; null: there never was one. */
  privates: PrivateConnections | null = null;
  #state: SessionState | null;
  #clientAddress: string | null;
  #clientLine: KnownLine | null = null;
  #ownLine: KnownLine | null = null;

  /**
   * @param addresses the client's: of the socket, or of a PROXY header that came over it
   * @param state what rules have kept for it so far; null: nothing
   */
  constructor(
    readonly frontend: Frontend,
    readonly addresses: Addresses,
    state: SessionState | null,
  ) {
    const { dated, runtime } = frontend;
    this.#state = state;
    this.acceptedAt = dated ? runtime.clock.wall() : 0;
    // Now, for when that is asked for the client may be gone, and its address with it.
    this.remotePort = dated ? addresses.remotePort : 0;
    this.#clientAddress = dated ? addresses.remoteAddress : null;
  }

  get state(): SessionState {
    return this.#state ??= new SessionState(unnamedListener);
  }
  get tracked(): Counters | null {
    return this.#state === null ? null : this.#state.counters;
  }

  /** The client's address, read once. */
  get clientAddress(): string {
    return this.#clientAddress ??= this.addresses.remoteAddress;
  }
  /** For operators: the protocol below, and where it came from. */
  get protocol(): string {
    return this.clientAddress.includes(":")
      ? "tcpv6"
      : this.clientAddress
      ? "tcpv4"
      : "unix_stream";
  }
  get source(): string {
    return `${this.clientAddress || "unix"}:${this.addresses.remotePort}`;
  }

  /** See HttpClient.addressLine. */
  addressLine(field: AddressField | null, own: boolean): Uint8Array | null {
    if (field === null) return null;
    const known = own ? this.#ownLine : this.#clientLine;
    if (known?.field === field) return known.line;
    const address = own ? this.addresses.localAddress : this.clientAddress;
    const made = { field, line: addressLine(field, address) };
    if (own) this.#ownLine = made;
    else this.#clientLine = made;
    return made.line;
  }

  keepPrivate(connection: ServerConnection): void {
    this.privates ??= new PrivateConnections(this.frontend.config.maxSessionSrvConns);
    this.privates.add(connection);
  }

  /** The client is gone. */
  end(): void {
    this.privates?.close();
    this.#state?.end();
  }
}
