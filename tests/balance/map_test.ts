import { fixedWeights, smoothMap } from "#src/balance/static-map.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { farm, sum } from "./servers.ts";

const letters = (map: Uint32Array) => [...map].map((i) => String.fromCharCode(65 + i)).join("");

// Each of these words is what HAProxy 2.6 serves with `balance static-rr`.
test("map: the positions are those of HAProxy", () => {
  assertEquals(letters(smoothMap([1, 1, 1, 1])), "ABCD");
  assertEquals(letters(smoothMap([1, 2, 3])), "ACBCBC");
  assertEquals(letters(smoothMap([5, 1, 1])), "AAABAAC");
  assertEquals(letters(smoothMap([1, 10])), "ABBBBBBBBBB");
  assertEquals(letters(smoothMap([3, 7, 7, 1, 1])), "ABCBCBACBCBCABCDBCE");
  assertEquals(letters(smoothMap([12, 12, 26, 26])), "ABCDCDABCDCDABCDCDABCDCDCADBCDCADBCDCD");
});

test("map: a common divisor shortens it; weight 0 has no position; no weight, no map", () => {
  assertEquals(letters(smoothMap([100, 100, 100])), "ABC");
  assertEquals(letters(smoothMap([2, 0, 4])), "ACC");
  assertEquals(letters(smoothMap([0, 0])), "");
  assertEquals(letters(smoothMap([])), "");
});

test("map: each server has as many positions as its share", () => {
  const weights = fc.array(fc.integer({ min: 0, max: 256 }), { minLength: 1, maxLength: 10 });
  fc.assert(fc.property(weights, (weights) => {
    fc.pre(sum(weights) > 0);
    const map = smoothMap(weights);
    weights.forEach((weight, i) => {
      assertEquals(
        map.filter((entry) => entry === i).length * sum(weights),
        weight * map.length,
      );
    });
  }));
});

test("map: a server's positions lie apart", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 8 });
  fc.assert(fc.property(weights, (weights) => {
    const map = smoothMap(weights);
    weights.forEach((weight, i) => {
      const share = weight / sum(weights);
      let seen = 0;
      map.forEach((entry, position) => {
        if (entry === i) seen++;
        assert(Math.abs(seen - (position + 1) * share) < 2, `${weights}: ${letters(map)}`);
      });
    });
  }));
});

test("map: static weights are the first ones, 0 while the server takes nothing", () => {
  const weightsOf = fixedWeights();
  const servers = farm(3, 0, 5);
  assertEquals(weightsOf(servers), [3, 0, 5]);
  servers[0]!.weight = 7;
  servers[1]!.weight = 2;
  servers[2]!.weight = 0;
  assertEquals(weightsOf(servers), [3, 2, 0]);
  servers[2]!.weight = 1;
  assertEquals(weightsOf(servers), [3, 2, 5]);
});
