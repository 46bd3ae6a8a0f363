/** What fetches say of TLS, on the wire. */
import { assertEquals, assertMatch } from "@std/assert";
import { freshAddress, programTest, withProxy } from "../binary.ts";
import { exchange, get, response, startOrigin, statusOf, valuesOf } from "../scenarios/wire.ts";
import { createPki } from "./pki.ts";
import { curl, missing } from "./wire.ts";

const asked = [
  ...["ssl_fc", "ssl_fc_sni", "ssl_fc_protocol", "ssl_fc_cipher", "ssl_fc_alpn"],
  ...["ssl_fc_has_crt", "ssl_c_used", "ssl_c_verify", "ssl_c_s_dn", "ssl_c_s_dn(CN)", "ssl_c_i_dn"],
  ...["ssl_c_sig_alg", "ssl_c_key_alg", "ssl_f_s_dn(CN)"],
  ...["ssl_fc_use_keysize", "ssl_fc_is_resumed", "ssl_fc_has_sni", "ssl_c_version"],
];

programTest("TLS: fetches of a client's connection and certificate", async () => {
  const pki = createPki();
  const [address, at] = [freshAddress(), freshAddress()];
  const origin = await startOrigin(
    "web",
    { host: at, port: 18080 },
    (request) => response(asked.map((_, i) => valuesOf(request, `x-${i}`).join()).join("\n")),
  );
  const lines = asked.map((fetch, i) => `  http-request set-header x-${i} %[${fetch}]`);
  pki.make("me", [], { cn: "me" });
  try {
    await withProxy(
      `defaults
  mode http
  timeout connect 10s
  timeout client 10s
  timeout server 10s
frontend fe
  bind ${address}:18443 ssl crt ${
        pki.make("a", ["a.test"])
      } alpn http/1.1 ca-file ${pki.ca} verify optional
  bind ${address}:18080
  http-request redirect scheme https unless { ssl_fc }
${lines.join("\n")}
  default_backend web
backend web
  server s ${at}:18080
`,
      async () => {
        const cert = ["--cert", pki.path("me.pem"), "--cacert", pki.ca];
        const { status, output } = await curl(address, 18443, "a.test", ...cert);
        assertEquals(status, 0, output);
        const values = Object.fromEntries(output.split("\n").map((value, i) => [asked[i]!, value]));
        assertEquals(values, {
          "ssl_fc": "1",
          "ssl_fc_sni": "a.test",
          "ssl_fc_protocol": "TLSv1.3",
          "ssl_fc_cipher": "TLS_AES_128_GCM_SHA256",
          "ssl_fc_alpn": "http/1.1",
          "ssl_fc_has_crt": "1",
          "ssl_c_used": "1",
          "ssl_c_verify": "0",
          "ssl_c_s_dn": "/CN=me",
          "ssl_c_s_dn(CN)": "me",
          "ssl_c_i_dn": "/CN=Test CA",
          "ssl_c_sig_alg": "ecdsa-with-SHA256",
          "ssl_c_key_alg": "id-ecPublicKey",
          "ssl_f_s_dn(CN)": "a.test",
          "ssl_fc_use_keysize": "128",
          "ssl_fc_is_resumed": "0",
          "ssl_fc_has_sni": "1",
          "ssl_c_version": "1",
        });
        const clear = await exchange({ host: address, port: 18080 }, get("/x", "Host: a.test"));
        assertEquals(statusOf(clear), 302);
        assertMatch(valuesOf(clear, "location").join(), /^https:\/\/a\.test\/x$/);
      },
    );
  } finally {
    await origin.stop();
    pki.remove();
  }
}, missing);
