import { algorithmNames, algorithmOf } from "#src/balance/algorithms.ts";
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { farm, memory, picks, type TestServer, word } from "./servers.ts";

test("select: each word of `balance` is its algorithm", () => {
  const served = (balance: Parameters<typeof algorithmOf>[0]) => {
    const balancer = algorithmOf(balance).create<TestServer>(memory(), "map-based");
    balancer.update(farm(1, 2, 3));
    return word(balancer, 6);
  };
  assertEquals(served("roundrobin"), "CBCABC");
  assertEquals(served("static-rr"), "ACBCBC");
  assertEquals(served("leastconn"), "ABCABC");
  assertEquals(served("source"), "AAAAAA");
});

test("select: no algorithm remembers more numbers than it asks for", () => {
  for (const name of algorithmNames) {
    const { create, memory: size } = algorithmOf(name);
    const served = (numbers: Float64Array) => {
      const balancer = create<TestServer>(numbers, "map-based");
      balancer.update(farm(3, 1, 2, 5, 1));
      return picks(balancer, 100).map((server) => server?.index);
    };
    // What is written beyond an array's end is lost without a word.
    assertEquals(served(new Float64Array(size(5))), served(memory()), name);
  }
});
