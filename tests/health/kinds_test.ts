import { Check, checkKinds, kindOf } from "#src/health/kinds.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import * as v from "valibot";
import { test } from "../testing.ts";
import { answering, probing, scene } from "./scene.ts";

const word = fc.stringMatching(/^[!-~]{1,12}$/);

for (const kind of checkKinds) {
  test(`kinds: ${kind.name}: its words are read, and written so that they read the same`, () => {
    fc.assert(fc.property(fc.array(word, { maxLength: kind.most }), (words) => {
      const check = kind.parse(words);
      if (typeof check === "string") return;
      assertEquals(v.parse(Check, check), check);
      assertEquals(kindOf(check), kind);
      assertEquals(kind.parse(kind.print(check)), check);
    }));
  });

  test(`kinds: ${kind.name}: a check ends with a verdict, whatever the server does`, () => {
    for (const reply of ["HTTP/1.0 200 OK\r\n\r\n", "\x15\x03\x01\0\x02\x02\x28", "", "x"]) {
      const stage = scene();
      stage.serve({ ...answering(stage, [reply]), accepted: (s) => reply === "" && s.close() });
      const check = kind.parse(kind.example === "" ? [] : kind.example.split(" "));
      assert(typeof check !== "string");
      const results = stage.check(probing(stage, check), 3000);
      if (kind.external === true) return;
      assertEquals(results.length, 1);
      assert(results[0]!.status.length > 0);
      assertEquals(stage.network.openSockets, 0);
    }
  });
}

test("kinds: each has a name, an option and a line of documentation of its own", () => {
  for (const key of ["name", "option", "doc"] as const) {
    const all = checkKinds.map((kind) => kind[key]);
    assertEquals(new Set(all).size, all.length);
    assert(all.every((text) => text !== ""));
  }
});
