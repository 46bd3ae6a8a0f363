import { avalanche } from "#src/bytes/hash-functions.ts";
import { addressKey } from "#src/balance/hash.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { balancerOf, farm, sum, type TestServer } from "./servers.ts";

const hashTypes = ["map-based", "consistent"] as const;
type HashType = typeof hashTypes[number];

function started(hashType: HashType, servers: TestServer[]) {
  const balancer = balancerOf("source", hashType);
  balancer.update(servers);
  return balancer;
}

const key = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const weights = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 8 });

// Each of these words is what HAProxy 2.6 does with `balance source`.
test("source: map-based sends addresses where HAProxy sends them", () => {
  const addresses = [
    "127.0.0.1",
    "127.0.0.2",
    "127.0.0.3",
    "127.0.0.4",
    "127.1.2.3",
    "127.9.8.7",
    "127.200.100.50",
    "127.255.255.254",
    "127.77.0.99",
    "127.128.0.1",
    "127.0.1.0",
    "127.33.44.55",
    "::1",
  ];
  const served = (...weights: number[]) => {
    const balancer = started("map-based", farm(...weights));
    return addresses.map((address) => balancer.pick(addressKey(address), null)!.name).join("");
  };
  assertEquals(served(1, 1, 1, 1), "BCDADDCCDBADB");
  assertEquals(served(12, 12, 26, 26), "DCDADACCDDCDB");
  assertEquals(served(1, 2, 3), "CACBCCAACCBCC");
  assertEquals(served(3, 7, 7, 1, 1), "BCEABABBBBBCB");
});

for (const hashType of hashTypes) {
  test(`source, ${hashType}: a key has one server, also when that is full`, () => {
    fc.assert(fc.property(weights, key, (weights, key) => {
      const servers = farm(...weights);
      const balancer = started(hashType, servers);
      const server = balancer.pick(key, null);
      if (sum(weights) === 0) return assertStrictEquals(server, null);
      assert(server !== null && server.weight > 0);
      server.full = true;
      assertStrictEquals(balancer.pick(key, null), server);
      assertStrictEquals(started(hashType, servers).pick(key, null), server);
    }));
  });

  test(`source, ${hashType}: the server to avoid is left if there is another`, () => {
    fc.assert(fc.property(weights, key, (weights, key) => {
      const servers = farm(...weights);
      const balancer = started(hashType, servers);
      const server = balancer.pick(key, null);
      fc.pre(server !== null);
      const other = balancer.pick(key, server);
      assert(other !== null && other.weight > 0);
      assertEquals(other === server, weights.filter((weight) => weight > 0).length === 1);
    }));
  });
}

test("source, map-based: weights are those of the start", () => {
  const servers = farm(1, 1);
  const balancer = started("map-based", servers);
  servers[0]!.weight = 5;
  balancer.update(servers);
  assertEquals([0, 1, 2, 3].map((key) => balancer.pick(key, null)!.name).join(""), "ABAB");
});

test("source, consistent: removing a server moves its own keys only, and adding it back, back", () => {
  const keys = fc.array(key, { minLength: 50, maxLength: 50 });
  fc.assert(fc.property(weights, fc.nat(7), keys, (weights, which, keys) => {
    const servers = farm(...weights);
    const gone = servers[which % servers.length]!;
    const balancer = started("consistent", servers);
    const before = keys.map((key) => balancer.pick(key, null));
    balancer.update(servers.filter((server) => server !== gone));
    keys.forEach((key, i) => {
      if (before[i] !== gone) assertStrictEquals(balancer.pick(key, null), before[i]);
    });
    balancer.update(servers);
    assertEquals(keys.map((key) => balancer.pick(key, null)), before);
  }));
});

test("source, consistent: raising a weight draws keys to that server only", () => {
  const keys = fc.array(key, { minLength: 50, maxLength: 50 });
  fc.assert(fc.property(weights, fc.nat(7), keys, (weights, which, keys) => {
    const servers = farm(...weights);
    const raised = servers[which % servers.length]!;
    const balancer = started("consistent", servers);
    const before = keys.map((key) => balancer.pick(key, null));
    raised.weight += 5;
    balancer.update(servers);
    keys.forEach((key, i) => {
      const after = balancer.pick(key, null);
      assert(after === before[i] || after === raised);
    });
  }));
});

test("source, consistent: the order of the configuration does not matter", () => {
  fc.assert(fc.property(weights, key, (weights, key) => {
    const servers = farm(...weights);
    const turned = started("consistent", servers.slice().reverse());
    assertStrictEquals(turned.pick(key, null), started("consistent", servers).pick(key, null));
  }));
});

test("source, consistent: neighbouring addresses spread by weight", () => {
  const servers = farm(10, 10, 20);
  const balancer = started("consistent", servers);
  const counts = new Map(servers.map((server) => [server, 0]));
  for (let i = 0; i < 8000; i++) {
    const server = balancer.pick(avalanche(0x0a000000 + i), null)!;
    counts.set(server, counts.get(server)! + 1);
  }
  for (const server of servers) {
    const fair = server.weight * 200;
    const count = counts.get(server)!;
    assert(count > 0.8 * fair && count < 1.2 * fair, `${server.name}: ${count} of ${fair}`);
  }
});
