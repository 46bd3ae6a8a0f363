/** Rules of TCP mode that look into what has come, beside haproxy. */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { until } from "../until.ts";
import { oracle } from "./harness.ts";
import { type RawRig, startRaw } from "./raw.ts";
import type { Kind } from "./rig.ts";
import { ended } from "./wire.ts";

/** What openssl s_client sends first: -servername A.Example -alpn h2,http/1.1. */
const hello = Buffer.from(
  "FgMBAUgBAAFEAwNGddaZQ7+6f2Tqv/oxcEfwxpViMCbh/KFTRb7SQOKUNSBoMXCxUh+vNFUnekTgZa/9g0eJ8rcW" +
    "j1PrJc7Knuc0eAA+EwITAxMBwCzAMACfzKnMqMyqwCvALwCewCTAKABrwCPAJwBnwArAFAA5wAnAEwAzAJ0AnAA9" +
    "ADwANQAvAP8BAAC9AAAADgAMAAAJQS5FeGFtcGxlAAsABAMAAQIACgAWABQAHQAXAB4AGQAYAQABAQECAQMBBAAj" +
    "AAAAEAAOAAwCaDIIaHR0cC8xLjEAFgAAABcAAAANACoAKAQDBQMGAwgHCAgICQgKCAsIBAgFCAYEAQUBBgEDAwMB" +
    "AwIEAgUCBgIAKwAJCAMEAwMDAgMBAC0AAgEBADMAJgAkAB0AIBNKiBCiKtMjRcYkkvRcF+17BKSlDujB5YEezEMU" +
    "+f1M",
  "base64",
).toString("latin1");

const sslv2 = "\x80\x1f\x01\x03\x00\x00\x06\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80" +
  "0123456789abcdef";
const rdp =
  "\x03\x00\x00\x2b\x26\xe0\x00\x00\x00\x00\x00Cookie: mstshash=eltons\r\n\x01\x00\x08\x00";
const http = "GET /a?b=c HTTP/1.1\r\nHost: www.example\r\nX: 1\r\n\r\n";
const ssh = "SSH-2.0-x\r\n";

/** Conditions, and what is sent: each must be met by the same of it. */
const conditions: readonly (readonly [condition: string, ...inputs: string[]])[] = [
  ["req_ssl_hello_type 1", hello, http, sslv2, hello.slice(0, 100)],
  ["req.ssl_hello_type 1 2 3", hello],
  ["req_ssl_sni A.Example", hello, http],
  ["req_ssl_sni a.example", hello],
  ["req.ssl_sni -i a.example b", hello],
  ["req.ssl_sni -m end -i .EXAMPLE", hello],
  ["req.ssl_sni -m found", hello, http, hello.slice(0, 80)],
  ["req.ssl_sni,lower -m str a.example", hello],
  ["req.ssl_alpn h2", hello],
  ["req.ssl_alpn -m str h2,http/1.1", hello],
  ["req.ssl_alpn -m sub http/1.1", hello],
  ["req.ssl_ver 3.1", hello, sslv2, http],
  ["req.ssl_ver 3.3", hello, sslv2],
  ["req.ssl_ver gt 3.0", hello, sslv2],
  ["req_ssl_ver 3:3.3", hello, sslv2],
  ["req.ssl_ec_ext", hello, http],
  ["req.ssl_st_ext 1", hello, http],
  ["req.ssl_st_ext 0:2", hello],
  ["req.rdp_cookie(mstshash) eltons", rdp, http],
  ["req.rdp_cookie(MSTSHASH) -m beg el", rdp],
  ["req.rdp_cookie -m found", rdp, ssh],
  ["req_rdp_cookie(msts) -m found", rdp],
  ["rdp_cookie_cnt(mstshash) 1", rdp, http],
  ["RDP_COOKIE", rdp, http],
  ["req.len 0", ""],
  ["req_len ge 11", ssh, http, "short"],
  ["req.payload(0,3) -m bin 535348", ssh, http],
  ["payload(0,7) -m bin 5353482d322e30", ssh, http],
  ["req.payload(4,0) -m sub 2.0", ssh],
  ["req.payload(0,0) -m reg ^GET", http],
  ["req.payload(100,5) -m found", ssh],
  ["req.payload_lv(0,1) -m str abc", "\x03abcdef", "\x00abc"],
  ["req.payload_lv(0,1,-1) -m sub abc", "\x03abcdefghj"],
  ["req.payload_lv(1,2,+1) -m str cd", "x\x00\x02bcdef"],
  ["req.payload_lv(0,1,0) -m found", "\x03abcdef"],
  ["HTTP", http, ssh, hello, "GET / HT"],
  ["req.proto_http", http],
  ["{ method GET } { path /a }", http],
  ["{ hdr(host) www.example }", http, "POST / HTTP/1.1\r\nHost: other\r\n\r\n"],
  ["{ url_beg /a } { req.ver 1.1 }", http],
  ["{ hdr_cnt(x) 1 } { hdr(x) 1 }", http],
  ["REQ_CONTENT", ssh],
  ["WAIT_END", ssh],
  ["{ req.len 0 } WAIT_END", ""],
  ["!HTTP", ssh, http],
  ["!{ req_ssl_hello_type 1 }", hello, ssh],
];

