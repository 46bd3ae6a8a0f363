/** What operators do while clients come and go. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inFolder, start, threadless } from "../binary.ts";
import { load, runs } from "../reload/rig.ts";
import { until } from "../until.ts";
import { type Fixture, type ScenarioTest, untilVisit } from "./fixture.ts";
import { open } from "./wire.ts";

/** A command of the runtime API. @returns its answer */
export async function command({ address }: Fixture, text: string): Promise<string> {
  const client = open({ host: address(1), port: 9999 });
  client.send(`${text}\n`);
  await client.until(() => false);
  client.close();
  return client.received.trim();
}

export const operations: Readonly<Record<string, ScenarioTest>> = {
  async "central-management"(fixture) {
    const { origin, visit, stop } = fixture;
    const start = () => origin("webA", 11);
    await Promise.all([start(), origin("webB", 12), origin("webC", 13)]);
    await fixture.run(async () => {
      const shop = async (count: number) => {
        const servers: string[] = [];
        for (let i = 0; i < count; i++) servers.push((await visit("/shop")).server);
        return servers;
      };
      assertEquals((await shop(3)).sort(), ["webA", "webB", "webC"]);
      assertEquals(await command(fixture, "set server site/webA state drain"), "");
      assertEquals((await shop(6)).includes("webA"), false);
      assertEquals((await visit("/", ["Cookie: SERVERID=A"])).server, "webA");
      assertEquals(await command(fixture, "set server site/webA state maint"), "");
      await stop("webA");
      assertEquals((await shop(6)).includes("webA"), false);
      const metrics = await visit("/metrics", [], { port: 8404 });
      const line = 'haproxy_server_status{proxy="site",server="webA",state="MAINT"} 1';
      assertStringIncludes(metrics.server, line);
      assertStringIncludes((await visit("/", [], { port: 8404 })).server, "webA");
      await start();
      assertEquals(await command(fixture, "set server site/webA weight 50%"), "");
      assertEquals(await command(fixture, "set server site/webA state ready"), "");
      await untilVisit(() => visit("/"), ({ server }) => server === "webA", "webA to return");
      const share = (await shop(20)).filter((server) => server === "webA").length;
      assert(share >= 3 && share <= 5, `${share} of 20`);
    });
  },

  async "reload-under-load"(fixture) {
    const { origin, visit, address, configuration } = fixture;
    await Promise.all([origin("webA", 11), origin("webB", 12)]);
    // Who cannot hand its sockets over serves all the same.
    if (threadless !== null) {
      return await fixture.run(async () => assertEquals((await visit("/shop")).status, 200));
    }
    await inFolder(async (folder) => {
      const file = join(folder, "sluice.cfg");
      writeFileSync(file, configuration);
      const master = start(["-W", "-f", file]);
      try {
        const served = () => visit("/").then(({ status }) => status === 200, () => false);
        for (let tries = 0; !await served(); tries++) {
          assert(tries < 1000 && runs(master.pid), master.stderr());
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        const clients = load({ host: address(1), port: 8080 }, { brief: 4, kept: 4 });
        for (let i = 0; i < 2; i++) {
          const goal = clients.answered + 50;
          master.signal("SIGUSR2");
          await until(() => clients.answered > goal, "requests after the reload");
        }
        await clients.stop();
        assertEquals(clients.failures, []);
      } finally {
        master.signal("SIGTERM");
        await master.ended;
      }
    });
  },
};
