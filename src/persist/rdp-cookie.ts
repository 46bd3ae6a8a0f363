/** The cookie by which the Remote Desktop Protocol names a server (manual: "persist rdp-cookie"). */

/** Where a cookie leads to: an IPv4 address and a port. */
export interface RdpServer {
  readonly host: string;
  readonly port: number;
}

/** What HAProxy looks for where no name is given. */
export const rdpPersistCookie = "msts";

/**
 * The server in a cookie's value, "3640205228.15629.0000": the address, and the port with its bytes
 * turned, in decimal. @returns null: there is none
 */
export function rdpServer(value: string): RdpServer | null {
  const [, address, port] = /^(\d{1,10})\.(\d{1,5})\./.exec(value) ?? [];
  if (address === undefined || port === undefined) return null;
  const word = Number(address);
  const turned = Number(port);
  if (word > 0xffffffff || turned > 0xffff) return null;
  const host = [0, 8, 16, 24].map((shift) => word >>> shift & 255).join(".");
  return { host, port: (turned & 255) << 8 | turned >>> 8 };
}
