/** What visitors see while nobody can serve them, and which cache an address has. */
import { assert, assertEquals } from "@std/assert";
import { type ScenarioTest, untilVisit } from "./fixture.ts";
import { valuesOf } from "./wire.ts";

const caches = ["A", "B", "C", "D"].map((letter) => `cache${letter}`);

export const pages: Readonly<Record<string, ScenarioTest>> = {
  async "maintenance-page"(fixture) {
    const { visit, origin, stop } = fixture;
    await Promise.all([origin("webA", 11), origin("webB", 12), origin("sorry", 13)]);
    await fixture.run(async () => {
      const shop = () => visit("/shop");
      assertEquals([(await shop()).server, (await shop()).server].sort(), ["webA", "webB"]);
      await Promise.all([stop("webA"), stop("webB")]);
      await untilVisit(shop, ({ server }) => server === "sorry", "the backup to serve");
      await stop("sorry");
      const page = await untilVisit(shop, ({ status }) => status === 503, "nobody to be left");
      assertEquals(page.server, "<h1>Back in ten minutes</h1>\n");
      assertEquals(valuesOf(page.message, "Retry-After"), ["600"]);
      assertEquals(valuesOf(page.message, "Content-Length"), ["29"]);
      // The API's proxy has inherited all but its own reply.
      const api = await visit("/api", [], { port: 8081 });
      assertEquals([api.status, api.server], [503, '{"error":"maintenance"}\n']);
      assertEquals(valuesOf(api.message, "Content-Type"), ["application/json"]);
      await origin("webA", 11);
      await untilVisit(shop, ({ server }) => server === "webA", "webA to return");
    });
  },

  async "cache-farm"(fixture) {
    const { visit, origin, stop } = fixture;
    for (const [i, name] of caches.entries()) await origin(name, 11 + i);
    await fixture.run(async () => {
      const paths = Array.from({ length: 24 }, (_, i) => `/images/${i}.png`);
      const whose = async (query = "") => {
        const servers: string[] = [];
        for (const path of paths) servers.push((await visit(path + query)).server);
        return servers;
      };
      const before = await whose();
      assertEquals(await whose("?size=2"), before);
      assertEquals([...new Set(before)].sort(), caches);
      const gone = before[0]!;
      await stop(gone);
      await untilVisit(
        () => visit(paths[0]!),
        ({ server, status }) => status === 200 && server !== gone,
        "its addresses to go elsewhere",
      );
      const after = await whose();
      after.forEach((server, i) => {
        assert(server !== gone && (before[i] === gone || server === before[i]), paths[i]);
      });
    });
  },
};
