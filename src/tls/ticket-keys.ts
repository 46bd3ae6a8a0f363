/** Keys for tickets (manual: "tls-ticket-keys"): one a line, in base64, of 48 or of 80 bytes. */

/** A key as OpenSSL takes it: 16 bytes of name, 32 for HMAC, 32 for AES. */
export type TicketKey = Uint8Array<ArrayBuffer>;

/** What a file holds. */
export interface TicketKeys {
  /** The one that new tickets are made with: the last but one, as in HAProxy. */
  readonly current: TicketKey;
  /** Those that older tickets may have been made with, and the next one. */
  readonly others: readonly TicketKey[];
}

/** Bytes of a key with AES-256, and with AES-128, which OpenSSL makes no tickets with by itself. */
const whole = 80;
const short = 48;
const nameSize = 16;
/** As in HAProxy: one before, one now, one to come. */
const fewest = 3;

/**
 * Reads a file.
 * @param stretch makes 64 bytes of a short key's 32
 * @returns what is wrong with it, if something is
 */
export function readTicketKeys(
  text: string,
  stretch: (secret: Uint8Array) => Uint8Array,
): TicketKeys | string {
  const keys: TicketKey[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const bytes = decode(line.trim());
    if (bytes === null) return `line ${index + 1} is not base64`;
    if (bytes.length !== whole && bytes.length !== short) {
      return `line ${index + 1} has ${bytes.length} bytes; a key has ${short} or ${whole}`;
    }
    const key = new Uint8Array(new ArrayBuffer(whole));
    key.set(bytes);
    if (bytes.length === short) key.set(stretch(bytes.subarray(nameSize)), nameSize);
    keys.push(key);
  }
  if (keys.length < fewest) return `it has ${keys.length} keys; there must be ${fewest} at least`;
  const current = keys.at(-2)!;
  return { current, others: keys.filter((key) => key !== current) };
}

/** The name of a key, for comparison. */
export function keyName(key: Uint8Array): string {
  return Array.from(key.subarray(0, nameSize), (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

const SESSION_TICKET = 35;
const PRE_SHARED_KEY = 41;

/** The name of the key of the ticket that a client has; null: it has none. */
export function ticketName(
  hello: { extension(type: number): Uint8Array | null },
): string | null {
  // TLS 1.3: a list of identities, of which the first counts here; its length, and its own.
  const psk = hello.extension(PRE_SHARED_KEY)?.subarray(4);
  const ticket = psk ?? hello.extension(SESSION_TICKET);
  return ticket === null || ticket === undefined || ticket.length < nameSize
    ? null
    : keyName(ticket);
}

function decode(line: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(line), (c) => c.charCodeAt(0));
  } catch {
    return null;
  }
}
