/** Visitors whom the proxy itself remembers. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { failOver, type ScenarioTest } from "./fixture.ts";
import { open, response } from "./wire.ts";

export const sessions: Readonly<Record<string, ScenarioTest>> = {
  async "sticky-table"(fixture) {
    const { origin, server, visit, address } = fixture;
    const sets = (name: string) => ({ line }: { line: string }) => {
      const session = /\/login\?(\S+)/.exec(line)?.[1];
      return response(name, ...session === undefined ? [] : [`Set-Cookie: JSESSIONID=${session}`]);
    };
    for (const [i, name] of ["appA", "appB", "appC"].entries()) {
      await origin(name, 11 + i, 8000, sets(name));
    }
    for (const [i, name] of ["mailA", "mailB"].entries()) {
      const target = { host: address(11 + i), port: 1143 };
      await server(name, target, (connection) => connection.send(`* ${name}\n`));
    }
    await fixture.run(async () => {
      const session = (id: string) => [`Cookie: JSESSIONID=${id}`];
      const [one, other] = [await visit("/login?one"), await visit("/login?other")];
      assertNotEquals(one.server, other.server);
      for (let i = 0; i < 3; i++) {
        assertEquals((await visit("/", session("one"))).server, one.server);
        assertEquals((await visit("/", session("other"))).server, other.server);
      }
      const moved = await failOver(fixture, one.server, session("one"));
      await visit("/login?one", session("one"));
      assertEquals((await visit("/", session("other"))).server === one.server, false, moved.server);

      const greeting = async (from: number) => {
        const client = open({ host: address(1), port: 2143, localAddress: address(from) });
        await client.until(() => client.received.includes("\n"));
        client.close();
        return client.received;
      };
      const first = await greeting(101);
      assertNotEquals(await greeting(102), first);
      for (let i = 0; i < 3; i++) assertEquals(await greeting(101), first);
    });
  },
};
