/** What a request asks for decides who serves it. */
import { assertEquals } from "@std/assert";
import type { ScenarioTest } from "./fixture.ts";
import { valuesOf } from "./wire.ts";

export const routes: Readonly<Record<string, ScenarioTest>> = {
  async "host-and-path"(fixture) {
    const { origin, visit } = fixture;
    const names = ["webA", "webB", "store", "api"];
    const servers = await Promise.all(names.map((name, i) => origin(name, 11 + i)));
    const [webA, , , api] = servers;
    await fixture.run(async () => {
      const ask = (host: string, uri: string, ...fields: string[]) =>
        visit(uri, [`Host: ${host}`, ...fields]);
      const shop = "www.shop.example";
      const both = [await ask(shop, "/", "X-Real-IP: 1.2.3.4"), await ask(shop, "/")];
      assertEquals(both.map(({ server }) => server).sort(), ["webA", "webB"]);
      const seen = webA!.seen[0]!;
      assertEquals(valuesOf(seen, "X-Real-IP").length, 1);
      assertEquals(valuesOf(seen, "X-Real-IP").includes("1.2.3.4"), false);
      assertEquals((await ask(shop, "/a/b.PNG")).server, "store");
      assertEquals((await ask("API.Shop.Example", "/v1")).server, "api");
      assertEquals((await ask(shop, "/api/v1?q=1")).server, "api");
      assertEquals(api!.seen.map(({ line }) => line.split(" ")[1]), ["/v1", "/v1?q=1"]);
      assertEquals((await ask(shop, "/metrics")).status, 403);
      const moved = await ask("Shop.example", "/a?b");
      assertEquals(moved.status, 301);
      assertEquals(valuesOf(moved.message, "Location"), ["http://www.shop.example/a?b"]);
    });
  },
};
