import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../testing.ts";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { scenario, scenarios } from "#src/cli/scenarios.ts";
import { loadConfiguration } from "#src/config/load.ts";
import type { Proxy } from "#src/config/model.ts";
import { guide } from "./guide.ts";

const folder = join(import.meta.dirname ?? ".", "../../scenarios");

test("every file of scenarios/ is a scenario, and nothing else is", () => {
  const files = readdirSync(folder).filter((file) => file.endsWith(".cfg"));
  assert(files.includes("cookie-insert.cfg"));
  assertEquals(scenarios().map(({ name }) => name), files.map((name) => name.slice(0, -4)).sort());
});

test("a scenario carries its file's text, and a line that says what it shows", () => {
  for (const { name, text, summary } of scenarios()) {
    assertEquals(text, readFileSync(join(folder, `${name}.cfg`), "utf8"));
    assertNotEquals(summary, "", `${name}.cfg begins with a comment of one line`);
    assert(text.includes(summary));
    assert(!summary.startsWith("#") && summary === summary.trim(), summary);
  }
});

test("a scenario is found by its name alone", () => {
  assertEquals(scenario("cookie-insert")?.name, "cookie-insert");
  for (const name of ["", "cookie-insert.cfg", "../scenarios/cookie-insert", "Cookie-Insert"]) {
    assertEquals(scenario(name), undefined);
  }
});

/** Which scenario plays a configuration of the guide, and which of its proxies is that one. */
const played: Readonly<Record<string, readonly [scenario: string, proxy: string]>> = {
  "1 balance source": ["balance-source", "webfarm"],
  "1 cookie insert": ["cookie-insert", "webfarm"],
  "2 cookie prefix": ["cookie-prefix", "webfarm"],
  "2 weights": ["weights", "webfarm"],
  "2.1 behind a layer 4 balancer": ["behind-l4", "webfarm"],
  "2.2 ssl-hello-chk": ["ssl-hello", "tcp-syslog-proxy"],
  "2.2 monitor-net": ["tcp-relay", "tse-proxy"],
  "3 cookie insert nocache": ["https-front", "webfarm"],
  "3.1 behind stunnel": ["https-front", "webfarm"],
  "4.1 soft stop by a file": ["soft-stop-file", "webfarm"],
  "4.2 soft stop by backups": ["soft-stop-backup", "webfarm"],
  "4.2.1 check forwarder": ["check-forwarder", "checkA"],
  "5 balancer of site 1": ["multi-site", "S1L1"],
  "5 balancer of site 2": ["multi-site", "S2L1"],
  "5 office 1": ["multi-site", "OP1"],
  "5 office 2": ["multi-site", "OP2"],
  "5 office 3": ["multi-site", "OP3"],
  "5 director of site 1": ["multi-site", "SD1"],
  "5 director of site 2": ["multi-site", "SD2"],
  "6 source addresses": ["source-addresses", "to1"],
  "7 maxconn": ["queue", "appfarm"],
  "7 minconn": ["minconn", "appfarm"],
};

/** What a proxy does, whatever its addresses, its intervals and its log. */
function workings({ servers, ...proxy }: Proxy) {
  const { mode, balance, cookie, check, connection, maxconn, forwardfor, dispatch } = proxy;
  const { redispatch, persist, abortonclose, dontlognull, monitorNet } = proxy;
  return {
    ...{ mode, balance, cookie, check, connection, maxconn },
    ...{ redispatch, persist, abortonclose, dontlognull },
    grace: proxy.grace > 0,
    forwardfor: forwardfor !== null,
    dispatch: dispatch !== null,
    monitors: monitorNet?.replace(/.*\//, "") ?? null,
    servers: servers.map(({ name, cookie, weight, backup, maxconn, minconn, port, ...server }) => ({
      ...{ name, cookie, weight, backup, maxconn, minconn },
      checkedElsewhere: port !== null,
      source: server.source !== null,
    })),
  };
}

/** The proxies of a configuration, by their names. */
function proxiesOf(text: string): Map<string, Proxy> {
  const { configuration } = loadConfiguration([{ name: "a", text }], {});
  return new Map(configuration!.proxies.map((proxy) => [proxy.name, proxy]));
}

test("the scenarios' proxies are those of the guide", () => {
  assertEquals(Object.keys(played).sort(), Object.keys(guide).sort());
  for (const [chapter, [name, proxy]] of Object.entries(played)) {
    const original = workings([...proxiesOf(guide[chapter]!).values()][0]!);
    const own = workings(proxiesOf(scenario(name)!.text).get(proxy)!);
    // 3 and 3.1 are one scenario: two fronts, of which one writes X-Forwarded-For.
    if (name === "https-front") original.forwardfor = true;
    assertEquals(own, original, chapter);
  }
});

test("high-availability carries the file that keepalived needs, word for word", () => {
  const file = readFileSync(join(folder, "high-availability.keepalived.conf"), "utf8");
  const { text } = scenario("high-availability")!;
  const lines = file.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert(lines.length > 15);
  for (const line of lines) assert(text.includes(`#     ${line}\n`), line);
});

test("the table of the README has every scenario, and nothing else", () => {
  const readme = readFileSync(join(folder, "../README.md"), "utf8");
  const rows = [...readme.matchAll(/^\| .* \| `sluice demo ([\w-]+)` *\|$/gm)].map(([, name]) =>
    name
  );
  assertEquals(rows.sort(), scenarios().map(({ name }) => name));
});
