import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { JsonError, parseJsonText } from "#src/config/json-text.ts";
import { jsonSchema } from "#src/config/json.ts";
import { convertConfiguration, loadConfiguration } from "#src/config/load.ts";
import { test } from "../testing.ts";
import { brief } from "./support.ts";

const bind = `"bind": [{"address": {"kind": "ip", "host": "*", "port": 80}}]`;

function loadJson(text: string) {
  return loadConfiguration([{ name: "x.json", text }], {});
}

test("a small configuration has HAProxy's defaults", () => {
  const { configuration } = loadJson(`{"proxies": [{"name": "l", "kind": "listen", ${bind}}]}`);
  const same = loadConfiguration([{ name: "x.cfg", text: "listen l\nbind :80\n" }], {});
  assertEquals(configuration, same.configuration);
});

test("JSON is recognised by its name, or by how it begins", () => {
  const text = `{"proxies": [{"name": "l", "kind": "listen", ${bind}}]}`;
  assert(loadConfiguration([{ name: "-", text: `\n ${text}` }], {}).configuration !== null);
  assertEquals(brief(loadConfiguration([{ name: "x.json", text: "listen l" }], {}).diagnostics), [
    "1:1 error found 'listen' - expected a value",
  ]);
});

test("JSON is one file", () => {
  const files = [{ name: "a.cfg", text: "global\n" }, { name: "b.json", text: "{}" }];
  const { configuration, diagnostics } = loadConfiguration(files, {});
  assertEquals(configuration, null);
  assertEquals(brief(diagnostics), [
    "1:1 error a configuration in JSON is one file - besides: a.cfg",
  ]);
});

// Inside {"proxies": [{"name": "l", "kind": "listen", "bind": [...], HERE }]}, from column 1 of line 2.
const proxyMistakes: [member: string, expected: string[]][] = [
  [`"mod": "http"`, ["2:1 error unknown property 'mod' - did you mean 'mode'?"]],
  [`"mode": "htp"`, [`2:9 error 'mode' cannot be "htp" - did you mean 'http'?`]],
  [`"mode": 7`, ["2:9 error 'mode' cannot be 7 - one of: http, tcp"]],
  [`"maxconn": "7"`, [`2:12 error 'maxconn' cannot be "7" - a number`]],
  [`"maxconn": 1.5`, ["2:12 error 'maxconn': 1.5 is not an integer"]],
  [`"maxconn": -1`, ["2:12 error 'maxconn': -1 is below 0"]],
  [`"maxconn": 0`, ["2:12 error 'maxconn' 0 admits no connection - null: no limit"]],
  [`"splice": {"respnse": false}`, [
    "2:12 error unknown property 'respnse' - did you mean 'response'?",
  ]],
  [`"splice": false`, ["2:11 error 'splice' cannot be false - an object"]],
  [`"persist": "yes"`, [`2:12 error 'persist' cannot be "yes" - a boolean`]],
  [`"timeout": {"conect": 5}`, ["2:13 error unknown property 'conect' - did you mean 'connect'?"]],
  [`"timeout": {"client": 0}`, ["2:23 error a time-out of 0 - null: none"]],
  [`"timeout": {"client": 2147483648}`, ["2:23 error 'client': 2147483648 is above 2147483647"]],
  [`"cookie": {}`, ["2:11 error the property 'name' is missing"]],
  [`"cookie": {"name": ""}`, ["2:20 error 'name': it is empty"]],
  [`"cookie": {"name": "a b"}`, [
    "2:20 error 'a b' is not a cookie's name - a token (RFC 6265, section 4.1.1)",
  ]],
  [`"check": {"kind": "htp"}`, [`2:19 error 'kind' cannot be "htp" - did you mean 'http'?`]],
  [`"servers": [7]`, ["2:13 error 'servers[0]' cannot be 7 - an object"]],
  [`"servers": [{"name": "s"}]`, ["2:13 error the property 'address' is missing"]],
  [`"servers": [{"name": "a/b", "address": {"kind": "unix", "path": "x"}}]`, [
    `2:22 error 'name': "a/b" has characters beyond letters, digits, '-', '_', '.', ':'`,
  ]],
  [`"servers": [{"name": "s", "address": {"kind": "ip", "host": "ö", "port": 0}}]`, [
    "2:61 error 'ö' is not an IP address, nor a host name",
    "2:74 error port 0 - null: the port that the client connected to",
  ]],
  [`"servers": [{"name": "s", "address": {"kind": "abstract", "name": ""}}]`, [
    "2:67 error an empty name",
  ]],
  [`"dispatch": {"kind": "unix", "path": ""}`, ["2:38 error an empty path"]],
  [`"timeout": []`, ["2:12 error an array cannot stand here - an object"]],
  [`"forwardfor": []`, ["2:15 error an array cannot stand here - an object"]],
  [`"check": []`, ["2:10 error an array cannot stand here - an object"]],
  [`"servers": [[], {"name": "s", "address": [1]}], "maxconn": -1`, [
    "2:13 error an array cannot stand here - an object",
    "2:42 error an array cannot stand here - an object",
    "2:60 error 'maxconn': -1 is below 0",
  ]],
  [`"monitorNet": "10.1.2.3/8"`, ["2:15 error '10.1.2.3/8' is not a network - write '10.0.0.0/8'"]],
  [`"monitorNet": "host"`, ["2:15 error 'host' is not a network - as in 192.168.0.0/16"]],
  [`"monitorUri": "a b"`, [
    "2:15 error 'a b' is not a URI that could be asked for - a path, as in /alive",
  ]],
  [`"monitorUri": "/a b"`, [
    "2:15 error '/a b' is not a URI that could be asked for - a path, as in /alive",
  ]],
  [`"source": {"host": "::1", "lastPort": 5}`, [
    "2:11 error 0-5 is not a range of ports - 'port' is the first one, and the lower",
  ]],
  [`"source": {"host": "::1", "port": 6, "lastPort": 5}`, [
    "2:11 error 6-5 is not a range of ports - 'port' is the first one, and the lower",
  ]],
  [`"servers": [{"name": "s", "address": {"kind": "unix", "path": "/s"}, "sendProxy": "v3"}]`, [
    `2:83 error 'sendProxy' cannot be "v3" - did you mean 'v1'?`,
  ]],
  [`"servers": [{"name": "s", "address": {"kind": "unix", "path": "/s"}, "track": ""}]`, [
    "2:79 error 'track' is empty - null: it tracks no server",
  ]],
  // It could not be written in HAProxy's language, though nothing else of the proxy is looked at.
  [
    `"servers": [{"name": "s", "address": {"kind": "unix", "path": "/s"}, "track": ""}],
"disabled": true`,
    [
      "2:79 error 'track' is empty - null: it tracks no server",
    ],
  ],
  [`"source": {"host": "h/t"}`, ["2:11 error 'h/t' is not an IP address, nor a host name"]],
  [`"forwardfor": {"header": "a:b"}`, [
    "2:26 error 'a:b' is not the name of a field - a token (RFC 9110, section 5.1)",
  ]],
  [`"description": ""`, ["2:16 error 'description' is empty"]],
  [`"defaultBackend": "b"`, [
    "2:19 error proxy 'l': there is no backend 'b' - no 'backend' or 'listen' has it",
  ]],
];

