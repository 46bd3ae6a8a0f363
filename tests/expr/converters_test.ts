/** Converters that haproxy 2.6 has not: values of the manual, of RFCs and of NIST. */
import { assertEquals } from "@std/assert";
import { generateKeyPairSync, publicEncrypt, randomBytes } from "node:crypto";
import { constants, createCipheriv } from "node:crypto";
import { Buffer } from "node:buffer";
import { noProcess } from "#src/expr/context.ts";
import { PatternStore } from "#src/expr/patterns/store.ts";
import { YES } from "#src/expr/test.ts";
import { test } from "../testing.ts";
import { evaluator, noReferences } from "./references.ts";

/** Expressions and what they are; null: nothing. */
function alike(cases: Readonly<Record<string, string | null>>, evaluate = evaluator()): void {
  for (const [text, expected] of Object.entries(cases)) {
    assertEquals(evaluate(text), expected, text);
  }
}

test("converters of strings: reversed, with eight digits a byte", () => {
  alike({
    "str(abc),reverse": "cba",
    "str(),reverse": "",
    "str(www.example.org),reverse_dom": "org.example.www",
    "str(local),reverse_dom": "local",
    "str(.a),reverse_dom": "a.",
    "bin(0aff),base2": "0000101011111111",
    "str(012345),bytes(0)": "012345",
    "str(a=b&c=d&a=r),param(a)": "b",
    "str(a&b=c),param(a)": "",
    "str(a=&b&c=a),param(b)": "",
    "str(a=1;b=2;c=4),param(b,;)": "2",
    "str(a=1),param(b)": null,
    "bin(01020304050607),le2dec(-,2,1)": "513-1027-1541",
  });
});

test("converters of dates: the three forms of HTTP, and parts of a second", () => {
  alike({
    "str('Sun, 06 Nov 1994 08:49:37 GMT'),date": "784111777",
    "str('Sunday, 06-Nov-94 08:49:37 GMT'),date": "784111777",
    "str('Sun Nov  6 08:49:37 1994'),date": "784111777",
    "str('06 Nov 1994'),date": null,
    "int(1700000000196),ms_utime('%S.%3N %N %%N')": "20.196 196000000 %N",
    "int(1700000000196234),us_utime(%H:%M:%S.%6N)": "22:13:20.196234",
    "int(1700000000196),ms_utime(%S,1000)": "21",
  });
});

test("converters of the Forwarded field: the manual's examples", () => {
  const whole = `str('proto=https;host="haproxy.org:80";for="127.0.0.1:9999"')`;
  alike({
    [`${whole},rfc7239_is_valid`]: "1",
    [`${whole},rfc7239_field(host)`]: "haproxy.org:80",
    [`${whole},rfc7239_field(for)`]: "127.0.0.1:9999",
    [`${whole},rfc7239_field(by)`]: null,
    "str(for=127.0.0.1;proto=http),rfc7239_is_valid": "1",
    "str(proto=custom),rfc7239_is_valid": "0",
    "str(for=127.0.0.1:80),rfc7239_is_valid": "0",
    "str(proto=http;proto=http),rfc7239_is_valid": "0",
    "str(secret=1),rfc7239_is_valid": "0",
    "str(proto=http;),rfc7239_is_valid": "1",
    "str(127.0.0.1:9999),rfc7239_n2nn": "127.0.0.1",
    "str([ab:cd:ff:ff:ff:ff:ff:ff]:9998),rfc7239_n2nn": "ab:cd:ff:ff:ff:ff:ff:ff",
    "str(_name:_port),rfc7239_n2nn": "_name",
    "str(unknown),rfc7239_n2nn": "unknown",
    "str(127.0.0.1:9999),rfc7239_n2np": "9999",
    "str([ab:cd:ff:ff:ff:ff:ff:ff]:9998),rfc7239_n2np": "9998",
    "str(_name:_port),rfc7239_n2np": "_port",
    "str(127.0.0.1),rfc7239_n2np": null,
    "str(1.2.3.4.5),rfc7239_n2nn": null,
    "ipv6(ab:cd:ff:ff:ff:ff:ff:ff),rfc7239_nn": "[ab:cd:ff:ff:ff:ff:ff:ff]",
    "ipv4(1.2.3.4),rfc7239_nn": "1.2.3.4",
    "str(test),rfc7239_nn": "_test",
    "str('a b'),rfc7239_nn": null,
    "str(),rfc7239_nn": "unknown",
    "int(12),rfc7239_np": "12",
    "str(test),rfc7239_np": "_test",
    "int(70000),rfc7239_np": null,
  });
});

