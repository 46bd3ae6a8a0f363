/** What becomes of contents on their way: compressed, or kept. */
import { assertEquals } from "@std/assert";
import type { ScenarioTest } from "./fixture.ts";
import { valuesOf } from "./wire.ts";

export const filters: Readonly<Record<string, ScenarioTest>> = {
  async compression(fixture) {
    const { origin, visit } = fixture;
    const webA = await origin("webA", 11);
    await fixture.run(async () => {
      // This client is of HTTP/1.0, and the server says no type: nothing is compressed.
      const plain = await visit("/", ["Accept-Encoding: gzip"]);
      assertEquals(plain.server, "webA");
      assertEquals(valuesOf(plain.message, "Content-Encoding"), []);
      assertEquals(valuesOf(webA.seen[0]!, "Accept-Encoding"), []);
      await visit("/", ["Accept-Encoding: br"]);
      assertEquals(valuesOf(webA.seen[1]!, "Accept-Encoding"), ["br"]);
    });
  },
  async cache(fixture) {
    const { origin, visit } = fixture;
    const webA = await origin("webA", 11);
    await fixture.run(async () => {
      // This server says nothing of caches: what it sends is not kept.
      for (let i = 0; i < 2; i++) assertEquals((await visit("/")).server, "webA");
      assertEquals(webA.seen.length, 2);
    });
  },
};