for (const [member, expected] of proxyMistakes) {
  test(`JSON: ${member}`, () => {
    const text = `{"proxies": [{"name": "l", "kind": "listen", ${bind},\n${member}}]}`;
    const errors = loadJson(text).diagnostics.filter(({ severity }) => severity === "error");
    assertEquals(brief(errors), expected);
  });
}

test("a soft-stop without an end is null, not 0", () => {
  const proxies = `"proxies": [{"name": "l", "kind": "listen", ${bind}}]`;
  const { diagnostics } = loadJson(`{${proxies},\n"global": {"hardStopAfter": 0}}`);
  assertEquals(brief(diagnostics.filter(({ severity }) => severity === "error")), [
    "2:29 error 'hard-stop-after' 0 - null: a soft-stop takes as long as the sessions last",
  ]);
});

test("an array is not a configuration, nor its global section, nor a proxy", () => {
  const said = (text: string) => brief(loadJson(text).diagnostics);
  const what = "error an array cannot stand here - an object";
  assertEquals(said("[]"), [`1:1 ${what}`]);
  assertEquals(said(`{"global": []}`), [`1:12 ${what}`]);
  assertEquals(said(`{"proxies": [[{"name": "l"}]]}`), [`1:14 ${what}`]);
  // Nothing but what is written here is wrong with it.
  const proxies = `"proxies": [{"name": "l", "kind": "listen", ${bind}}]`;
  assertEquals(said(`{${proxies},\n"global": []}`), [`2:11 ${what}`]);
});

test("an abstract address to listen on has a name, not a path", () => {
  const text = `{"proxies": [{"name": "l", "kind": "listen", "bind": [
{"address": {"kind": "abstract", "name": "a,b"}},
{"address": {"kind": "unix", "path": "a,b"}}]}]}`;
  const errors = loadJson(text).diagnostics.filter(({ severity }) => severity === "error");
  assertEquals(brief(errors), [
    "2:42 error 'a,b' is not a name that 'bind' can take",
    "3:38 error 'a,b' is not a path that 'bind' can take",
  ]);
});