test("AES: vectors of NIST, there and back", () => {
  // SP 800-38A, F.2.1 (its last block is OpenSSL's padding); the GCM specification, test case 4.
  const b64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");
  const key = b64("2b7e151628aed2a6abf7158809cf4f3c");
  const iv = b64("000102030405060708090a0b0c0d0e0f");
  const gcmKey = b64("feffe9928665731c6d6a8f9467308308");
  const gcmIv = b64("cafebabefacedbaddecaf888");
  const aad = b64("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
  const sealed = "42831EC2217774244B7221B784D0D49CE3AA212F2C02A4E035C17E2329ACA12E" +
    "21D514B25466931C7D8F6A5AAC84AA051BA30B396A0AAC973D58E091";
  const tag = b64("5bc94fbc3221a5db94fae95ae7121a47");
  alike({
    [`bin(6bc1bee22e409f96e93d7e117393172a),aes_cbc_enc(128,${iv},${key}),bytes(0,16),hex`]:
      "7649ABAC8119B246CEE98E9B12E9197D",
    [`str(hello),aes_cbc_enc(128,${iv},${key}),aes_cbc_dec(128,${iv},${key})`]: "hello",
    [`str(hello),aes_cbc_dec(128,${iv},${key})`]: null,
    [`bin(${plain}),aes_gcm_enc(128,${gcmIv},${gcmKey},txn.tag,${aad}),hex`]: sealed,
    "var(txn.tag)": tag,
    [`bin(${sealed}),aes_gcm_dec(128,${gcmIv},${gcmKey},${tag},${aad}),hex`]: plain.toUpperCase(),
    [`bin(${sealed}),aes_gcm_dec(128,${gcmIv},${gcmKey},txn.tag,${aad}),hex`]: plain.toUpperCase(),
    [`bin(${sealed}),aes_gcm_dec(128,${gcmIv},${gcmKey},${tag}),hex`]: null,
    [`bin(${sealed}),aes_gcm_dec(128,txn.none,${gcmKey},${tag}),hex`]: null,
  });
});

test("JWE: examples of RFC 7516, and every kind of key", () => {
  // RFC 7516, appendix A.3: A128KW and A128CBC-HS256.
  const kw = "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0." +
    "6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.AxY8DCtDaGlsbGljb3RoZQ." +
    "KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ";
  const secret = "GawgguFyGrWKav7AX4VKUg";
  const content = "Live long and prosper.";
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const seal = (alg: string, key: Buffer, encrypted: Buffer) => {
    const head = part({ alg, enc: "A256GCM" });
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, iv);
    cipher.setAAD(Buffer.from(head));
    const text = Buffer.concat([cipher.update(content), cipher.final()]);
    return [head, encrypted, iv, text, cipher.getAuthTag()]
      .map((each) => typeof each === "string" ? each : each.toString("base64url")).join(".");
  };
  const direct = randomBytes(32);
  const dir = seal("dir", direct, Buffer.alloc(0));
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const oaep = seal("RSA-OAEP", direct, publicEncrypt({ key: publicKey, padding }, direct));
  const oaep256 = seal(
    "RSA-OAEP-256",
    direct,
    publicEncrypt({ key: publicKey, padding, oaepHash: "sha256" }, direct),
  );
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const references = noReferences({ patterns: new PatternStore(() => pem) });
  const jwk = part({ kty: "oct", k: secret });
  const evaluate = evaluator(references);
  alike({
    [`str(${kw}),jwt_decrypt_secret(${secret})`]: content,
    [`str(${kw}),jwt_decrypt_secret(AAAAAAAAAAAAAAAAAAAAAA)`]: null,
    [`str(${kw.slice(0, -2)}AA),jwt_decrypt_secret(${secret})`]: null,
    [`str(${dir}),jwt_decrypt_secret(${direct.toString("base64")})`]: content,
    [`str(${oaep}),jwt_decrypt_cert(/a.pem)`]: content,
    [`str(${oaep256}),jwt_decrypt_cert(/a.pem)`]: content,
    [`str(${kw}),jwt_decrypt_cert(/a.pem)`]: null,
    [`str(${jwk}),ub64dec,set-var(txn.jwk),length`]: "42",
    [`str(${kw}),jwt_decrypt_jwk(txn.jwk)`]: content,
    [`str(${kw}),jwt_decrypt_jwk(txn.none)`]: null,
    "str(a.b.c),jwt_decrypt_secret(AAAA)": null,
  }, evaluate);
});

test("JWT: RFC 7515's examples, with algorithms of variables and certificates", () => {
  // Appendix A.1.
  const token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." +
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0" +
    "cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const warnings: string[] = [];
  const evaluate = evaluator(noReferences({ warn: (text) => warnings.push(text) }));
  const key =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
  alike({
    [`str(${key}),ub64dec,set-var(txn.key),length`]: "64",
    "str(HS256),set-var(txn.alg)": "HS256",
    "str(XX),set-var(txn.bad)": "XX",
    [`str(${token}),jwt_payload_query('$.exp',int)`]: "1300819380",
    [`str(${token}),jwt_verify(txn.bad,txn.key)`]: "-1",
    [`str(${token}),jwt_verify(txn.none,txn.key)`]: null,
    [`str(${token}),jwt_verify(RS256,/none.pem)`]: "-5",
    [`str(${token}),jwt_verify_cert(ES256,/none.pem)`]: "-5",
  }, evaluate);
  assertEquals(warnings.length, 2);
});

