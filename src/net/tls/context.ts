/** Contexts (SSL_CTX): what connections have in common. */
import { alpnCallback, stapleCallback, verifyCallback } from "./handshake.ts";
import { openssl, takeError, zeroTerminated } from "./openssl.ts";

/** What goes wrong with what the configuration says of TLS. */
export class TlsError extends Error {
  override readonly name = "TlsError";
}

/** The versions of the protocol, by their names in the configuration. */
export const versionNumbers = {
  "SSLv3": 0x300,
  "TLSv1.0": 0x301,
  "TLSv1.1": 0x302,
  "TLSv1.2": 0x303,
  "TLSv1.3": 0x304,
} as const;

/** By version, the option that leaves it out (SSL_OP_NO_*). */
const noVersion: Readonly<Record<number, number>> = {
  0x300: 2 ** 25,
  0x301: 2 ** 26,
  0x302: 2 ** 28,
  0x303: 2 ** 27,
  0x304: 2 ** 29,
};

/** What a context is made of; plain data, but for the addresses. */
export interface ContextOptions {
  readonly role: "server" | "client";
  /** The least and greatest version, and those between that are left out. */
  readonly versions: {
    readonly min: number;
    readonly max: number;
    readonly without: readonly number[];
  };
  /** In OpenSSL's languages; null: as OpenSSL has it. */
  readonly ciphers: string | null;
  readonly ciphersuites: string | null;
  readonly groups: string | null;
  readonly sigalgs: string | null;
  readonly clientSigalgs: string | null;
  /** The order of the client's ciphers counts, not that of ours. */
  readonly clientOrder: boolean;
  readonly tickets: boolean;
  /** The certificate of the peer: not asked for, asked for, needed. */
  readonly verify: "none" | "optional" | "required";
  /** X509_STORE of those who may have signed it; 0: none. */
  readonly store: number;
  /** STACK_OF(X509_NAME) of those that a client is told of; 0: none. */
  readonly authorities: number;
  /** A session goes on in no context with another such text. */
  readonly sessionContext: string;
  /** Sessions that are kept by their id; 0: none. */
  readonly cacheSize: number;
  /** How long they last, seconds. */
  readonly lifetime: number;
  /** Bytes of content in a record at most; 0: 16,384. */
  readonly maxRecord: number;
  /** OpenSSL's security level; null: its default. */
  readonly securityLevel: number | null;
  /** EVP_PKEY with parameters for DHE; 0: those of RFC 7919. */
  readonly dh: number;
  /** A client offers these, as they are on the wire. */
  readonly protocols: Uint8Array | null;
}

/** Options that ask for nothing special, for who has no configuration: a server's of TLS 1.2 and 1.3. */
export const plainOptions: ContextOptions = {
  role: "server",
  versions: { min: 0x303, max: 0x304, without: [] },
  ciphers: null,
  ciphersuites: null,
  groups: null,
  sigalgs: null,
  clientSigalgs: null,
  clientOrder: false,
  tickets: true,
  verify: "none",
  store: 0,
  authorities: 0,
  sessionContext: "sluice",
  cacheSize: 100,
  lifetime: 300,
  maxRecord: 0,
  securityLevel: null,
  dh: 0,
  protocols: null,
};

const SSL_CTRL_MODE = 33;
const SSL_CTRL_SET_SESS_CACHE_SIZE = 42;
const SSL_CTRL_SET_SESS_CACHE_MODE = 44;
const SSL_CTRL_SET_MAX_SEND_FRAGMENT = 52;
const SSL_CTRL_SET_TLSEXT_TICKET_KEYS = 59;
const SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB = 63;
const SSL_CTRL_SET_GROUPS_LIST = 92;
const SSL_CTRL_SET_SIGALGS_LIST = 98;
const SSL_CTRL_SET_CLIENT_SIGALGS_LIST = 102;
const SSL_CTRL_SET_DH_AUTO = 118;
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
const SSL_CTRL_SET_MAX_PROTO_VERSION = 124;

/** ENABLE_PARTIAL_WRITE, ACCEPT_MOVING_WRITE_BUFFER, RELEASE_BUFFERS. */
const modes = 1 | 2 | 16;
const SSL_OP_NO_TICKET = 2 ** 14;
const SSL_OP_NO_COMPRESSION = 2 ** 17;
const SSL_OP_PRIORITIZE_CHACHA = 2 ** 21;
const SSL_OP_CIPHER_SERVER_PREFERENCE = 2 ** 22;
const SSL_OP_NO_RENEGOTIATION = 2 ** 30;
const SSL_SESS_CACHE_OFF = 0;
const SSL_SESS_CACHE_SERVER = 2;

/** SSL_VERIFY_*. */
export const verifyModes = { none: 0, optional: 1, required: 3 } as const;

/**
 * Makes a context.
 * @param callbacks for handshakes of this thread; without, it can only hold sessions
 * @returns its address, the caller's to free
 * @throws {TlsError} with OpenSSL's words, if it takes an option for wrong
 */
export function createContext(options: ContextOptions, callbacks: boolean): number {
  const { ssl } = openssl();
  const server = options.role === "server";
  const context = ssl.SSL_CTX_new(server ? ssl.TLS_server_method() : ssl.TLS_client_method());
  if (context === 0) throw new TlsError(takeError());
  try {
    apply(context, options);
    if (callbacks) {
      if (server) ssl.SSL_CTX_set_alpn_select_cb(context, alpnCallback(), 0);
      const { verify } = options;
      if (verify !== "none") {
        ssl.SSL_CTX_set_verify(context, verifyModes[verify], verifyCallback());
      }
    }
    return context;
  } catch (error) {
    ssl.SSL_CTX_free(context);
    throw error;
  }
}