test("an error of the schema does not hide those of the whole", () => {
  const text = `{"globl": {}, "global": {"tuneBufsize": 0, "tuneMaxrewrite": 20000}, "proxies": [
{"name": "l", "kind": "listen", ${bind}, "defaultBackend": "nowhere",
 "cookie": {"name": 5}, "timeout": {"conect": 5},
 "servers": [
  {"name": "s", "address": {"kind": "ip", "host": "10.0.0.1", "port": null}, "prt": 80},
  {"name": "s", "address": {"kind": "unix", "path": ""}},
  {"name": "t", "address": {"kind": "unix", "path": "/t"}},
  {"name": "t", "address": {"kind": "unix", "path": "/t"}}]}]}`;
  const { configuration, diagnostics } = loadJson(text);
  assertEquals(configuration, null);
  assertEquals(brief(diagnostics).map((each) => each.split(" - ")[0]), [
    "1:2 error unknown property 'globl'",
    "1:41 error 'tuneBufsize': 0 is below 1024",
    "2:115 error proxy 'l': there is no backend 'nowhere'",
    "3:21 error 'name' cannot be 5",
    "3:37 error unknown property 'conect'",
    "5:78 error unknown property 'prt'",
    "6:53 error an empty path",
    "8:12 error proxy 'l' has another server named 't'",
  ]);
});

test("all unknown properties of an object are told", () => {
  const text = `{"globl": {},\n"proxis": [],\n"proxies": [{"name": "l", "kind": "listen", ${bind},
"servers": [{"chek": true,
"wieght": 3, "name": "s", "address": {"kind": "unix", "path": "/s", "port": 1}}],
"defaultBackend": "b"}]}`;
  assertEquals(brief(loadJson(text).diagnostics).map((each) => each.split(" - ")[0]), [
    "1:2 error unknown property 'globl'",
    "2:1 error unknown property 'proxis'",
    "4:14 error unknown property 'chek'",
    "5:1 error unknown property 'wieght'",
    "5:69 error unknown property 'port'",
    "6:19 error proxy 'l': there is no backend 'b'",
  ]);
});

test("an error in what others depend on has no others in its train", () => {
  const of = (member: string) =>
    brief(
      loadJson(`{"proxies": [
{"name": "f", "kind": "frontend", "mode": "http", ${bind}, "defaultBackend": "b"},
{"name": "b", "kind": "backend", ${member}}]}`).diagnostics,
    );
  assertEquals(of(`"mode": "htp"`), [`3:42 error 'mode' cannot be "htp" - did you mean 'http'?`]);
  assertEquals(of(`"mod": "http"`), ["3:34 error unknown property 'mod' - did you mean 'mode'?"]);
});

test("a frontend has no settings of backends", () => {
  const text = `{"proxies": [{"name": "f", "kind": "frontend", ${bind},
"balance": "source",
"timeout": {"connect": 5}}]}`;
  const errors = loadJson(text).diagnostics.filter(({ severity }) => severity === "error");
  assertEquals(brief(errors), [
    "2:12 error 'balance' is not for a frontend - it is for a backend",
    "3:24 error 'connect' is not for a frontend - it is for a backend",
  ]);
});

// Inside {"global": {HERE}, "proxies": [...]}, from column 1 of line 2.
const globalMistakes: [member: string, expected: string[]][] = [
  [`"nbthread": 0`, ["2:13 error 'nbthread': 0 is below 1"]],
  [`"nbthread": 65`, ["2:13 error 'nbthread': 65 is above 64"]],
  [`"tuneEngine": "epol"`, [`2:15 error 'tuneEngine' cannot be "epol" - did you mean 'epoll'?`]],
  [`"tuneEngine": "sockets", "nbthread": 2`, [
    "2:38 warning 'nbthread' 2 is ignored: with 'tune.engine sockets' there is one thread - " +
    "without 'tune.engine sockets', and 'noepoll', which is the same, there can be more",
  ]],
  [`"tuneMaxaccept": 0`, [
    "2:18 error 'tune.maxaccept' 0 accepts no connection - -1: no limit; null: as the engine finds best",
  ]],
  [`"tuneMaxaccept": -2`, ["2:18 error 'tuneMaxaccept': -2 is below -1"]],
  [`"nosplice": "yes"`, [`2:13 error 'nosplice' cannot be "yes" - a boolean`]],
  [`"maxpipes": 0`, ["2:13 error 'maxpipes': 0 is below 1"]],
  [`"tunePipesize": 0`, ["2:17 error 'tunePipesize': 0 is below 1"]],
];
for (const [member, expected] of globalMistakes) {
  test(`JSON: global: ${member}`, () => {
    const timeouts = `"timeout": {"client": 1000}`;
    const proxies = `[{"name": "l", "kind": "listen", ${bind}, ${timeouts}}]`;
    const text = `{"global": {\n${member}},\n"proxies": ${proxies}}`;
    assertEquals(brief(loadJson(text).diagnostics), expected);
  });
}

