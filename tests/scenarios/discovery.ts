/** Servers that DNS knows. */
import { assertEquals } from "@std/assert";
import { receiveDatagrams } from "#src/net/datagrams.ts";
import { NameServer } from "#src/simulate/name-server.ts";
import { type ScenarioTest, untilVisit } from "./fixture.ts";

export const discovery: Readonly<Record<string, ScenarioTest>> = {
  async "service-discovery"(fixture) {
    const { origin, visit, address } = fixture;
    for (const last of [11, 12, 13]) await origin(`instance ${last}`, last);
    const endpoint = { kind: "ip", host: address(53), port: 8053 } as const;
    const names = new NameServer(endpoint, receiveDatagrams);
    const know = (...lasts: number[]) => names.know("app.service.internal", lasts.map(address));
    names.start();
    try {
      await fixture.run(async () => {
        const servers = async () => {
          const found = new Set<string>();
          for (let i = 0; i < 9; i++) found.add((await visit("/shop")).server);
          return [...found].sort();
        };
        const leadsTo = (last: number) =>
          untilVisit(
            () => visit("/shop"),
            ({ server }) => server === `instance ${last}`,
            `instance ${last}`,
          );
        assertEquals((await visit("/shop")).status, 503);
        know(11);
        await leadsTo(11);
        know(11, 13);
        await leadsTo(13);
        names.stop();
        assertEquals(await servers(), ["instance 11", "instance 13"]);
        names.start();
        know(12);
        await leadsTo(12);
        // Both of the others left when this one came.
        assertEquals(await servers(), ["instance 12"]);
      });
    } finally {
      names.stop();
    }
  },
};
