/** What a resolver needs of a name server: a way to send it queries, whatever the transport. */

/** What became of the queries to a name server, and of its responses ("show resolvers"). */
export interface NameserverCounts {
  sent: number;
  sendError: number;
  valid: number;
  update: number;
  cname: number;
  cnameError: number;
  anyError: number;
  nx: number;
  timeout: number;
  refused: number;
  other: number;
  invalid: number;
  tooBig: number;
  truncated: number;
  outdated: number;
}

/** None so far. */
export function noCounts(): NameserverCounts {
  return {
    sent: 0,
    sendError: 0,
    valid: 0,
    update: 0,
    cname: 0,
    cnameError: 0,
    anyError: 0,
    nx: 0,
    timeout: 0,
    refused: 0,
    other: 0,
    invalid: 0,
    tooBig: 0,
    truncated: 0,
    outdated: 0,
  };
}

/** A way to a name server. */
export interface NameserverTransport {
  /** Sends a query. @returns false: it cannot be sent */
  send(query: Uint8Array): boolean;
  /**
   * Sends a query whose response was too long once more, in a way for which none is; null: there is
   * no other way. @param failed called if no response will come
   */
  readonly sendAgain: ((query: Uint8Array, failed: () => void) => void) | null;
  /** Ends it. Idempotent. */
  close(): void;
}

/** Opens a way to a name server. @param receive called with each whole message that comes */
export type OpenNameserver<Address> = (
  address: Address,
  receive: (message: Uint8Array) => void,
) => NameserverTransport;
