/**
 * The check of layer 6 (manual: "option ssl-hello-chk"): a TLS ClientHello, to which only a TLS
 * server answers in kind. That distinguishes one from a firewall that acknowledges every connection.
 *
 * HAProxy sends a hello of SSLv3, which servers of today refuse; ours is of TLS 1.3 and, for old
 * servers, all versions before. The handshake goes no further.
 */
import { verdict } from "./result.ts";
import { type Finding, GO, implicitConnect, type Steps, WAIT } from "./steps.ts";

/** TLS 1.3's cipher suites, then what servers of TLS 1.2 and before have had in use. */
const cipherSuites = [
  [0x1301, 0x1302, 0x1303],
  // ECDHE: GCM, ChaCha20, CBC
  [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc023, 0xc027, 0xc009, 0xc013, 0xc00a, 0xc014],
  // DHE
  [0x009e, 0x009f, 0x0067, 0x006b, 0x0033, 0x0039],
  // RSA
  [0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035, 0x000a],
  // Some servers insist on it: TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746).
  [0x00ff],
].flat();

/** x25519, P-256, P-384, P-521, ffdhe2048, ffdhe3072 */
const groups = [0x001d, 0x0017, 0x0018, 0x0019, 0x0100, 0x0101];

/** ECDSA, EdDSA, RSA-PSS and RSA; SHA-1 last. */
const signatures = [
  [0x0403, 0x0503, 0x0603, 0x0807, 0x0808],
  [0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b],
  [0x0401, 0x0501, 0x0601, 0x0203, 0x0201],
].flat();

/** TLS 1.3, 1.2, 1.1, 1.0 */
const versions = [0x0304, 0x0303, 0x0302, 0x0301];

/** RFC 8446, section 4.2, by the numbers in IANA's table. */
const extensions = [
  extension(10, vector(2, words(groups))),
  extension(11, vector(1, [0])), // uncompressed points (RFC 8422)
  extension(13, vector(2, words(signatures))),
  extension(23, []), // the extended master secret (RFC 7627), which some servers insist on
  extension(43, vector(1, words(versions))),
  // No key share: a server of TLS 1.3 asks for one (HelloRetryRequest), which costs it no
  // computation, and us none either.
  extension(51, vector(2, [])),
].flat();

/** The record that begins a handshake (RFC 8446, section 4.1.2). No server is asked for by name. */
export function clientHello(random: () => number): Uint8Array {
  const nonce = Array.from({ length: 32 }, () => Math.floor(random() * 256));
  const body = [
    ...words([0x0303]),
    ...nonce,
    ...vector(1, []), // no session to resume
    ...vector(2, words(cipherSuites)),
    ...vector(1, [0]), // no compression
    ...vector(2, extensions),
  ];
  const handshake = [CLIENT_HELLO, ...vector(3, body)];
  return Uint8Array.of(HANDSHAKE, 3, 1, ...vector(2, handshake));
}

/** Numbers of 16 bits. */
function words(numbers: readonly number[]): number[] {
  return numbers.flatMap((number) => [number >> 8, number & 255]);
}

/** Bytes after their length, in `width` bytes (RFC 8446, section 3.4). */
function vector(width: number, bytes: readonly number[]): number[] {
  const length = Array.from(
    { length: width },
    (_, i) => (bytes.length >> 8 * (width - 1 - i)) & 255,
  );
  return [...length, ...bytes];
}

function extension(type: number, data: readonly number[]): number[] {
  return [...words([type]), ...vector(2, data)];
}

// Types of records, and of messages of the handshake.
const ALERT = 21;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
/** A record's header, and the two bytes of an alert. */
const enough = 7;

/** A check that asks for a TLS handshake. @param random from 0 to 1, like Math.random */
export function sslHelloSteps(random: () => number): Steps {
  return {
    named: false,
    method: null,
    steps: [
      implicitConnect,
      { kind: "send", id: 1, comment: null, bytes: () => clientHello(random) },
      {
        kind: "expect",
        id: 2,
        head: 2,
        comment: null,
        timeout: "L6TOUT",
        empty: "L6RSP",
        what: "custom function",
        find(input) {
          const found = judge(input.bytes.subarray(0, enough));
          return found === WAIT && input.complete ? verdict("L6RSP") : found;
        },
        success: () => verdict("L6OK"),
      },
    ],
  };
}

/**
 * A ServerHello proves a TLS server, and so does an alert, be it that the server does not like our
 * hello.
 */
function judge(answer: Uint8Array): Finding {
  const [type, major, , , , first, second] = answer;
  if (type === undefined) return WAIT;
  if (type !== HANDSHAKE && type !== ALERT) return verdict("L6RSP");
  if (major === undefined) return WAIT;
  if (major !== 3) return verdict("L6RSP");
  if (first === undefined) return WAIT;
  if (type === HANDSHAKE) return first === SERVER_HELLO ? GO : verdict("L6RSP");
  // Its level, a warning or fatal, and its description (RFC 8446, section 6).
  if (first !== 1 && first !== 2) return verdict("L6RSP");
  return second === undefined ? WAIT : GO;
}
