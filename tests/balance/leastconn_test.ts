import { leastconn } from "#src/balance/leastconn.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { farm, memory, type TestServer, word } from "./servers.ts";

function started(servers: TestServer[]) {
  const balancer = leastconn<TestServer>(memory());
  balancer.update(servers);
  return balancer;
}

/** Picks `count` times and keeps the connections. */
function fill(servers: TestServer[], count: number): string {
  const balancer = started(servers);
  return Array.from({ length: count }, () => {
    const server = balancer.pick(0, null)!;
    server.load++;
    return server.name;
  }).join("");
}

test("leastconn: idle servers take turns, whatever their weights", () => {
  assertEquals(word(started(farm(1, 1, 1, 1)), 9), "ABCDABCDA");
  assertEquals(word(started(farm(1, 10)), 6), "ABABAB");
});

// Each of these words is what HAProxy 2.6 does when no connection ends.
test("leastconn: connections that stay are placed as HAProxy places them", () => {
  assertEquals(fill(farm(1, 1, 1, 1), 12), "ABCDABCDABCD");
  assertEquals(fill(farm(1, 2, 3), 40), "ABCCBCCBCABCCBCABCCBCABCCBCABCCBCABCCBCA");
  assertEquals(fill(farm(12, 12, 26, 26), 40), "ABCDCDCDCDABCDCDABCDCDABCDCDABCDCDABCDCD");
  assertEquals(fill(farm(1, 10), 40), "ABBBBBBBBBBBBBBBBBBBABBBBBBBBBBABBBBBBBB");
});

test("leastconn: whatever the loads, the least loaded for its weight is chosen", () => {
  const server = fc.record({
    weight: fc.integer({ min: 0, max: 256 }),
    load: fc.nat(50),
    full: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(server, { maxLength: 10 }), (states) => {
    const servers = farm(...states.map(({ weight }) => weight));
    states.forEach((state, i) => Object.assign(servers[i]!, state));
    const cost = ({ load, weight }: TestServer) => load === 0 ? 0 : (load + 1) / weight;
    const open = servers.filter(({ weight, full }) => weight > 0 && !full);
    const chosen = started(servers).pick(0, null);
    if (open.length === 0) return assertStrictEquals(chosen, null);
    assert(chosen !== null && open.includes(chosen));
    assertEquals(cost(chosen), Math.min(...open.map(cost)));
  }));
});

test("leastconn: equals go on taking turns over an update", () => {
  const servers = farm(1, 1, 1);
  const balancer = started(servers);
  assertEquals(word(balancer, 2), "AB");
  balancer.update(servers);
  assertEquals(word(balancer, 3), "CAB");
});

test("leastconn: the server to avoid is passed over if there is another with room", () => {
  const servers = farm(1, 1);
  const [a, b] = servers;
  const balancer = started(servers);
  b!.load = 10;
  assertStrictEquals(balancer.pick(0, a!), b);
  b!.full = true;
  assertStrictEquals(balancer.pick(0, a!), a);
  a!.full = true;
  assertStrictEquals(balancer.pick(0, a!), null);
});

test("leastconn: only where all are full, one is waited for, the shortest queue first", () => {
  const servers = farm(1, 1, 1);
  const [a, b, c] = servers;
  const balancer = started(servers);
  for (const server of servers) Object.assign(server, { full: true, load: 4 });
  assertStrictEquals(balancer.pick(0, null), null);
  a!.mayWait = b!.mayWait = true;
  b!.load = 5;
  assertStrictEquals(balancer.pick(0, null), a);
  a!.load = 6;
  assertStrictEquals(balancer.pick(0, null), b);
  Object.assign(c!, { full: false, load: 9 });
  assertStrictEquals(balancer.pick(0, null), c);
});
