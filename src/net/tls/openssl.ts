/**
 * OpenSSL 3 of the system, called from either runtime: one table of what is called, which bun:ffi or
 * Deno.dlopen binds. Nothing is opened before {@linkcode openssl} is called.
 *
 * An object of OpenSSL's is a number here, its address; 0: there is none. Rules: a pointer belongs
 * to one owner, that frees it once and forgets it; what is passed as memory is the array itself, as
 * a cached address keeps nothing alive; no argument is left out (it would become 0).
 */
import process from "node:process";

/** What is read or written: an array's bytes, or none. */
export type Memory = ArrayBufferView | null;

/** The names of the libraries: of OpenSSL 3, whatever the C library. */
const sslName = "libssl.so.3";
const cryptoName = "libcrypto.so.3";

type Kind = "pointer" | "memory" | "i32" | "u32" | "i64" | "size" | "void";

/** The result of each call, then its arguments. `libssl`: the connections. */
const sslSignatures = {
  OPENSSL_init_ssl: ["i32", "size", "pointer"],
  TLS_server_method: ["pointer"],
  TLS_client_method: ["pointer"],
  SSL_CTX_new: ["pointer", "pointer"],
  SSL_CTX_up_ref: ["i32", "pointer"],
  SSL_CTX_free: ["void", "pointer"],
  SSL_CTX_ctrl: ["i64", "pointer", "i32", "i64", "memory"],
  SSL_CTX_callback_ctrl: ["i64", "pointer", "i32", "pointer"],
  SSL_CTX_set_options: ["size", "pointer", "size"],
  SSL_CTX_clear_options: ["size", "pointer", "size"],
  SSL_CTX_set_cipher_list: ["i32", "pointer", "memory"],
  SSL_CTX_set_ciphersuites: ["i32", "pointer", "memory"],
  SSL_CTX_set_security_level: ["void", "pointer", "i32"],
  SSL_CTX_set_alpn_select_cb: ["void", "pointer", "pointer", "pointer"],
  SSL_CTX_set_alpn_protos: ["i32", "pointer", "memory", "u32"],
  SSL_CTX_set_verify: ["void", "pointer", "i32", "pointer"],
  SSL_CTX_set_cert_store: ["void", "pointer", "pointer"],
  SSL_CTX_set_client_CA_list: ["void", "pointer", "pointer"],
  SSL_CTX_set_session_id_context: ["i32", "pointer", "memory", "u32"],
  SSL_CTX_set_timeout: ["i64", "pointer", "i64"],
  SSL_CTX_set_num_tickets: ["i32", "pointer", "size"],
  SSL_CTX_set0_tmp_dh_pkey: ["i32", "pointer", "pointer"],
  SSL_CTX_use_cert_and_key: ["i32", "pointer", "pointer", "pointer", "pointer", "i32"],
  SSL_new: ["pointer", "pointer"],
  SSL_free: ["void", "pointer"],
  SSL_set_SSL_CTX: ["pointer", "pointer", "pointer"],
  SSL_set_bio: ["void", "pointer", "pointer", "pointer"],
  SSL_set_accept_state: ["void", "pointer"],
  SSL_set_connect_state: ["void", "pointer"],
  SSL_set_verify: ["void", "pointer", "i32", "pointer"],
  SSL_do_handshake: ["i32", "pointer"],
  SSL_read: ["i32", "pointer", "memory", "i32"],
  SSL_write: ["i32", "pointer", "memory", "i32"],
  SSL_shutdown: ["i32", "pointer"],
  SSL_set_shutdown: ["void", "pointer", "i32"],
  SSL_get_error: ["i32", "pointer", "i32"],
  SSL_ctrl: ["i64", "pointer", "i32", "i64", "memory"],
  SSL_certs_clear: ["void", "pointer"],
  SSL_use_cert_and_key: ["i32", "pointer", "pointer", "pointer", "pointer", "i32"],
  SSL_set1_host: ["i32", "pointer", "memory"],
  SSL_get1_session: ["pointer", "pointer"],
  SSL_set_session: ["i32", "pointer", "pointer"],
  SSL_SESSION_free: ["void", "pointer"],
  SSL_SESSION_is_resumable: ["i32", "pointer"],
  SSL_SESSION_get_id: ["pointer", "pointer", "memory"],
  SSL_SESSION_get_master_key: ["size", "pointer", "memory", "size"],
  SSL_get_session: ["pointer", "pointer"],
  SSL_session_reused: ["i32", "pointer"],
  SSL_version: ["i32", "pointer"],
  SSL_get_current_cipher: ["pointer", "pointer"],
  SSL_CIPHER_get_name: ["pointer", "pointer"],
  SSL_CIPHER_get_bits: ["i32", "pointer", "memory"],
  SSL_get0_alpn_selected: ["void", "pointer", "memory", "memory"],
  SSL_get_verify_result: ["i64", "pointer"],
  SSL_get1_peer_certificate: ["pointer", "pointer"],
  SSL_get_peer_cert_chain: ["pointer", "pointer"],
  SSL_get_certificate: ["pointer", "pointer"],
  SSL_get_client_random: ["size", "pointer", "memory", "size"],
  SSL_get_server_random: ["size", "pointer", "memory", "size"],
  SSL_get_finished: ["size", "pointer", "memory", "size"],
  SSL_get_peer_finished: ["size", "pointer", "memory", "size"],
} as const satisfies Readonly<Record<string, readonly [Kind, ...Kind[]]>>;

