/** Servers that come and go while several threads serve. */
import { assert, assertEquals } from "@std/assert";
import { freshAddress } from "../binary.ts";
import { facts } from "../services/facts.ts";
import { test } from "../testing.ts";
import { client, clients, here, onlyHere, origin, withThreads } from "./scene.ts";

const host = freshAddress();

test(
  `a server that is added serves the clients of all threads, and of one begun anew${onlyHere}`,
  async () => {
    const [one, two] = [await origin(host, 4101, "one"), await origin(host, 4102, "two")];
    const text = `listen web
  mode http
  bind ${host}:4100
  timeout client 20s
  timeout server 20s
  timeout connect 5s
  server one ${host}:4101
`;
    await withThreads(text, async ({ serving, fail, allUp }) => {
      const backend = serving.control(facts).proxies[0]!.backend!;
      const of = (name: string) => backend.servers.find((each) => each.name === name)!;
      const six = await clients(6, host, 4100);
      for (const each of six) assertEquals(await each.ask(), "one");
      for (let round = 0; round < 3; round++) {
        assertEquals(await backend.addServer("two", [`${host}:4102`]), null);
        of("two").setMaintenance(false);
        of("one").setMaintenance(true);
        for (const each of six) assertEquals(await each.ask(), "two");
        of("one").setMaintenance(false);
        const answers = [];
        for (const each of six) answers.push(await each.ask(), await each.ask());
        assertEquals(answers.filter((answer) => answer === "two").length, 6);
        if (round === 2) break;
        of("two").setMaintenance(true);
        assertEquals(await backend.removeServer(of("two")), null);
        for (const each of six) assertEquals(await each.ask(), "one");
      }
      for (const each of six) each.close();
      // Threads that begin now must know of it.
      for (const thread of [0, 1, 2]) {
        await fail(thread);
        await allUp();
      }
      of("one").setMaintenance(true);
      for (let i = 0; i < 6; i++) {
        const next = await client(host, 4100);
        assertEquals(await next.ask(), "two");
        next.close();
      }
      of("one").setMaintenance(false);
      assert(one.paths.length > 0 && two.paths.length > 0);
    });
    await one.close();
    await two.close();
  },
  { skip: !here },
);
