import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { loadConfiguration } from "#src/config/load.ts";
import { connectionLimit, descriptorLimit } from "#src/process/limits.ts";
import { test } from "../testing.ts";

function configuration(listeners: number, checked: number) {
  const lines = ["listen web"];
  for (let i = 0; i < listeners; i++) lines.push(`  bind 127.0.0.1:${8000 + i}`);
  for (let i = 0; i < checked; i++) lines.push(`  server s${i} 127.0.0.1:${9000 + i} check`);
  const { configuration } = loadConfiguration([{ name: "x.cfg", text: lines.join("\n") }], {});
  assert(configuration !== null);
  return configuration;
}

const small = configuration(1, 0);

test("a process knows its descriptor limit", () => {
  const limit = descriptorLimit();
  assert(limit === null || limit > 10);
});

test("two descriptors for each connection, and what listeners and checks need, fit the limit", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 200, max: 100_000 }),
    (listeners, checked, limit) => {
      const config = configuration(listeners, checked);
      const most = connectionLimit(config, null, limit);
      assert("maxconn" in most);
      assert(2 * most.maxconn + listeners + checked < limit);
      // What was chosen may be asked for, and one more may not.
      assertEquals(connectionLimit(config, most.maxconn, limit), most);
      assert("error" in connectionLimit(config, most.maxconn + 1, limit));
    },
  ));
});

test("where the system does not say, the configuration's word counts", () => {
  assertEquals(connectionLimit(small, 123_456, null), { maxconn: 123_456 });
  assertEquals(connectionLimit(small, null, null), { maxconn: 2000 });
});

test("a limit that suffices for no connection at all is an error without a proposal", () => {
  for (const wanted of [null, 1]) {
    const result = connectionLimit(small, wanted, 10);
    assert("error" in result);
    assertStringIncludes(result.error, "the process may open 10: raise the limit");
    assert(!result.error.includes("or set"), result.error);
  }
});

test("a limit that nobody can use up reserves nothing: maxconn is then bounded, unless it is set", () => {
  for (const limit of [1_048_576, 67_108_864, 1_073_741_816, 2 ** 53]) {
    const most = connectionLimit(small, null, limit);
    assert("maxconn" in most);
    assert(most.maxconn >= 500_000 && most.maxconn <= 524_288, `${most.maxconn}`);
  }
  assertEquals(connectionLimit(small, 2_000_000, 67_108_864), { maxconn: 2_000_000 });
});
