/** TLS to servers, on the wire: the program before itself. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freshAddress, programTest, withProxy } from "../binary.ts";
import { exchange, get, response, startOrigin, statusOf } from "../scenarios/wire.ts";
import { until } from "../until.ts";
import { createPki, type Pki } from "./pki.ts";
import { missing } from "./wire.ts";

interface Scene {
  /** Requests by the server number so and so. @returns the status, or what it answers */
  ask(server: number, ...fields: string[]): Promise<string>;
  readonly log: () => string;
}

/**
 * Plays with a frontend for each of the servers' options, all of which lead to one TLS listener.
 * @param listener what follows its address
 */
async function play(
  prepare: (pki: Pki) => { listener: string; servers: readonly string[] },
  body: (scene: Scene) => Promise<void>,
  more = "",
): Promise<void> {
  const pki = createPki();
  const { listener, servers } = prepare(pki);
  const [address, at] = [freshAddress(), freshAddress()];
  const origin = await startOrigin("web", { host: at, port: 18080 }, () => response("content"));
  const fronts = servers.map((options, i) =>
    `listen l${i}
  bind ${address}:${18100 + i}
  retries 0
  server s ${address}:18443 ${options}
`
  );
  try {
    await withProxy(
      `global
  log stdout format raw local0
${more}
defaults
  mode http
  log global
  log-format "%ft %b/%s %ST %ts"
  timeout connect 3s
  timeout client 10s
  timeout server 10s
${fronts.join("")}frontend tls
  option httpslog
  bind ${address}:18443 ${listener}
  default_backend web
backend web
  server s ${at}:18080
`,
      ({ stdout }) =>
        body({
          async ask(server, ...fields) {
            const to = { host: address, port: 18100 + server };
            const message = await exchange(to, get("/", ...fields));
            return String(statusOf(message));
          },
          log: stdout,
        }),
    );
  } finally {
    await origin.stop();
    pki.remove();
  }
}

programTest("TLS to servers: verified by chain and name, or not at all", () =>
  play(
    (pki) => ({
      listener: `ssl crt ${pki.make("a", ["a.test"])}`,
      servers: [
        "ssl verify none",
        `ssl verify required ca-file ${pki.ca}`,
        `ssl verify required ca-file ${pki.ca} verifyhost a.test`,
        `ssl verify required ca-file ${pki.ca} sni str(a.test)`,
        `ssl verify required ca-file ${pki.ca} verifyhost b.test`,
        `ssl verify required ca-file ${pki.ca} sni req.hdr(host)`,
        `ssl verify required ca-file ${pki.make("other", [], { self: true, cn: "Other" })}`,
        "ssl verify none ssl-max-ver TLSv1.2 ciphers ECDHE-ECDSA-AES256-GCM-SHA384",
        "",
      ],
    }),
    async ({ ask, log }) => {
      for (const server of [0, 1, 2, 3]) assertEquals(await ask(server), "200", `server ${server}`);
      assertEquals(await ask(4), "503");
      await until(() => /^l4 l4\/s 503 SC$/m.test(log()), "its line in the log");
      assertEquals(await ask(5, "Host: a.test"), "200");
      assertEquals(await ask(5, "Host: b.test"), "503");
      assertEquals(await ask(6), "503");
      assertEquals(await ask(7), "200");
      await until(() => /TLSv1\.2\/ECDHE-ECDSA-AES256-GCM-SHA384/.test(log()), "its line");
      // Clear text to a port with TLS.
      assertEquals(await ask(8), "502");
    },
  ), missing);

programTest("TLS to servers: a client's certificate is shown", () =>
  play(
    (pki) => ({
      listener: `ssl crt ${pki.make("a", ["a.test"])} ca-file ${pki.ca} verify required`,
      servers: [`ssl verify none crt ${pki.make("me", [], { cn: "me" })}`, "ssl verify none"],
    }),
    async ({ ask }) => {
      assertEquals(await ask(0), "200");
      assert(await ask(1) !== "200");
    },
  ), missing);

programTest("TLS to servers: sessions go on, unless no-ssl-reuse says otherwise", () =>
  play(
    (pki) => ({
      listener: `ssl crt ${pki.make("a", ["a.test"])}`,
      servers: ["ssl verify none pool-max-conn 0", "ssl verify none pool-max-conn 0 no-ssl-reuse"],
    }),
    async ({ ask, log }) => {
      const lines = () =>
        [...log().matchAll(/"GET \/ HTTP\/1.0" \S+\/([01]) /g)].map(([, resumed]) => resumed);
      for (let i = 0; i < 3; i++) await ask(0);
      await until(() => lines().length === 3, "three lines");
      assertEquals(lines().filter((resumed) => resumed === "1").length > 0, true, log());
      for (let i = 0; i < 3; i++) await ask(1);
      await until(() => lines().length === 6, "six lines");
      assertEquals(lines().slice(3), ["0", "0", "0"]);
    },
    "  nbthread 1",
  ), missing);

programTest("TLS to servers: the PROXY header goes before TLS", () =>
  play(
    (pki) => ({
      listener: `ssl crt ${pki.make("a", ["a.test"])} accept-proxy`,
      servers: [
        "ssl verify none send-proxy",
        "ssl verify none send-proxy-v2-ssl-cn proxy-v2-options crc32c,ssl-cipher,authority",
        "ssl verify none",
      ],
    }),
    async ({ ask }) => {
      assertEquals(await ask(0), "200");
      assertEquals(await ask(1), "200");
      assertEquals(await ask(2), "503");
    },
  ), missing);

programTest("TLS to servers: checks speak it, and say of which layer they are", () =>
  play(
    (pki) => ({
      listener: `ssl crt ${pki.make("a", ["a.test"])}`,
      servers: [
        "ssl verify none check inter 200 fall 1 rise 1",
        `ssl verify required ca-file ${pki.ca} verifyhost other check inter 200 fall 1`,
        `check check-ssl verify required ca-file ${pki.ca} verifyhost a.test inter 200 fall 1`,
      ],
    }),
    async ({ ask, log }) => {
      await until(() => /Server l1\/s is DOWN/.test(log()), "the end of a server");
      assertMatch(log(), /Server l1\/s is DOWN, reason: Layer6 invalid response/);
      assertEquals(await ask(0), "200");
      assertEquals(await ask(1), "503");
      assert(!/Server l[02]\/s is DOWN/.test(log()), log());
    },
  ), missing);
