import { roundrobin } from "#src/balance/roundrobin.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { farm, memory, picks, sum, tally, type TestServer, word } from "./servers.ts";

const weights = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 256 })),
  {
    minLength: 1,
    maxLength: 12,
  },
);

function started(servers: TestServer[]) {
  const balancer = roundrobin<TestServer>(memory());
  balancer.update(servers);
  return balancer;
}

/** The most that any server is ahead of or behind its share, in requests, after any pick. */
function furthestOff(servers: TestServer[], picked: readonly (TestServer | null)[]): number {
  const total = sum(servers.map((server) => server.weight));
  const off = new Map(servers.map((server) => [server, 0]));
  let furthest = 0;
  for (const chosen of picked) {
    for (const server of servers) {
      const now = off.get(server)! + (server === chosen ? 1 : 0) - server.weight / total;
      off.set(server, now);
      furthest = Math.max(furthest, Math.abs(now));
    }
  }
  return furthest;
}

test("roundrobin: equal weights take turns in the order of the configuration", () => {
  assertEquals(word(started(farm(1, 1, 1, 1)), 9), "ABCDABCDA");
  assertEquals(word(started(farm(100, 100, 100)), 7), "ABCABCA");
});

test("roundrobin: a heavy server's turns are spread among the light ones'", () => {
  assertEquals(word(started(farm(5, 1, 1)), 14), "AAABAACAAABAAC");
});

test("roundrobin: 12/12/26/26 is exact in every window of 76", () => {
  const servers = farm(12, 12, 26, 26);
  const picked = picks(started(servers), 10 * 76);
  for (let from = 0; from + 76 <= picked.length; from++) {
    assertEquals(tally(servers, picked.slice(from, from + 76)), [12, 12, 26, 26]);
  }
  assert(furthestOff(servers, picked) < 1);
});

test("roundrobin: 12/12/26/26 is interleaved: no server waits twice its period", () => {
  const text = word(started(farm(12, 12, 26, 26)), 760);
  for (const [name, longest] of [["A", 12], ["B", 12], ["C", 5], ["D", 5]] as const) {
    const gaps = text.split(name).slice(1, -1).map((gap) => gap.length + 1);
    assert(Math.max(...gaps) <= longest, `${name} waits ${Math.max(...gaps)}`);
  }
});

test("roundrobin: whatever the weights, no server is ever a whole request off its share", () => {
  fc.assert(fc.property(weights, (weights) => {
    const servers = farm(...weights);
    assert(furthestOff(servers, picks(started(servers), Math.min(2 * sum(weights), 1500))) < 1);
  }));
});

test("roundrobin: whatever the weights, every window of their sum is exact", () => {
  fc.assert(fc.property(weights, fc.nat(300), (weights, skip) => {
    const servers = farm(...weights);
    const balancer = started(servers);
    picks(balancer, skip);
    assertEquals(tally(servers, picks(balancer, sum(weights))), weights);
  }));
});

test("roundrobin: weight 0 takes nothing; without servers there is no pick", () => {
  assertEquals(word(started(farm(1, 0, 1)), 4), "ACAC");
  assertEquals(word(started(farm(0, 0)), 2), "--");
  assertEquals(word(started([]), 2), "--");
});

test("roundrobin: a change of weight takes effect at once", () => {
  const servers = farm(1, 1);
  const balancer = started(servers);
  picks(balancer, 3);
  servers[1]!.weight = 3;
  balancer.update(servers);
  const [a, b] = tally(servers, picks(balancer, 400));
  assert(Math.abs(a! - 100) <= 1 && Math.abs(b! - 300) <= 1, `${a} and ${b}`);
});

test("roundrobin: an update that changes nothing does not disturb the sequence", () => {
  fc.assert(fc.property(weights, fc.array(fc.boolean(), { maxLength: 200 }), (weights, updates) => {
    const servers = farm(...weights);
    const [one, other] = [started(servers), started(servers)];
    for (const update of updates) {
      if (update) one.update(servers);
      assertStrictEquals(one.pick(0, null), other.pick(0, null));
    }
  }));
});

test("roundrobin: after servers came, went or changed weight, windows become exact again", () => {
  const change = fc.record({
    picks: fc.nat(40),
    weights: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 6, maxLength: 6 }),
  });
  fc.assert(fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
    const servers = farm(1, 2, 3, 4, 5, 6);
    const balancer = started(servers);
    for (const { picks: count, weights } of changes) {
      picks(balancer, count);
      servers.forEach((server, i) => server.weight = weights[i]!);
      balancer.update(servers);
    }
    const total = sum(servers.map((server) => server.weight));
    const picked = picks(balancer, 3 * total);
    for (let from = 2 * total; from > 2 * total - 5 && total > 0; from--) {
      assertEquals(
        tally(servers, picked.slice(from, from + total)),
        servers.map((server) => server.weight),
      );
    }
  }));
});

test("roundrobin: full servers are passed over, the rest share by weight", () => {
  const servers = farm(1, 2, 3, 6);
  const balancer = started(servers);
  servers[3]!.full = true;
  const picked = picks(balancer, 600);
  const counts = tally(servers, picked);
  for (const [i, expected] of [100, 200, 300, 0].entries()) {
    assert(Math.abs(counts[i]! - expected) <= 2, `${counts}`);
  }
});

test("roundrobin: nobody gets a long run because a heavy server is full", () => {
  const servers = farm(200, 1, 1, 1);
  const balancer = started(servers);
  servers[0]!.full = true;
  const text = word(balancer, 300);
  for (const name of ["BBBB", "CCCC", "DDDD", "A"]) assert(!text.includes(name), name);
});

test("roundrobin: a server that was full does not catch up", () => {
  fc.assert(fc.property(weights, fc.nat(11), fc.nat(500), (weights, which, count) => {
    const servers = farm(...weights);
    const balancer = started(servers);
    const server = servers[which % servers.length]!;
    server.full = true;
    picks(balancer, count);
    server.full = false;
    const counts = tally(servers, picks(balancer, sum(weights)));
    assertEquals(counts, weights);
  }));
});

test("roundrobin: all full gives none, and takes no turn", () => {
  const servers = farm(1, 1, 1);
  const balancer = started(servers);
  assertEquals(word(balancer, 1), "A");
  for (const server of servers) server.full = true;
  assertEquals(word(balancer, 5), "-----");
  for (const server of servers) server.full = false;
  assertEquals(word(balancer, 3), "BCA");
});

test("roundrobin: the server to avoid is passed over if there is another with room", () => {
  const servers = farm(1, 1, 1);
  const [a, b, c] = servers;
  const balancer = started(servers);
  for (let i = 0; i < 12; i++) assert(balancer.pick(0, a!) !== a);
  b!.full = c!.full = true;
  assertStrictEquals(balancer.pick(0, a!), a);
  a!.full = true;
  assertStrictEquals(balancer.pick(0, a!), null);
});

test("roundrobin: a server to avoid that takes no part is not picked", () => {
  const servers = farm(1, 1);
  const [a, b] = servers;
  const balancer = started([a!]);
  a!.full = true;
  assertStrictEquals(balancer.pick(0, b!), null);
});
