import { createBalancer } from "#src/balance/create-balancer.ts";
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { farm, memory, type TestServer, word } from "./servers.ts";

test("select: each word of `balance` is its algorithm", () => {
  const served = (balance: Parameters<typeof createBalancer>[0]) => {
    const balancer = createBalancer<TestServer>(balance, "map-based", memory());
    balancer.update(farm(1, 2, 3));
    return word(balancer, 6);
  };
  assertEquals(served("roundrobin"), "CBCABC");
  assertEquals(served("static-rr"), "ACBCBC");
  assertEquals(served("leastconn"), "ABCABC");
  assertEquals(served("source"), "AAAAAA");
});
