/** OCSP responses to be stapled (RFC 6960): whose they are, and until when. */
import { TlsError } from "./context.ts";
import { openssl, takeError } from "./openssl.ts";

/** A response to staple. */
export interface Staple {
  readonly response: Uint8Array;
  /** ms since 1970; Infinity: it says nothing of that. */
  readonly until: number;
}

const OCSP_RESPONSE_STATUS_SUCCESSFUL = 0;
/** Seconds by which clocks may differ, as in HAProxy. */
const skew = 300;

const pointers = {
  response: new BigUint64Array(new ArrayBuffer(8)),
  status: new Int32Array(new ArrayBuffer(4)),
  reason: new Int32Array(new ArrayBuffer(4)),
  revoked: new BigUint64Array(new ArrayBuffer(8)),
  from: new BigUint64Array(new ArrayBuffer(8)),
  to: new BigUint64Array(new ArrayBuffer(8)),
};

/**
 * A response in DER, checked.
 * @param issuer the certificate that signed; 0: the first of the chain
 * @returns null: it is out of date, and not stapled
 * @throws {TlsError} if it is none, or of another certificate
 */
export function readOcsp(
  der: Uint8Array,
  { x509, chain }: { readonly x509: number; readonly chain: number },
  issuer: number,
): Staple | null {
  const { crypto } = openssl();
  const signer = issuer ||
    (crypto.OPENSSL_sk_num(chain) > 0 ? crypto.OPENSSL_sk_value(chain, 0) : x509);
  const { response: at } = pointers;
  at[0] = BigInt(openssl().addressOf(der));
  const response = crypto.d2i_OCSP_RESPONSE(null, at, der.length);
  if (response === 0) throw new TlsError(`no OCSP response: ${takeError()}`);
  try {
    if (crypto.OCSP_response_status(response) !== OCSP_RESPONSE_STATUS_SUCCESSFUL) {
      throw new TlsError("the OCSP response is an error");
    }
    const basic = crypto.OCSP_response_get1_basic(response);
    if (basic === 0) throw new TlsError(`no OCSP response: ${takeError()}`);
    const id = crypto.OCSP_cert_to_id(0, x509, signer);
    const { status, reason, revoked, from, to } = pointers;
    to[0] = 0n;
    const found = crypto.OCSP_resp_find_status(basic, id, status, reason, revoked, from, to);
    crypto.OCSP_CERTID_free(id);
    const valid = found === 1 &&
      crypto.OCSP_check_validity(Number(from[0]), Number(to[0]), skew, -1) === 1;
    const until = found === 1 && to[0] !== 0n ? secondsLeft(Number(to[0])) : Infinity;
    crypto.OCSP_BASICRESP_free(basic);
    takeError();
    if (found !== 1) throw new TlsError("the OCSP response is of another certificate");
    return valid ? { response: der.slice(), until: Date.now() + until * 1000 } : null;
  } finally {
    crypto.OCSP_RESPONSE_free(response);
  }
}

/** What a response says, in OpenSSL's words; "": it is none. */
export function ocspText(der: Uint8Array): string {
  const { crypto } = openssl();
  const { response: at } = pointers;
  at[0] = BigInt(openssl().addressOf(der));
  const response = crypto.d2i_OCSP_RESPONSE(null, at, der.length);
  const bio = crypto.BIO_new(crypto.BIO_s_mem());
  if (response !== 0) crypto.OCSP_RESPONSE_print(bio, response, 0);
  const bytes = new Uint8Array(new ArrayBuffer(crypto.BIO_ctrl_pending(bio)));
  const count = bytes.length === 0 ? 0 : crypto.BIO_read(bio, bytes, bytes.length);
  crypto.BIO_free(bio);
  if (response !== 0) crypto.OCSP_RESPONSE_free(response);
  takeError();
  return new TextDecoder().decode(bytes.subarray(0, Math.max(0, count)));
}

/** From now to an ASN1_TIME. */
function secondsLeft(time: number): number {
  const days = new Int32Array(new ArrayBuffer(4));
  const seconds = new Int32Array(new ArrayBuffer(4));
  openssl().crypto.ASN1_TIME_diff(days, seconds, 0, time);
  return days[0]! * 86_400 + seconds[0]!;
}
