/** Protocols above TLS, by ALPN (RFC 7301). */

/** The protocols that can be spoken after a handshake, by the names of IANA's registry. */
export const spoken: ReadonlySet<string> = new Set(["h2", "http/1.1", "http/1.0"]);

/** Those that are offered where the configuration names none (HAProxy 3.x). */
export const defaultProtocols: readonly string[] = ["h2", "http/1.1"];

/**
 * The protocols of a line that can be had.
 * @param wanted as configured; null: nothing is said
 * @param http whether the proxy speaks HTTP: in `mode tcp` what is offered is the servers' affair
 */
export function offeredProtocols(wanted: readonly string[] | null, http: boolean): string[] {
  if (!http) return [...wanted ?? []];
  return (wanted ?? defaultProtocols).filter((name) => spoken.has(name));
}

/**
 * The first of ours that the client offers; null: none, and the handshake goes on without, as in
 * HAProxy.
 * @param list the client's, as it is on the wire
 */
export function chooseProtocol(ours: readonly string[], list: Uint8Array): string | null {
  return ours.find((name) => isIn(name, list)) ?? null;
}

/** What an authority offers, alone, when it looks whether a name is ours (RFC 8737, 6.2). */
export const challengeProtocol = "acme-tls/1";

/** Whether a client offers that alone. @param names what it offers */
export function asksForChallenge(names: readonly string[]): boolean {
  return names.length === 1 && names[0] === challengeProtocol;
}

function isIn(name: string, list: Uint8Array): boolean {
  for (let at = 0; at < list.length; at += 1 + list[at]!) {
    if (list[at] !== name.length || at + name.length >= list.length) continue;
    let i = 0;
    while (i < name.length && list[at + 1 + i] === name.charCodeAt(i)) i++;
    if (i === name.length) return true;
  }
  return false;
}

/** A list of protocols as it is on the wire. @throws {RangeError} for a name of over 255 bytes */
export function encodeProtocols(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const name of names) {
    if (name.length > 255) throw new RangeError(`'${name}' is too long for a protocol`);
    bytes.push(name.length, ...Array.from(name, (c) => c.charCodeAt(0)));
  }
  const whole = new Uint8Array(new ArrayBuffer(bytes.length));
  whole.set(bytes);
  return whole;
}
