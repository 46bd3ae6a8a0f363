/** `first`, `random`, `sticky`, and what a hash does when servers are full or keys are missing. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { NO_KEY } from "#src/balance/request-key.ts";
import { randomOf } from "#src/simulate/simulation.ts";
import { test } from "../testing.ts";
import { balancerOf, farm, sum, type TestServer, word } from "./servers.ts";

const names = (servers: readonly (TestServer | null)[]) =>
  servers.map((server) => server?.name ?? "-").join("");

test("first: by number, whatever the weights, as long as there is room", () => {
  const servers = farm(1, 9, 5).map((server, i) => Object.assign(server, { id: [3, 1, 2][i]! }));
  const balancer = balancerOf("first");
  balancer.update(servers);
  assertEquals(word(balancer, 3), "BBB");
  servers[1]!.full = true;
  assertEquals(word(balancer, 2), "CC");
  assertEquals(balancer.pick(0, servers[2]!)?.name, "A");
  servers[2]!.full = true;
  servers[0]!.full = true;
  assertEquals(word(balancer, 1), "-");
  servers[1]!.full = false;
  assertEquals(balancer.pick(0, servers[1]!)?.name, "B");
});

test("random: by weight, the less loaded of those drawn", () => {
  const servers = farm(10, 10, 20);
  const one = balancerOf("random(1)", "map-based", { random: randomOf(7) });
  one.update(servers);
  const counts = new Map(servers.map((server) => [server, 0]));
  for (let i = 0; i < 4000; i++) {
    const server = one.pick(0, null)!;
    counts.set(server, counts.get(server)! + 1);
  }
  for (const server of servers) {
    const fair = server.weight * 100;
    assert(
      Math.abs(counts.get(server)! - fair) < 0.25 * fair,
      `${server.name}: ${counts.get(server)}`,
    );
  }
  const two = balancerOf("random", "map-based", { random: randomOf(7) });
  two.update(servers);
  for (let i = 0; i < 400; i++) two.pick(0, null)!.load++;
  // One draw alone would leave them some 20 apart.
  for (const { load, weight } of servers) assert(Math.abs(load - weight * 10) < 8, `${load}`);
});

test("random: one that is full is waited for by none in particular", () => {
  const servers = farm(1, 1);
  const balancer = balancerOf("random", "map-based", { random: randomOf(1) });
  balancer.update(servers);
  for (const server of servers) server.full = true;
  assertEquals(balancer.pick(0, null), null);
  balancer.update([]);
  assertEquals(balancer.pick(0, null), null);
});

test("sticky: one serves as long as it is there; who comes back does not take its place", () => {
  const servers = farm(1, 5, 1);
  const [a, b, c] = servers;
  const balancer = balancerOf("sticky");
  balancer.update(servers);
  assertEquals(word(balancer, 3), "AAA");
  balancer.update([b!, c!]);
  assertEquals(word(balancer, 2), "BB");
  balancer.update(servers);
  assertEquals(word(balancer, 2), "BB");
  assertEquals(balancer.pick(0, b!), a);
  balancer.update([a!, c!]);
  assertEquals(word(balancer, 1), "A");
});

test("hashes: without a key, servers take turns; full ones are passed over", () => {
  const map = balancerOf("uri");
  const servers = farm(1, 1, 1);
  map.update(servers);
  const turns = (balancer: typeof map, count: number) =>
    names(Array.from({ length: count }, () => balancer.pick(NO_KEY, null)));
  assertEquals(turns(map, 6), "ABCABC");
  servers[1]!.full = true;
  assertEquals(turns(map, 4), "ACAC");
  servers[1]!.full = false;

  const ring = balancerOf("uri", "consistent");
  ring.update(servers);
  const round = 16 * servers.length;
  const first = turns(ring, round);
  for (const { name } of servers) assertEquals(first.split(name).length - 1, 16);
  assertEquals(turns(ring, round), first);
  for (const server of servers) server.full = true;
  assertEquals(turns(ring, 2), "--");
});

const key = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("hash-balance-factor: no server gets more than its share, and some", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(weights, fc.integer({ min: 101, max: 300 }), key, (weights, factor, key) => {
      const servers = farm(...weights);
      const balancer = balancerOf("uri", "consistent", { factor });
      balancer.update(servers);
      for (let i = 0; i < 60; i++) balancer.pick(key, null)!.load++;
      for (const { load, weight } of servers) {
        const share = Math.ceil(60 * factor / 100) * weight / sum(weights);
        assert(load <= Math.max(1, Math.ceil(share) + 1), `${load} of ${share}`);
      }
    }),
  );
});

test("hash-balance-factor: as long as there is room, keys keep their servers", () => {
  fc.assert(fc.property(key, (key) => {
    const servers = farm(1, 1, 1);
    const [plain, bound] = [0, 150].map((factor) => {
      const balancer = balancerOf("uri", "consistent", { factor });
      balancer.update(servers);
      return balancer;
    });
    assertEquals(bound!.pick(key, null), plain!.pick(key, null));
  }));
});

test("hash-preserve-affinity: whether a full server is waited for", () => {
  fc.assert(fc.property(key, (key) => {
    const servers = farm(1, 1, 1);
    const [always, maxconn, maxqueue] = (["always", "maxconn", "maxqueue"] as const).map(
      (affinity) => {
        const balancer = balancerOf("uri", "consistent", { affinity });
        balancer.update(servers);
        return balancer;
      },
    );
    const own = always!.pick(key, null)!;
    own.full = true;
    assertEquals(always!.pick(key, null), own);
    assertEquals(maxqueue!.pick(key, null), own);
    assert(maxconn!.pick(key, null) !== own);
    own.queueFull = true;
    assert(maxqueue!.pick(key, null) !== own);
    for (const server of servers) server.full = true;
    assert(maxconn!.pick(key, null) !== null);
  }));
});