/** `libcrypto`: certificates, keys, and what the connections read and write. */
const cryptoSignatures = {
  OpenSSL_version: ["pointer", "i32"],
  BIO_new_bio_pair: ["i32", "memory", "size", "memory", "size"],
  BIO_new: ["pointer", "pointer"],
  BIO_s_mem: ["pointer"],
  BIO_write: ["i32", "pointer", "memory", "i32"],
  BIO_nread0: ["i32", "pointer", "memory"],
  BIO_nread: ["i32", "pointer", "memory", "i32"],
  BIO_read: ["i32", "pointer", "memory", "i32"],
  BIO_ctrl_pending: ["size", "pointer"],
  BIO_up_ref: ["i32", "pointer"],
  BIO_free: ["i32", "pointer"],
  ERR_get_error: ["size"],
  ERR_peek_last_error: ["size"],
  ERR_clear_error: ["void"],
  ERR_reason_error_string: ["pointer", "size"],
  CRYPTO_malloc: ["pointer", "size", "memory", "i32"],
  PEM_read_bio_X509: ["pointer", "pointer", "memory", "pointer", "pointer"],
  PEM_read_bio_PrivateKey: ["pointer", "pointer", "memory", "pointer", "memory"],
  PEM_read_bio_Parameters: ["pointer", "pointer", "memory"],
  PEM_read_bio_X509_CRL: ["pointer", "pointer", "memory", "pointer", "pointer"],
  OPENSSL_sk_new_null: ["pointer"],
  OPENSSL_sk_push: ["i32", "pointer", "pointer"],
  OPENSSL_sk_num: ["i32", "pointer"],
  OPENSSL_sk_value: ["pointer", "pointer", "i32"],
  OPENSSL_sk_free: ["void", "pointer"],
  X509_free: ["void", "pointer"],
  X509_up_ref: ["i32", "pointer"],
  X509_check_private_key: ["i32", "pointer", "pointer"],
  X509_get_subject_name: ["pointer", "pointer"],
  X509_get_issuer_name: ["pointer", "pointer"],
  X509_NAME_cmp: ["i32", "pointer", "pointer"],
  X509_NAME_dup: ["pointer", "pointer"],
  X509_get0_pubkey: ["pointer", "pointer"],
  X509_cmp: ["i32", "pointer", "pointer"],
  X509_CRL_free: ["void", "pointer"],
  d2i_X509: ["pointer", "memory", "memory", "i64"],
  i2d_X509: ["i32", "pointer", "memory"],
  EVP_PKEY_free: ["void", "pointer"],
  EVP_PKEY_up_ref: ["i32", "pointer"],
  EVP_PKEY_get_base_id: ["i32", "pointer"],
  EVP_PKEY_get_bits: ["i32", "pointer"],
  EVP_PKEY_eq: ["i32", "pointer", "pointer"],
  X509_STORE_new: ["pointer"],
  X509_STORE_up_ref: ["i32", "pointer"],
  X509_STORE_free: ["void", "pointer"],
  X509_STORE_add_cert: ["i32", "pointer", "pointer"],
  X509_STORE_add_crl: ["i32", "pointer", "pointer"],
  X509_STORE_set_flags: ["i32", "pointer", "size"],
  X509_STORE_CTX_get_error: ["i32", "pointer"],
  X509_STORE_CTX_get_error_depth: ["i32", "pointer"],
  d2i_OCSP_RESPONSE: ["pointer", "memory", "memory", "i64"],
  OCSP_RESPONSE_free: ["void", "pointer"],
  OCSP_response_status: ["i32", "pointer"],
  OCSP_RESPONSE_print: ["i32", "pointer", "pointer", "size"],
  OCSP_response_get1_basic: ["pointer", "pointer"],
  OCSP_BASICRESP_free: ["void", "pointer"],
  OCSP_cert_to_id: ["pointer", "pointer", "pointer", "pointer"],
  OCSP_CERTID_free: ["void", "pointer"],
  OCSP_resp_find_status: [
    ...["i32", "pointer", "pointer", "memory", "memory", "memory", "memory", "memory"] as const,
  ],
  OCSP_check_validity: ["i32", "pointer", "pointer", "i64", "i64"],
  ASN1_TIME_diff: ["i32", "memory", "memory", "pointer", "pointer"],
  X509_verify_cert_error_string: ["pointer", "i64"],
} as const satisfies Readonly<Record<string, readonly [Kind, ...Kind[]]>>;

