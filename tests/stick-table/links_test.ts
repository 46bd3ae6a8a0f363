import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { StickTable } from "#src/config/model.ts";
import type { Endpoint } from "#src/net/socket.ts";
import { createMemory } from "#src/shared/memory.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import { definitionsOf } from "#src/stick-table/definitions.ts";
import { startLinks } from "#src/stick-table/peers/links.ts";
import { Tables } from "#src/stick-table/tables.ts";
import { namedField, setData, setKeyText, viewEntries } from "#src/stick-table/view.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";

const names = ["a", "b", "c"];
const at = (name: string): Endpoint => ({
  kind: "ip",
  host: `10.0.0.${1 + names.indexOf(name)}`,
  port: 7000,
});

/** A network on which peers live, and its time. */
function scene() {
  const clock = virtualClock();
  const network = memoryNetwork();
  return {
    network,
    advance(ms: number) {
      for (let passed = 0; passed < ms; passed += 25) {
        network.run();
        clock.advance(25);
      }
      network.run();
    },
    start(own: string) {
      const stickTable = v.parse(StickTable, {
        type: "string",
        size: 100,
        store: [{ type: "gpc0" }],
      });
      const definitions = definitionsOf({ peers: [] }, [{ name: "t", stickTable }])
        .map((each) => ({ ...each, peers: "p" }));
      const tables = new Tables(createMemory(1, 0), definitions, clock, 1);
      const table = tables.get("t")!;
      const links = startLinks({
        own,
        at: at(own),
        peers: names.filter((name) => name !== own).map((name) => ({ name, address: at(name) })),
        tables: [{ name: "t", table }],
        keys: tables.serverKeys,
        writeTo: () => null,
        network,
        clock,
        pid: 1,
        random: () => names.indexOf(own) / 3,
      });
      return {
        links,
        set(key: string, value: number) {
          setKeyText(table, key);
          const field = namedField(table, "gpc0");
          if (typeof field === "string") throw new Error(field);
          setData(table, tables.serverKeys, [{ field, value }]);
        },
        known: () =>
          [...viewEntries(table, tables.serverKeys)].map(({ key, data }) =>
            `${key}=${data[0]!.value}`
          )
            .sort().join(),
      };
    },
  };
}

test("links: peers find each other, tell what changes, and one that begins later is taught", () => {
  const { advance, start } = scene();
  const [a, b] = [start("a"), start("b")];
  a.set("early", 1);
  advance(3000);
  assertEquals([a.links.established(), b.links.established()], [["b"], ["a"]]);
  b.set("x", 5);
  a.set("y", 6);
  advance(1000);
  assertEquals([a.known(), b.known()], ["early=1,x=5,y=6", "early=1,x=5,y=6"]);
  advance(60_000);
  assertEquals(a.links.established(), ["b"], "though nothing is to be told");
  assertEquals([a.links.complete, b.links.complete], [true, true]);
  const c = start("c");
  advance(10_000);
  assertEquals(c.known(), a.known());
  assertEquals([c.links.complete, c.links.established()], [true, ["a", "b"]]);
  for (const each of [a, b, c]) each.links.close();
});

test("links: who comes back knows again, and is told what it missed", () => {
  const { advance, start } = scene();
  const [a, b] = [start("a"), start("b")];
  advance(10_000);
  a.set("x", 1);
  advance(1000);
  b.links.close();
  advance(100);
  assertEquals(a.links.established(), []);
  a.set("y", 2);
  const again = start("b");
  advance(10_000);
  assertEquals(again.known(), "x=1,y=2");
  again.set("x", 9);
  advance(1000);
  assertEquals(a.known(), "x=9,y=2");
  a.links.close();
  again.links.close();
});

test("links: who does not say who it is gets no table", () => {
  const { advance, network, start } = scene();
  const a = start("a");
  const say = (text: string, wait = 100) => {
    let answer = "";
    let closed = false;
    const socket = network.connect(at("a"), {}, {
      opened: (socket) => void socket.write(new TextEncoder().encode(text), 0, text.length),
      data: (_socket, bytes) => void (answer += new TextDecoder().decode(bytes)),
      drain() {},
      ended: () => void (closed = true),
      closed: () => void (closed = true),
    });
    advance(wait);
    socket.close();
    return [answer, closed];
  };
  assertEquals(say("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ["501\n", true]);
  assertEquals(say("HAProxyS 3.0\na\nb 1 1\n"), ["502\n", true]);
  assertEquals(say("HAProxyS 2.1\nzz\nb 1 1\n"), ["503\n", true]);
  assertEquals(say("HAProxyS 2.1\na\nzz 1 1\n"), ["504\n", true]);
  assertEquals(say("x".repeat(2000)), ["501\n", true]);
  assertEquals(say("", 6000), ["", true]);
  assertEquals(say("HAProxyS 2.1\na\nb 1 1\n").at(0), "200\n");
  a.links.close();
});
