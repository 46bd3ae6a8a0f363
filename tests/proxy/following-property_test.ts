/** Whatever name servers say, and whenever: what holds of the servers that follow a name. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Control } from "#src/services/control.ts";
import { test } from "../testing.ts";
import { respond, type Zone } from "../dns/zone.ts";
import { facts } from "../services/facts.ts";
import { scene, web } from "./harness.ts";

const at = { kind: "ip", host: "10.0.0.53", port: 53 } as const;
const nameservers = [{ name: "n1", address: { host: at.host, port: at.port } }];
const holds = { holdNx: 150, holdOther: 150, holdRefused: 150, holdTimeout: 150 };
const section = { name: "r", nameservers, timeoutResolve: 50, timeoutRetry: 20, ...holds };

const address = fc.integer({ min: 1, max: 6 }).map((n) => `10.0.1.${n}`);
const names = fc.oneof(
  { weight: 4, arbitrary: fc.array(address, { minLength: 1, maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom("nx", "refused", "servfail", "drop") },
);
/** What is said of the name, and for how long, ms. */
const stories = fc.array(fc.tuple(names, fc.integer({ min: 1, max: 400 })), {
  minLength: 1,
  maxLength: 6,
});

const servers = (count: number, host: string, port: number | null) =>
  Array.from({ length: count }, (_, i) => ({
    name: `s${i}`,
    address: { kind: "ip", host, port } as const,
    resolvers: "r",
  }));

/** Each server has an address and is up, or has none and is not. */
function addressesOf(control: Control): string[] {
  const views = control.proxies[0]!.backend!.servers;
  for (const view of views) {
    const has = view.host !== "-";
    assertEquals([view.maintained, view.serves], [!has, has], `${view.name} at ${view.host}`);
  }
  return views.map(({ host, port }) => `${host}:${port}`).filter((each) => !each.startsWith("-"));
}

test("servers of a name: up with an address, each with one of its own, as many as there are", () =>
  fc.assert(
    fc.asyncProperty(stories, fc.integer({ min: 1, max: 4 }), async (story, count) => {
      await scene(web({ servers: servers(count, "a.test", 80) }), (w) => {
        const zone: Zone = {};
        w.network.receiveDatagrams(at, (bytes, answer) => {
          const response = respond(zone, bytes);
          if (response !== null) answer(response);
        });
        const control = w.instance.control(facts);
        for (const [said, time] of story) {
          zone["a.test"] = typeof said === "string" ? said : said.map((each) => `A ${each}`);
          w.advance(time);
          const found = addressesOf(control);
          assertEquals(new Set(found).size, found.length, "shared");
        }
        // When the name has been the same for long enough, so have the servers.
        w.advance(1000);
        const [last] = story.at(-1)!;
        const there = new Set(typeof last === "string" ? [] : last.map((each) => `${each}:80`));
        const found = addressesOf(control);
        assertEquals(found.length, Math.min(count, there.size));
        assert(found.every((each) => there.has(each)), `${found} of ${[...there]}`);
      }, { sections: { resolvers: [section] } })();
    }),
    { numRuns: 30 },
  ));

test("servers of a service: each has the host, the port and the weight of a record of its own", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(65535)), {
            maxLength: 4,
            selector: ([host]) => host,
          }),
          fc.integer({ min: 1, max: 300 }),
        ),
        { minLength: 1, maxLength: 5 },
      ),
      fc.boolean(),
      async (story, additional) => {
        await scene(web({ servers: servers(3, "_http._tcp.test", null) }), (w) => {
          const zone: Zone = {};
          for (let n = 1; n <= 4; n++) zone[`h${n}.test`] = [`A 10.0.1.${n}`];
          w.network.receiveDatagrams(at, (bytes, answer) => {
            const response = respond(zone, bytes, { additional });
            if (response !== null) answer(response);
          });
          const control = w.instance.control(facts);
          for (const [records, time] of story) {
            zone["_http._tcp.test"] = records.length === 0
              ? "nx"
              : records.map(([host, weight]) => `SRV ${weight} ${8000 + host} h${host}.test`);
            w.advance(time);
            addressesOf(control);
          }
          w.advance(1000);
          const records = story.at(-1)![0];
          const there = new Map<string, number>(
            records.map(([host, weight]) =>
              [`10.0.1.${host}:${8000 + host}`, Math.floor((weight + 255) / 256)] as const
            ),
          );
          const found = addressesOf(control);
          assertEquals(found.length, Math.min(3, there.size));
          const views = control.proxies[0]!.backend!.servers;
          for (const { host, port, weight } of views.filter(({ serves }) => serves)) {
            assertEquals(weight, there.get(`${host}:${port}`), `${host}:${port}`);
          }
        }, { sections: { resolvers: [section] } })();
      },
    ),
    { numRuns: 30 },
  ));
