/** The line of a connection as it is accepted, in a proxy without a log format. */

/** What {@linkcode connectLine} writes. */
export interface Accepted {
  /** "unix" for a client of a unix socket, whose port is then the number of the listener. */
  readonly clientAddress: string;
  readonly clientPort: number;
  /** Where the client connected to. */
  readonly address: string;
  readonly port: number;
  readonly frontend: string;
  readonly mode: "http" | "tcp";
}

/** The line, to the letter of HAProxy 2.6 (manual, chapter 8.2.1). */
export function connectLine(a: Accepted): string {
  const frontend = `(${a.frontend}/${a.mode === "http" ? "HTTP" : "TCP"})`;
  return a.clientAddress === "unix"
    ? `Connect to unix:${a.clientPort} ${frontend}`
    : `Connect from ${a.clientAddress}:${a.clientPort} to ${a.address}:${a.port} ${frontend}`;
}