type Signatures = Readonly<Record<string, readonly [Kind, ...Kind[]]>>;
type Argument<K extends Kind> = K extends "memory" ? Memory : number;
type Arguments<Kinds extends readonly unknown[]> = {
  -readonly [I in keyof Kinds]: Kinds[I] extends Kind ? Argument<Kinds[I]> : never;
};
type Calls<S extends Signatures> = {
  readonly [N in keyof S]: S[N] extends readonly [infer R, ...infer A]
    ? (...args: Arguments<A>) => R extends "void" ? void : number
    : never;
};

/** A function of ours that OpenSSL calls, in this thread only. */
export interface Callback {
  readonly pointer: number;
}

/** The libraries, opened. */
export interface OpenSsl {
  readonly ssl: Calls<typeof sslSignatures>;
  readonly crypto: Calls<typeof cryptoSignatures>;
  /** An array's bytes from an offset on, for the next call only. The caller has the array. */
  part(bytes: Uint8Array, from: number): Memory;
  /** The memory at an address, for as long as its owner keeps it. */
  view(pointer: number, length: number): Uint8Array;
  /** The text at an address, up to the first NUL. */
  text(pointer: number): string;
  /** The address of an array's bytes; keeps nothing alive. */
  addressOf(bytes: ArrayBufferView): number;
  /** Makes a function callable: all arguments but the last ones, that are left out, are addresses. */
  callback(
    args: readonly ("pointer" | "i32" | "u32")[],
    act: (...args: number[]) => number,
  ): Callback;
}

// Not by import(): a thread of the compiled program ends before a module that waits is there.
const bunFfi = "Bun" in globalThis
  ? process.getBuiltinModule("bun:ffi") as unknown as typeof import("bun:ffi")
  : null;

function openOnBun(): OpenSsl {
  const { dlopen, FFIType, ptr, toArrayBuffer, CString, JSCallback } = bunFfi!;
  const kinds = { ...FFIType, pointer: FFIType.ptr, memory: FFIType.ptr, size: FFIType.u64 };
  // Results that fit in a number are one: addresses have 47 bits.
  const results = {
    ...kinds,
    pointer: FFIType.u64_fast,
    size: FFIType.u64_fast,
    i64: FFIType.i64_fast,
  };
  const open = (name: string, signatures: Signatures) =>
    dlopen(
      name,
      Object.fromEntries(
        Object.entries(signatures).map(([name, [result, ...args]]) => [
          name,
          { args: args.map((kind) => kinds[kind]), returns: results[result] },
        ]),
      ) as Parameters<typeof dlopen>[1],
    ).symbols as unknown;
  type Pointer = Parameters<typeof toArrayBuffer>[0];
  return {
    crypto: open(cryptoName, cryptoSignatures) as OpenSsl["crypto"],
    ssl: open(sslName, sslSignatures) as OpenSsl["ssl"],
    part: (bytes, from) => from === 0 ? bytes : (ptr(bytes) + from) as unknown as Memory,
    view: (pointer, length) => new Uint8Array(toArrayBuffer(pointer as Pointer, 0, length)),
    text: (pointer) => pointer === 0 ? "" : String(new CString(pointer as Pointer)),
    addressOf: (bytes) => ptr(bytes as Uint8Array),
    callback(args, act) {
      const made = new JSCallback(act, {
        args: args.map((kind) => kinds[kind]),
        returns: FFIType.i32,
      });
      return { pointer: made.ptr as unknown as number };
    },
  };
}