const isNamed = (condition: string) => /^!?[A-Z]|^!?\{/.test(condition);
const firstPort = 20000;

function config(host: string, server: string): string {
  const sections = conditions.map(([condition], i) =>
    `listen l${i}
  mode tcp
  bind ${host}:${firstPort + i}
  tcp-request inspect-delay 150ms
  tcp-request content accept if ${isNamed(condition) ? condition : `{ ${condition} }`}
  tcp-request content reject
  server s ${server}
`
  );
  return sections.join("") + `frontend sni
  mode tcp
  bind ${host}:21000
  tcp-request inspect-delay 5s
  tcp-request content accept if { req_ssl_hello_type 1 }
  use_backend %[req_ssl_sni,lower] if { req_ssl_sni -i a.example }
  use_backend ssh if { payload(0,7) -m bin 5353482d322e30 }
  default_backend nobody
backend a.example
  mode tcp
  server s ${server}
backend ssh
  mode tcp
  server s ${server}
backend nobody
  mode tcp
listen answer
  mode tcp
  bind ${host}:21001
  tcp-response inspect-delay 1s
  tcp-response content accept if { res.payload(0,4) -m str HTTP }
  tcp-response content reject
  server s ${server}
listen answer-rejected
  mode tcp
  bind ${host}:21002
  tcp-response content reject if { res.len gt 3 }
  server s ${server}
listen answer-inspected
  mode tcp
  bind ${host}:21003
  tcp-response inspect-delay 5s
  tcp-response content reject if { res.len gt 3 }
  server s ${server}
listen answer-awaited
  mode tcp
  bind ${host}:21004
  tcp-response inspect-delay 100ms
  tcp-response content reject if { res.len gt 1000 }
  server s ${server}
listen answer-http
  mode tcp
  bind ${host}:21005
  tcp-response inspect-delay 5s
  tcp-response content accept if { status 200 } { res.hdr(content-length) 2 }
  tcp-response content reject
  server s ${server}
`;
}

/** Whether what is sent reaches the server. */
async function passes(rig: RawRig, port: number, input: string): Promise<boolean> {
  const before = rig.arrived.length;
  const client = await rig.connect(port);
  client.send(input);
  const here = () => rig.arrived.slice(before).some(({ received }) => received === input);
  await until(() => here() || ended(client) !== null, `an end: ${port}`);
  client.close();
  return here();
}

async function play(kind: Kind): Promise<Record<string, boolean>> {
  const rig = await startRaw(kind, config);
  const seen: Record<string, boolean> = {};
  try {
    for (const [i, [condition, ...inputs]] of conditions.entries()) {
      for (const input of inputs) {
        seen[`${condition}: ${JSON.stringify(input.slice(0, 12))} ${input.length}`] = await passes(
          rig,
          firstPort + i,
          input,
        );
      }
    }
    for (const input of [hello, ssh]) seen[`sni ${input.length}`] = await passes(rig, 21000, input);
    for (const port of [21001, 21002, 21003, 21004, 21005]) {
      const client = await rig.connect(port);
      client.send(http);
      await until(() => ended(client) !== null || client.received.length > 0, "an answer");
      seen[`answer ${port}`] = client.received.length > 0;
      client.close();
    }
  } finally {
    await rig.stop();
  }
  return seen;
}

oracle("what 'tcp-request content' rules see of TLS, RDP, HTTP, and bytes", async () => {
  const [theirs, ours] = await Promise.all([play("haproxy"), play("sluice")]);
  assertEquals(ours, theirs);
  assertEquals(Object.values(theirs).filter(Boolean).length > 30, true);
});
