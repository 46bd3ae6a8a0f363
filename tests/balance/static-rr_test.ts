import { staticRoundrobin } from "#src/balance/static-rr.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "../testing.ts";
import { farm, memory, type TestServer, word } from "./servers.ts";

function started(servers: TestServer[]) {
  const balancer = staticRoundrobin<TestServer>(memory());
  balancer.update(servers);
  return balancer;
}

test("static-rr: serves the map over and over", () => {
  assertEquals(word(started(farm(1, 2, 3)), 12), "ACBCBCACBCBC");
});

test("static-rr: a changed weight is ignored, a server that is gone is not", () => {
  const servers = farm(1, 1, 1);
  const balancer = started(servers);
  servers[0]!.weight = 100;
  balancer.update(servers);
  assertEquals(word(balancer, 6), "ABCABC");
  balancer.update(servers.slice(1));
  assertEquals(word(balancer, 4), "BCBC");
  balancer.update(servers);
  servers[1]!.weight = 0;
  balancer.update(servers);
  assertEquals(word(balancer, 4), "ACAC");
});

test("static-rr: a smaller map is begun anew where the place is beyond its end", () => {
  const servers = farm(1, 1, 1);
  const balancer = started(servers);
  assertEquals(word(balancer, 2), "AB");
  balancer.update(servers.slice(0, 1));
  assertEquals(word(balancer, 2), "AA");
});

test("static-rr: full servers and the one to avoid are passed over", () => {
  const servers = farm(1, 1, 1);
  const [a, b, c] = servers;
  const balancer = started(servers);
  b!.full = true;
  assertEquals(word(balancer, 4), "ACAC");
  for (let i = 0; i < 4; i++) assertStrictEquals(balancer.pick(0, a!), c);
  c!.full = true;
  assertStrictEquals(balancer.pick(0, a!), a);
  a!.full = true;
  assertStrictEquals(balancer.pick(0, a!), null);
  assertEquals(word(balancer, 2), "--");
});

test("static-rr: no servers, no pick", () => {
  assertEquals(word(started([]), 2), "--");
  assert(started(farm(0)).pick(0, null) === null);
});