test("packets: the manual's two SYNs, and a fingerprint", () => {
  const v4 = "000000000000000000000000" + "0800" + "4500003C0A65400040063255" +
    "7F0000017F000001" + "E1F2115D01AF4E3E00000000" + "A002FFD7FE300000" +
    "0204FFD70402080A01C2A71A0000000001030307";
  const v6 = "86DD" + "6008018F00280640" + "00000000000000000000000000000001".repeat(2) +
    "9758115DB5511F5D00000000" + "A002FFC400300000" + "0204FFC40402080A9C231D680000000001030307";
  const syn = (hex: string) => `bin(${hex}),eth.data`;
  const ip6 = syn("000000000000000000000000" + v6);
  alike({
    [`bin(${v4}),eth.proto`]: "2048",
    [`bin(${v4}),eth.vlan`]: null,
    [`bin(${v4.slice(0, 24)}81000005${v4.slice(24)}),eth.vlan`]: "5",
    [`bin(${v4.slice(0, 24)}81000005${v4.slice(24)}),eth.proto`]: "2048",
    [`bin(${v4}),eth.src,hex`]: "000000000000",
    [`bin(${v4}),eth.hdr,hex`]: v4.slice(0, 28),
    [`${syn(v4)},ip.ver`]: "4",
    [`${syn(v4)},ip.ttl`]: "64",
    [`${syn(v4)},ip.df`]: "1",
    [`${syn(v4)},ip.tos`]: "0",
    [`${syn(v4)},ip.proto`]: "6",
    [`${syn(v4)},ip.src`]: "127.0.0.1",
    [`${syn(v4)},ip.dst`]: "127.0.0.1",
    [`${syn(v4)},ip.hdr,hex`]: "4500003C0A654000400632557F0000017F000001",
    [`${syn(v4)},ip.data,tcp.src`]: "57842",
    [`${syn(v4)},ip.data,tcp.dst`]: "4445",
    [`${syn(v4)},ip.data,tcp.seq`]: "28266046",
    [`${syn(v4)},ip.data,tcp.flags`]: "2",
    [`${syn(v4)},ip.data,tcp.win`]: "65495",
    [`${syn(v4)},ip.data,tcp.options.mss`]: "65495",
    [`${syn(v4)},ip.data,tcp.options.sack`]: "1",
    [`${syn(v4)},ip.data,tcp.options.tsopt`]: "1",
    [`${syn(v4)},ip.data,tcp.options.tsval`]: String(0x01c2a71a),
    [`${syn(v4)},ip.data,tcp.options.wscale`]: "7",
    [`${syn(v4)},ip.data,tcp.options.wsopt`]: "1",
    [`${syn(v4)},ip.data,tcp.options_list,hex`]: "0204080103",
    [`${syn(v4)},ip.fp,hex`]: "0050A8FFD7FFD7",
    [`${syn(v4)},ip.fp(7),hex`]: "0050A8FFD7FFD74002040801037F000001",
    [`${ip6},ip.src`]: "::1",
    [`${ip6},ip.ttl`]: "64",
    [`${ip6},ip.data,tcp.win`]: "65476",
    [`${ip6},ip.fp,hex`]: "00D0A8FFC4FFC4",
    "bin(45),ip.ttl": null,
    "bin(),ip.ver": null,
    "bin(aabb),tcp.src": null,
  });
});

test("when: errors, forwarding and ACLs let a value through", () => {
  const facts = {
    termination: "----",
    retries: 0,
    redispatched: false,
    status: 200,
    connectedAt: 5,
  };
  const references = noReferences({ acl: (name) => name === "yes" ? [() => YES] : null });
  const good = evaluator(references, { facts: facts as never, serverConnection: null });
  alike({
    "str(x),when(error)": null,
    "str(x),when(!error)": "x",
    "str(x),when(normal)": "x",
    "str(x),when(forwarded)": "x",
    "str(x),when(toapplet)": null,
    "str(x),when(processed)": "x",
    "str(x),when(stopping)": null,
    "str(x),when(acl,yes)": "x",
    "str(x),when(!acl,yes)": null,
  }, good);
  const bad = evaluator(references, {
    facts: { ...facts, termination: "sH--", connectedAt: -1 } as never,
    serverConnection: null,
    process: { ...noProcess, stopping: true },
  });
  alike({
    "str(x),when(error)": "x",
    "str(x),when(forwarded)": null,
    "str(x),when(toapplet)": "x",
    "str(x),when(stopping)": "x",
  }, bad);
});

test("debug writes the value, with its type; errors of certificates have names", () => {
  const lines: string[] = [];
  const emit = (to: string, line: string) => lines.push(`${to}: ${line}`);
  const evaluate = evaluator(noReferences({ emit }));
  alike({
    "str(a),debug(test,stderr),length": "1",
    "int(1),debug(,stdout)": "1",
    "int(10),x509_v_err_str": "X509_V_ERR_CERT_HAS_EXPIRED",
    "int(0),x509_v_err_str": "X509_V_OK",
    "int(999),x509_v_err_str": "999",
  }, evaluate);
  assertEquals(lines, [
    "stderr: [debug] test: type=str <a>",
    "stdout: [debug] type=sint <1>",
  ]);
});
