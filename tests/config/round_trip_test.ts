import { assertEquals } from "@std/assert";
import fc from "fast-check";
import * as v from "valibot";
import { type Diagnostic, formatDiagnostics } from "#src/config/diagnostic.ts";
import { printHaproxy } from "#src/config/haproxy/print.ts";
import { printJson } from "#src/config/json.ts";
import { convertConfiguration, loadConfiguration } from "#src/config/load.ts";
import { Configuration } from "#src/config/model.ts";
import { test } from "../testing.ts";
import { configuration } from "./arbitraries.ts";

function reload(name: string, text: string): Configuration {
  const file = { name, text };
  const loaded = loadConfiguration([file], {});
  const errors = loaded.diagnostics.filter((each: Diagnostic) => each.severity === "error");
  assertEquals(formatDiagnostics(errors, [file]), "", text);
  return loaded.configuration ?? v.parse(Configuration, {});
}

test("the arbitrary configurations are models as the schema has them", () => {
  fc.assert(fc.property(configuration, (model) => {
    assertEquals(v.parse(Configuration, model), model);
  }));
});

test("a configuration printed in HAProxy's language and parsed again is the same", () => {
  fc.assert(fc.property(configuration, (model) => {
    assertEquals(reload("x.cfg", printHaproxy(model)), model);
  }));
});

test("a configuration printed as JSON and parsed again is the same", () => {
  fc.assert(fc.property(configuration, (model) => {
    assertEquals(reload("x.json", printJson(model)), model);
  }));
});

test("a configuration converted to the other language and back is the same text", () => {
  fc.assert(fc.property(configuration, (model) => {
    const text = printHaproxy(model);
    const json = convertConfiguration([{ name: "x.cfg", text }], {}).text ?? "";
    assertEquals(convertConfiguration([{ name: "x.json", text: json }], {}).text, text);
  }));
});

test("what is printed leaves defaults out", () => {
  const model = reload(
    "x.cfg",
    "listen l\n bind :80\n balance roundrobin\n retries 3\n mode tcp\n",
  );
  assertEquals(printHaproxy(model), "listen l\n    bind *:80\n");
  assertEquals(JSON.parse(printJson(model)), {
    $schema: "./sluice.schema.json",
    proxies: [{
      name: "l",
      kind: "listen",
      bind: [{ address: { kind: "ip", host: "*", port: 80 } }],
    }],
  });
});
