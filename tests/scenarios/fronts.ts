/** Chapter 3: what a front for HTTPS needs of the proxy behind it; the fronts are in tests/fronts. */
import { assertEquals } from "@std/assert";
import { until } from "../until.ts";
import { lines, type ScenarioTest, startFarm } from "./fixture.ts";
import { exchange, get, open, response, statusOf, valuesOf } from "./wire.ts";

export const fronts: Readonly<Record<string, ScenarioTest>> = {
  async "https-front"(fixture) {
    const { visit, last, address, origin } = fixture;
    await startFarm(fixture);
    await fixture.stop("webC");
    await origin("webC", 13, 8000, () => response("webC", "Cache-Control: public, max-age=9"));
    await fixture.run(async (proxy) => {
      // Cache-Control: private comes with the cookie, and only with it.
      for (let i = 0; i < 8; i++) {
        const stranger = await visit("/");
        assertEquals(stranger.setCookie, [`SERVERID=${stranger.server.at(-1)}; path=/`]);
        assertEquals(valuesOf(stranger.message, "Cache-Control").includes("private"), true);
        const known = await visit("/", [`Cookie: SERVERID=${stranger.server.at(-1)}`]);
        assertEquals([known.server, known.setCookie], [stranger.server, []]);
        const cached = known.server === "webC" ? ["public, max-age=9"] : [];
        assertEquals(valuesOf(known.message, "Cache-Control"), cached);
      }

      // The address is written for everybody but those who have written it themselves.
      const forwarded = (server: string) => valuesOf(last(server), "X-Forwarded-For");
      assertEquals(forwarded((await visit("/", [], { from: 77 })).server), [address(77)]);
      const own = await visit("/", ["X-Forwarded-For: 203.0.113.5"], { from: 1 });
      assertEquals(forwarded(own.server), ["203.0.113.5"]);
      assertEquals(forwarded((await visit("/", [], { from: 1 })).server), []);

      // The PROXY protocol's address counts in place of the connection's: version 1, and 2.
      const headers = [
        `PROXY TCP4 203.0.113.7 192.0.2.1 51000 443\r\n`,
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + "\xcb\0\x71\x07\xc0\0\x02\x01\xc7\x38\x01\xbb",
      ];
      const target = { host: address(1), port: 8081, localAddress: address(1) };
      for (const header of headers) {
        const client = open(target);
        client.send(header);
        const got = await client.request(get("/secure"));
        client.close();
        assertEquals(statusOf(got), 200);
        assertEquals(forwarded(got.content.toString()), ["203.0.113.7"]);
      }
      const line = /^203\.0\.113\.7:51000 .* "GET \/secure HTTP\/1\.0"$/;
      await until(() => lines(proxy, line).length === 2, "a line for each");

      // Who comes to that port without one is not let in.
      const intruder = await exchange({ ...target, localAddress: address(66) }, get("/")).then(
        statusOf,
        () => 0,
      );
      assertEquals([0, 400].includes(intruder), true);
    });
  },
};
