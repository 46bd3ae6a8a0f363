/** New releases: who sees which, and when. */
import { assert, assertEquals } from "@std/assert";
import { load } from "../reload/rig.ts";
import { failOver, type ScenarioTest, untilVisit } from "./fixture.ts";
import { command } from "./operations.ts";
import { valuesOf } from "./wire.ts";

export const releases: Readonly<Record<string, ScenarioTest>> = {
  async "blue-green"(fixture) {
    const { origin, visit, file, address } = fixture;
    const servers = { blueA: 11, blueB: 12, greenA: 21, greenB: 22 };
    for (const [name, last] of Object.entries(servers)) await origin(name, last);
    await fixture.run(async () => {
      const release = async (host: string) => {
        const { server, message } = await visit("/", [`Host: ${host}`]);
        const [named = ""] = valuesOf(message, "X-Release");
        assert(server.startsWith(named), server);
        return named;
      };
      assertEquals(await release("next.shop.example"), "green");
      const clients = load({ host: address(1), port: 8080 }, { brief: 2, kept: 2 });
      for (const wanted of ["blue", "green", "blue"]) {
        const set = `set map ${file("live.map")} www.shop.example ${wanted}`;
        assertEquals(await command(fixture, set), "");
        // Threads hear of it within moments.
        await untilVisit(
          () => visit("/", ["Host: WWW.shop.example"]),
          ({ server }) => server.startsWith(wanted),
          `release ${wanted}`,
        );
      }
      await clients.stop();
      assertEquals(clients.failures, []);
      assertEquals(await release("elsewhere.example"), "blue");
    });
  },

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