function openOnDeno(): OpenSsl {
  const native = { memory: "buffer", pointer: "usize", size: "usize" } as const;
  const kind = (of: Kind) => of in native ? native[of as keyof typeof native] : of;
  const open = (name: string, signatures: Signatures): unknown => {
    const symbols = Object.fromEntries(
      Object.entries(signatures).map(([name, [result, ...args]]) => [
        name,
        { parameters: args.map(kind), result: kind(result) },
      ]),
    ) as Deno.ForeignLibraryInterface;
    const calls = Deno.dlopen(name, symbols).symbols as Record<
      string,
      (...args: unknown[]) => unknown
    >;
    return Object.fromEntries(
      Object.entries(signatures).map(([name, [result]]) => {
        const call = calls[name]!;
        const wide = result === "pointer" || result === "size" || result === "i64";
        return [name, wide ? (...args: unknown[]) => Number(call(...args)) : call];
      }),
    );
  };
  const at = (pointer: number) => Deno.UnsafePointer.create(BigInt(pointer))!;
  return {
    crypto: open(cryptoName, cryptoSignatures) as OpenSsl["crypto"],
    ssl: open(sslName, sslSignatures) as OpenSsl["ssl"],
    part: (bytes, from) => bytes.subarray(from),
    view: (pointer, length) =>
      new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(at(pointer), length)),
    text: (pointer) => pointer === 0 ? "" : Deno.UnsafePointerView.getCString(at(pointer)),
    addressOf({ buffer, byteOffset }) {
      return Number(
        Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(buffer as ArrayBuffer))),
      ) +
        byteOffset;
    },
    callback(args, act) {
      const made = new Deno.UnsafeCallback(
        { parameters: args.map(kind) as Deno.NativeType[], result: "i32" },
        ((...given: (number | bigint)[]) => act(...given.map(Number))) as never,
      );
      return { pointer: Number(Deno.UnsafePointer.value(made.pointer)) };
    },
  };
}

let library: OpenSsl | null = null;
let lack: string | null = null;

/** Why there is no OpenSSL 3 here, for a person to read; null: there is. */
export function whyNoOpenSsl(): string | null {
  if (library !== null || lack !== null) return lack;
  try {
    library = bunFfi !== null ? openOnBun() : openOnDeno();
    library.ssl.OPENSSL_init_ssl(0, 0);
  } catch (error) {
    lack = `${sslName} cannot be loaded: ${(error as Error).message}`;
  }
  return lack;
}

/** "OpenSSL 3.0.19 27 Jan 2026": what is there; null: nothing. */
export function tlsLibrary(): string | null {
  if (whyNoOpenSsl() !== null) return null;
  const { crypto, text } = openssl();
  return text(crypto.OpenSSL_version(0));
}

/** The libraries, opened by the first that asks. @throws {Error} if they cannot be */
export function openssl(): OpenSsl {
  if (library === null && whyNoOpenSsl() !== null) throw new Error(lack!);
  return library!;
}

/** A text as C has it. */
export function zeroTerminated(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  const whole = new Uint8Array(new ArrayBuffer(bytes.length + 1));
  whole.set(bytes);
  return whole;
}

/** What OpenSSL says went wrong, the first of it, in its words; "" if nothing. The queue is emptied. */
export function takeError(): string {
  const { crypto, text } = openssl();
  const code = crypto.ERR_get_error();
  if (code === 0) return "";
  crypto.ERR_clear_error();
  // Not all codes have words: those of the system have not.
  return text(crypto.ERR_reason_error_string(code)) || `error ${code.toString(16)}`;
}