test("all errors of a JSON file come at once", () => {
  const text = `{
  "globl": {},
  "global": {"daemon": 1, "spreadChecks": 60},
  "proxies": [{"kind": "listen"}, {"name": "l", "kind": "lisen"}]
}`;
  assertEquals(brief(loadJson(text).diagnostics), [
    "2:3 error unknown property 'globl' - did you mean 'global'?",
    "3:24 error 'daemon' cannot be 1 - a boolean",
    "3:43 error 'spreadChecks': 60 is above 50",
    "4:15 error the property 'name' is missing",
    `4:57 error 'kind' cannot be "lisen" - did you mean 'listen'?`,
  ]);
});

const syntax: [text: string, expected: string][] = [
  ["", "1:1 error the text ends too early - expected a value"],
  ["{\n  a: 1}", "2:3 error found 'a' - expected a string in double quotes"],
  ['{"a" 1}', "1:6 error found '1' - expected ':' after the name"],
  ['{"a": tru}', "1:7 error found 'tru' - expected a value"],
  ['{"a": 01}', "1:8 error found '1' - expected ',' or '}'"],
  ['{"a": 1,}', "1:9 error found '}' - no comma before the end"],
  ['{"a": 1 "b": 2}', "1:9 error found '\"' - expected ',' or '}'"],
  ["[1 2]", "1:4 error found '2' - expected ',' or ']'"],
  ["{}\n{}", "2:1 error found '{' - expected the end of the text"],
  ['{"a": 1, "a": 2}', "1:10 error 'a' is given twice"],
  ["[1e999]", "1:2 error 1e999 is too large a number"],
  ["[9007199254740993]", "1:2 error 9007199254740993 is too large a number"],
];
for (const [text, expected] of syntax) {
  test(`JSON text: ${JSON.stringify(text)}`, () => {
    assertEquals(brief(loadJson(text).diagnostics), [expected]);
  });
}

test("a string that is not closed is marked from its quote", () => {
  const [error] = loadJson('{\n "a": "x\n}').diagnostics;
  assertEquals([error?.line, error?.column], [2, 7]);
});

test("deep nesting is refused, not a stack overflow", () => {
  const [error] = loadJson("[".repeat(100_000)).diagnostics;
  assertEquals(error?.message, "this is nested too deeply");
});

test("JSON text has the values of JSON.parse, and refuses what it refuses", () => {
  const json = fc.json({ maxDepth: 3 });
  const broken = fc.tuple(json, fc.nat(), fc.constantFrom("", ",", '"', "}", "\\", "\n", "e", "-"))
    .map(([text, at, piece]) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + piece + text.slice(cut + 1);
    });
  const parse = (parser: () => unknown): { value: unknown } | undefined => {
    try {
      return { value: parser() };
    } catch (error) {
      assert(error instanceof JsonError || error instanceof SyntaxError, String(error));
      return undefined;
    }
  };
  // Beyond JSON.parse, keys given twice and inexact numbers are refused; -0 is 0.
  fc.assert(fc.property(fc.oneof(json, broken), (text) => {
    const ours = parse(() => parseJsonText("x", text).value);
    const theirs = parse(() => JSON.parse(text));
    if (ours !== undefined) assertEquals(JSON.stringify(ours), JSON.stringify(theirs));
    else if (theirs !== undefined) assert(/twice|too large/.test(reasonOf(text)), text);
  }));
});

function reasonOf(text: string): string {
  try {
    parseJsonText("x", text);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

test("the JSON Schema knows the properties, their choices and defaults", () => {
  const schema = jsonSchema() as {
    title: string;
    properties: {
      $schema: unknown;
      proxies: { items: { properties: { mode: unknown }; required: string[] } };
    };
    additionalProperties: boolean;
  };
  assertEquals(schema.title, "sluice configuration");
  assertEquals(schema.additionalProperties, false);
  assert(schema.properties.$schema !== undefined);
  const { items } = schema.properties.proxies;
  assertEquals(items.required, ["name", "kind"]);
  assertEquals(items.properties.mode, {
    enum: ["http", "tcp"],
    type: "string",
    default: "tcp",
    description: "The protocol: HTTP, or any over TCP.",
  });
});

test("convert goes from either language to the other", () => {
  const text = "listen l\n    bind *:80\n    balance source\n";
  const json = convertConfiguration([{ name: "x.cfg", text }], {}).text ?? "";
  assertEquals(JSON.parse(json).proxies[0].balance, "source");
  assertEquals(convertConfiguration([{ name: "x.json", text: json }], {}).text, text);
  const wrong = convertConfiguration([{ name: "x.cfg", text: "listen l\n blance x\n" }], {});
  assertEquals([wrong.text, wrong.diagnostics.length], [null, 1]);
});
