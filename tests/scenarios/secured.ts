/** TLS: what ends at the proxy, what goes on from it, and what passes through. Asked by curl. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { readFileSync } from "node:fs";
import { createServer } from "node:tls";
import { missing, program } from "../tls/wire.ts";
import type { Fixture, ScenarioTest } from "./fixture.ts";
import { response, valuesOf } from "./wire.ts";

/** A request by curl. @returns the status that curl ends with, and all that it wrote */
async function ask({ address, file }: Fixture, ca: string, url: string, ...args: string[]) {
  const { hostname, port } = new URL(url);
  const resolve = `${hostname}:${port}:${address(1)}`;
  return await program("curl", [
    ...["-sSi", "--max-time", "20", "--cacert", file(ca), "--resolve", resolve],
    ...args,
    url,
  ]);
}

/** A server that speaks TLS, with a certificate of the story's. */
async function secureServer({ address, file }: Fixture, name: string, last: number, pem: string) {
  const own = readFileSync(file(pem), "utf8");
  const server = createServer({ cert: own, key: own }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(response(name, "Connection: close")));
  });
  await new Promise<void>((resolve) => server.listen(8443, address(last), resolve));
  return { stop: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

export const secured: Readonly<Record<string, ScenarioTest>> = {
  async "https-edge"(fixture) {
    const { origin, visit, last, file } = fixture;
    await Promise.all([origin("shop", 11), origin("pictures", 12)]);
    const internal = await secureServer(fixture, "internal", 13, "internal.pem");
    await fixture.run(async () => {
      const moved = await visit("/shoes", ["Host: www.shop.example"]);
      assertEquals(valuesOf(moved.message, "Location"), ["https://www.shop.example/shoes"]);
      if (missing !== null) return;
      const on = (url: string, ...args: string[]) => ask(fixture, "partners-ca.pem", url, ...args);
      const shop = await on("https://www.shop.example:8443/");
      assertStringIncludes(shop.output.toLowerCase(), "strict-transport-security: max-age=");
      assertEquals(valuesOf(last("shop"), "X-Forwarded-Proto"), ["https"]);
      assertStringIncludes((await on("https://sale.shop.example:8443/")).output, "shop");
      // curl wants names in certificates to be those that it asks for; the proxy chooses by Host.
      const named = ["-H", "Host: pictures.example"];
      assertStringIncludes(
        (await on("https://pictures.example:8443/", ...named)).output,
        "pictures",
      );
      assertStringIncludes(
        (await on("https://www.shop.example:8443/internal/x")).output,
        "internal",
      );
      const partner = ["--cert", file("acme.pem")];
      assertEquals((await on("https://www.shop.example:9443/", ...partner)).status, 0);
      assertEquals(valuesOf(last("shop"), "X-Partner"), ["Acme"]);
      assertEquals((await on("https://www.shop.example:9443/")).status === 0, false);
    });
    await internal.stop();
  },

  async "sni-routing"(fixture) {
    const servers = [
      await secureServer(fixture, "shopA", 11, "shop.pem"),
      await secureServer(fixture, "shopB", 12, "shop.pem"),
      await secureServer(fixture, "mail", 13, "mail.pem"),
    ];
    await fixture.run(async () => {
      if (missing !== null) return;
      const on = (url: string) => ask(fixture, "ca.pem", url);
      assertStringIncludes((await on("https://www.shop.example:8443/")).output, "shop");
      assertStringIncludes((await on("https://sale.shop.example:8443/")).output, "shop");
      assertStringIncludes((await on("https://mail.example:8443/")).output, "mail");
      assertEquals((await on("https://elsewhere.example:8443/")).status === 0, false);
      assertEquals((await on("http://www.shop.example:8443/")).status === 0, false);
    });
    for (const { stop } of servers) await stop();
  },
};
