/** Walks the registry: what is promised of every keyword. */
import { assert, assertEquals } from "@std/assert";
import { helpIndex, helpPage } from "#src/config/help.ts";
import { printHaproxy } from "#src/config/haproxy/print.ts";
import { jsonSchema, printJson } from "#src/config/json.ts";
import type { Keyword } from "#src/config/keywords/keyword.ts";
import { convertConfiguration, loadConfiguration } from "#src/config/load.ts";
import type { Configuration } from "#src/config/model.ts";
import { families, type Family } from "#src/config/registry.ts";
import { test } from "../testing.ts";
import { errors, valid } from "./support.ts";

/** Where keywords may have been described: HAProxy's chapters for sections, lines and logs. */
const chapters = `3.1 3.2 3.3 3.4 3.5 3.6 3.8 3.9 3.11 4.2 5.1 5.2 5.3.2 6.2 8.2 9.2 12.8`.split(
  " ",
);

/** A valid configuration around a keyword and its example. */
function around({ isProxy, on = [], opening }: Family, { name, example }: Keyword<never>): string {
  const others =
    "http-errors site\n  errorfile 503 /dev/null\nbackend www\n  server web1 10.0.0.9:80 check\nfrontend other\n  bind :80\n";
  const statement = `${name} ${example}`.trim();
  const [line] = on;
  if (opening === "cache main" && name !== "total-max-size") {
    return `${opening}\n  total-max-size 64\n  ${statement}\n${others}`;
  }
  if (opening !== undefined) return `${opening}\n  ${statement}\n${others}`;
  if (isProxy === undefined && (line === undefined || line === "stats socket")) {
    const before = line === undefined ? "" : "stats socket /run/x ";
    return `global\n  ${before}${statement}\n${others}`;
  }
  const needed: Record<string, string> = {
    "agent-check": " agent-port 1",
    ssl: " verify none",
    "check-ssl": " verify none",
  };
  const statements: Record<string, string> = {
    bind: `bind :80 ${statement}${name === "ssl" ? " crt x.pem" : ""}`,
    server: `server s 10.0.0.1:80 ${statement}${needed[name] ?? ""}`,
    "stick-table": `stick-table ${/^(type|size)$/.test(name) ? "" : "size 10 "}${
      name === "type" ? `${statement} size 10` : `type ip ${statement}`
    }`,
    cookie: `cookie C ${name === "preserve" ? "insert " : ""}${statement}`,
  };
  const whole = line === undefined ? statement : statements[line] ?? `${line} ${statement}`;
  const peers = line === "stick-table" || name.startsWith("stick ")
    ? "peers mates\n  table other type ip size 10\n"
    : "";
  return `${peers}listen l\n  bind :81\n  ${whole}\n${others}`;
}

/** The value at a path like "proxies[].bind[].name": that of the last item of each array. */
function valueAt(value: unknown, path: string): unknown {
  const [, key = "", array, rest = ""] = /^(\w+)(\[\])?\.?(.*)$/.exec(path) ?? [];
  const member = (value as Record<string, unknown>)[key];
  // The proxy that the keyword is in is the first; of its binds and servers it is in the last.
  const next = array === undefined ? member : (member as unknown[]).at(key === "proxies" ? 0 : -1);
  return rest === "" ? next : valueAt(next, rest);
}

const all = families.flatMap((family) =>
  [...family.table.keywords.values()].map((keyword) => ({ family, keyword }))
);

