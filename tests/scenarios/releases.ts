/** New releases: who sees which, and when. */
import { assertEquals } from "@std/assert";
import { failOver, type ScenarioTest } from "./fixture.ts";

export const releases: Readonly<Record<string, ScenarioTest>> = {
  async canary(fixture) {
    const { origin, visit } = fixture;
    await Promise.all(["todayA", "todayB", "new"].map((name, i) => origin(name, 11 + i)));
    await fixture.run(async () => {
      const asked = await visit("/?release=new");
      assertEquals([asked.server, asked.setCookie], ["new", ["RELEASE=new; path=/"]]);
      const kept = ["Cookie: RELEASE=new"];
      assertEquals((await visit("/", kept)).server, "new");
      const counts = { todayA: 0, todayB: 0, new: 0 };
      for (let i = 0; i < 40; i++) counts[(await visit("/")).server as keyof typeof counts]++;
      assertEquals(counts, { todayA: 18, todayB: 18, new: 4 });
      const moved = await failOver(fixture, "new", kept);
      assertEquals(moved.setCookie, [
        `RELEASE=today-${moved.server.at(-1)!.toLowerCase()}; path=/`,
      ]);
    });
  },
};