function apply(context: number, options: ContextOptions): void {
  const { ssl } = openssl();
  const control = (command: number, value: number, memory: Uint8Array | null = null) =>
    ssl.SSL_CTX_ctrl(context, command, value, memory);
  const check = (result: number, what: string) => {
    if (result === 1) return;
    const words = takeError();
    throw new TlsError(words === "" ? what : `${what}: ${words}`);
  };
  const list = (command: number, text: string | null, what: string) => {
    if (text !== null) check(control(command, 0, zeroTerminated(text)), `${what} '${text}'`);
  };
  const { versions, sessionContext } = options;
  control(SSL_CTRL_MODE, modes);
  check(control(SSL_CTRL_SET_MIN_PROTO_VERSION, versions.min), "the least version");
  check(control(SSL_CTRL_SET_MAX_PROTO_VERSION, versions.max), "the greatest version");
  let bits = SSL_OP_NO_COMPRESSION + SSL_OP_NO_RENEGOTIATION;
  // A client without hardware for AES prefers ChaCha20, and gets it.
  if (!options.clientOrder) bits += SSL_OP_CIPHER_SERVER_PREFERENCE + SSL_OP_PRIORITIZE_CHACHA;
  if (!options.tickets) bits += SSL_OP_NO_TICKET;
  for (const version of versions.without) bits += noVersion[version] ?? 0;
  ssl.SSL_CTX_set_options(context, bits);
  if (options.securityLevel !== null) {
    ssl.SSL_CTX_set_security_level(context, options.securityLevel);
  }
  if (options.ciphers !== null) {
    const what = `ciphers '${options.ciphers}'`;
    check(ssl.SSL_CTX_set_cipher_list(context, zeroTerminated(options.ciphers)), what);
  }
  if (options.ciphersuites !== null) {
    const what = `ciphersuites '${options.ciphersuites}'`;
    check(ssl.SSL_CTX_set_ciphersuites(context, zeroTerminated(options.ciphersuites)), what);
  }
  list(SSL_CTRL_SET_GROUPS_LIST, options.groups, "curves");
  list(SSL_CTRL_SET_SIGALGS_LIST, options.sigalgs, "sigalgs");
  list(SSL_CTRL_SET_CLIENT_SIGALGS_LIST, options.clientSigalgs, "client-sigalgs");
  if (options.dh !== 0) {
    openssl().crypto.EVP_PKEY_up_ref(options.dh);
    check(ssl.SSL_CTX_set0_tmp_dh_pkey(context, options.dh), "the Diffie-Hellman parameters");
  } else {
    control(SSL_CTRL_SET_DH_AUTO, 1);
  }
  if (options.maxRecord > 0) control(SSL_CTRL_SET_MAX_SEND_FRAGMENT, options.maxRecord);
  if (options.store !== 0) {
    openssl().crypto.X509_STORE_up_ref(options.store);
    ssl.SSL_CTX_set_cert_store(context, options.store);
  }
  if (options.authorities !== 0) {
    ssl.SSL_CTX_set_client_CA_list(context, copyNames(options.authorities));
  }
  if (options.role === "server") {
    const id = new TextEncoder().encode(sessionContext).slice(0, 32);
    check(ssl.SSL_CTX_set_session_id_context(context, id, id.length), "the session's context");
  }
  control(
    SSL_CTRL_SET_SESS_CACHE_MODE,
    options.cacheSize > 0 ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF,
  );
  if (options.cacheSize > 0) control(SSL_CTRL_SET_SESS_CACHE_SIZE, options.cacheSize);
  ssl.SSL_CTX_set_timeout(context, options.lifetime);
  // One ticket a handshake: a second one is made for nothing, mostly.
  if (options.role === "server") ssl.SSL_CTX_set_num_tickets(context, 1);
  const { protocols } = options;
  if (protocols !== null) {
    // 0 is success here.
    ssl.SSL_CTX_set_alpn_protos(context, protocols, protocols.length);
  }
}

/** A context frees the list that it is given. */
function copyNames(stack: number): number {
  const { crypto } = openssl();
  const copy = crypto.OPENSSL_sk_new_null();
  for (let i = 0; i < crypto.OPENSSL_sk_num(stack); i++) {
    crypto.OPENSSL_sk_push(copy, crypto.X509_NAME_dup(crypto.OPENSSL_sk_value(stack, i)));
  }
  return copy;
}

/** Sets what tickets are made with: 16 bytes of name, 32 for HMAC, 32 for AES. @throws {TlsError} */
export function setTicketKey(context: number, key: Uint8Array<ArrayBuffer>): void {
  const { ssl } = openssl();
  if (ssl.SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_TICKET_KEYS, key.length, key) !== 1) {
    throw new TlsError(takeError());
  }
}

/** Lets OCSP responses be stapled: those of the certificates (server.ts). */
export function allowStapling(context: number): void {
  openssl().ssl.SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, stapleCallback());
}

/** Has all connections of a context show a certificate. @throws {TlsError} */
export function useCertificate(
  context: number,
  { x509, key, chain }: { readonly x509: number; readonly key: number; readonly chain: number },
): void {
  const { ssl } = openssl();
  if (ssl.SSL_CTX_use_cert_and_key(context, x509, key, chain, 1) !== 1) {
    throw new TlsError(takeError());
  }
}

/** Frees a context; its connections go on. */
export function freeContext(context: number): void {
  openssl().ssl.SSL_CTX_free(context);
}
