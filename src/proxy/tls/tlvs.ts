/**
 * What a header of the PROXY protocol says of the client's TLS (its section 2.2.6), in HAProxy's
 * order (manual: "proxy-v2-options").
 */
import { bytesOf } from "../../bytes/bytes.ts";
import type * as model from "../../config/model.ts";
import { tlv } from "../../net/proxy-protocol/tlvs.ts";
import type { TlsFacts } from "../../net/tls/facts.ts";
import { nameEntry, readX509 } from "../../tls/x509.ts";

/** What may be said. */
type Option = model.Server["proxyV2Options"][number];

const PP2_TYPE_ALPN = 0x01;
const PP2_TYPE_AUTHORITY = 0x02;
const PP2_TYPE_SSL = 0x20;
const PP2_SUBTYPE_SSL_VERSION = 0x21;
const PP2_SUBTYPE_SSL_CN = 0x22;
const PP2_SUBTYPE_SSL_CIPHER = 0x23;
const PP2_SUBTYPE_SSL_SIG_ALG = 0x24;
const PP2_SUBTYPE_SSL_KEY_ALG = 0x25;

const PP2_CLIENT_SSL = 1;
const PP2_CLIENT_CERT_CONN = 2;
const PP2_CLIENT_CERT_SESS = 4;

/** The TLVs. @param tls the client's; null: it has none */
export function tlsTlvs(options: readonly Option[], tls: TlsFacts | null): Uint8Array {
  const bytes: number[] = [];
  const has = (option: Option) => options.includes(option);
  if (tls !== null && tls.alpn !== "") bytes.push(...tlv(PP2_TYPE_ALPN, bytesOf(tls.alpn)));
  if (has("authority") && tls !== null && tls.sni !== null) {
    bytes.push(...tlv(PP2_TYPE_AUTHORITY, bytesOf(tls.sni)));
  }
  if (has("ssl")) {
    bytes.push(...tlv(PP2_TYPE_SSL, tls === null ? [0, 0, 0, 0, 0] : sslValue(has, tls)));
  }
  return Uint8Array.from(bytes);
}

function sslValue(has: (option: Option) => boolean, tls: TlsFacts): number[] {
  const { clientCertificateUsed: used, clientCertificateSent: sent } = tls;
  const flags = PP2_CLIENT_SSL | (sent ? PP2_CLIENT_CERT_CONN : 0) |
    (used ? PP2_CLIENT_CERT_SESS : 0);
  const verify = used ? tls.verifyResult : 0;
  const value = [flags, verify >>> 24, verify >>> 16 & 255, verify >>> 8 & 255, verify & 255];
  const add = (type: number, text: string | null) => {
    if (text !== null) value.push(...tlv(type, bytesOf(text)));
  };
  add(PP2_SUBTYPE_SSL_VERSION, tls.version);
  if (has("cert-cn") && used) {
    const peer = tls.peer();
    const subject = peer === null ? null : readX509(peer.certificate)?.subject ?? null;
    add(PP2_SUBTYPE_SSL_CN, subject === null ? null : nameEntry(subject, "CN", 1));
  }
  // Those of the listener's certificate, as in HAProxy.
  const own = has("cert-key") || has("cert-sig") ? readX509(tls.own() ?? new Uint8Array()) : null;
  if (has("cert-key")) add(PP2_SUBTYPE_SSL_KEY_ALG, own?.keyKind ?? null);
  if (has("cert-sig")) add(PP2_SUBTYPE_SSL_SIG_ALG, own?.signatureAlgorithm ?? null);
  if (has("ssl-cipher")) add(PP2_SUBTYPE_SSL_CIPHER, tls.cipher);
  return value;
}
