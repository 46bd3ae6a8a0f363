import { algorithmOf } from "#src/balance/algorithms.ts";
import { algorithmNames, type BalanceName } from "#src/balance/balance-text.ts";
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { balancerOf, farm, memory, options, picks, type TestServer, word } from "./servers.ts";

test("select: each word of `balance` is its algorithm", () => {
  const served = (balance: string) => {
    const balancer = balancerOf(balance);
    balancer.update(farm(1, 2, 3));
    return word(balancer, 6);
  };
  assertEquals(served("roundrobin"), "CBCABC");
  assertEquals(served("static-rr"), "ACBCBC");
  assertEquals(served("leastconn"), "ABCABC");
  assertEquals(served("source"), "AAAAAA");
});

test("select: no algorithm remembers more numbers than it asks for", () => {
  const sayings: Partial<Record<BalanceName, string>> = {
    hdr: "hdr(x)",
    url_param: "url_param x",
    hash: "hash src",
  };
  for (
    const [name, hashType] of algorithmNames.flatMap((name) => [
      [name, "map-based"] as const,
      [name, "consistent"] as const,
    ])
  ) {
    const { create, memory: size } = algorithmOf(name);
    const served = (numbers: Float64Array) => {
      const balancer = create<TestServer>(
        numbers,
        options(sayings[name] ?? name, hashType, { random: () => 0.3 }),
      );
      balancer.update(farm(3, 1, 2, 5, 1));
      return picks(balancer, 100).map((server) => server?.index);
    };
    // What is written beyond an array's end is lost without a word.
    assertEquals(served(new Float64Array(size(5))), served(memory()), name);
  }
});