for (const { family, keyword } of all) {
  test(`${family.where}: '${keyword.name}' says what it is, in both languages`, () => {
    assert(/^[A-Z'].*[.]$/.test(keyword.doc) && !keyword.doc.includes("\n"), keyword.doc);
    assert(chapters.includes(keyword.chapter), keyword.chapter);
    assert(!family.table.foreign.has(keyword.name), "it is called HAProxy's alone");
    assert(helpPage(keyword.name).text.includes(keyword.doc));
    assert(helpIndex().includes(keyword.doc));

    const model = valid(around(family, keyword));
    const again = (name: string, text: string): Configuration | null =>
      loadConfiguration([{ name, text }], {}).configuration;
    assertEquals(again("x.cfg", printHaproxy(model)), model);
    assertEquals(again("x.json", printJson(model)), model);
  });
}

test("each property is changed, and printed, by one of its keywords", () => {
  const changed = new Map<string, boolean>();
  for (const { family, keyword } of all) {
    const { name, unset } = keyword.property ?? {};
    if (name === undefined) continue;
    const model = valid(around(family, keyword));
    const differs = JSON.stringify(valueAt(model, name)) !== JSON.stringify(unset);
    changed.set(name, (changed.get(name) ?? false) || differs);
  }
  assertEquals([...changed].filter(([, differs]) => !differs), []);
});

test("each property has its documentation in the JSON Schema", () => {
  interface Node {
    description?: string;
    properties?: Record<string, Node>;
    items?: Node;
    anyOf?: Node[];
  }
  const at = (node: Node | undefined, path: readonly string[]): Node | undefined => {
    if (node?.anyOf !== undefined && path.length > 0) return at(node.anyOf[0], path);
    const [key, ...rest] = path;
    if (key === undefined || node === undefined) return node;
    const inner = node.properties?.[key.replace("[]", "")];
    return at(key.endsWith("[]") && rest.length > 0 ? inner?.items : inner, rest);
  };
  const without = all.flatMap(({ keyword: { property } }) => {
    if (property === undefined) return [];
    const { description } = at(jsonSchema() as Node, property.name.split(".")) ?? {};
    return description === undefined ? [property.name] : [];
  });
  assertEquals(without, []);
});

test("a keyword that only HAProxy has is not called unknown", () => {
  for (const { where, table: { foreign }, isProxy, on, opening } of families) {
    const names = [...foreign];
    assertEquals(names.length, new Set(names).size);
    for (const name of names) {
      const [line = ""] = on ?? [];
      const before: Record<string, string> = {
        bind: "bind :81",
        "stats socket": "stats socket /run/x",
        server: "server s 10.0.0.1",
        "stick-table": "stick-table type ip size 10",
      };
      const statement = line === "" ? `${name} x` : `${before[line] ?? `${line} C`} ${name}`;
      const section = opening ??
        (isProxy === undefined && (line === "" || line === "stats socket")
          ? "global"
          : "listen l\nbind :80");
      const text = `${section}\n${statement}\n`;
      const [first = ""] = errors(text);
      assert(first.includes(`sluice does not support '${name}'`), `${where}: ${name}: ${first}`);
    }
  }
});

test("the help tells of near misses and of what only HAProxy has", () => {
  assertEquals(helpPage("blance"), {
    found: false,
    text: "there is no keyword 'blance'; did you mean 'balance'?",
  });
  assertEquals(
    helpPage("use-fcgi-app").text,
    "HAProxy has 'use-fcgi-app', and sluice does not support it yet",
  );
  assertEquals(helpPage("traces").found, false);
  assert(helpPage("frontend").text.startsWith("frontend <name> "));
  assertEquals(helpPage("no option forwardfor"), helpPage("forwardfor"));
  assert(helpPage("server").text.startsWith("server <name> "), "itself before 'timeout server'");
  assert(helpPage("server").text.includes("\n\ntimeout server <time>\n"));
  assertEquals(
    helpPage("timeout").text.match(/^ {2}timeout client .*$/m)?.[0].trim().split(/ {2,}/)[1],
    "How long a client may be silent.",
  );
  assert(helpPage("timeout").found && !helpPage("timeout").text.includes("balance"));
  assert(helpPage("bind").text.includes("options:    name backlog v6only"));
  assertEquals(
    helpPage("retries").text,
    [
      "retries <number>",
      "  How often a failed connection to a server is tried again.",
      "  stands in:  defaults, backend, listen",
      "  in JSON:    proxies[].retries",
      "  default:    3",
      "  example:    retries 5",
      "  manual:     HAProxy's configuration manual, chapter 4.2",
    ].join("\n"),
  );
});

test("what 'no' takes back is as if it had not been given", () => {
  const before = valid("listen l\nbind :80\n");
  for (const { family, keyword } of all) {
    if (keyword.undo === undefined || family.isProxy === undefined) continue;
    const { name, example } = keyword;
    if (/splice/.test(name)) continue;
    const text = `listen l\nbind :80\n${name} ${example}\nno ${name}\n`;
    assertEquals(valid(text), before, name);
  }
  const { text } = convertConfiguration(
    [{ name: "x.cfg", text: "listen l\nbind :80\nno option splice-auto\n" }],
    {},
  );
  assert(text?.includes('"splice"'));
});
