/** Sections that have a name and are no proxies: what all kinds of them share. */
import { assertEquals } from "@std/assert";
import { helpPage } from "#src/config/help.ts";
import { loadConfiguration } from "#src/config/load.ts";
import { test } from "../testing.ts";
import { brief, errors, only, valid } from "./support.ts";

const proxy = "listen l\n  bind :80\n";

test("a section's lines end with the next section's first line", () => {
  const { resolvers, proxies } = valid(
    `resolvers a\n  hold nx 5s\n${proxy}resolvers b\n  hold nx 6s\nglobal\n  daemon\n`,
  );
  assertEquals(resolvers.map(({ name, holdNx }) => [name, holdNx]), [["a", 5000], ["b", 6000]]);
  assertEquals(only(proxies).name, "l");
});

test("a section without a name, or with the name of another, is an error; its lines are read", () => {
  const text = `resolvers\n hold x\nresolvers a/b\nresolvers a\nresolvers a\n hld\n${proxy}`;
  assertEquals(errors(text), [
    "1:10 error 'resolvers' expects a name - usage: resolvers <name>",
    "2:7 error unknown keyword 'hold x' in a 'resolvers' section - did you mean 'nx'?",
    "3:11 error 'a/b' is not a name - letters, digits, '-', '_', '.', ':'",
    "5:11 error there is another section 'resolvers a' - the other one: x.cfg:4",
    "6:2 error unknown keyword 'hld' in a 'resolvers' section - did you mean 'hold'?",
  ]);
});

test("a keyword of another section says where it belongs", () => {
  assertEquals(errors(`resolvers a\n daemon\n server s 10.0.0.1:80\n${proxy}`), [
    "2:2 error unknown keyword 'daemon' in a 'resolvers' section - it belongs in the 'global' section",
    "3:2 error unknown keyword 'server' in a 'resolvers' section - it belongs in a listen, frontend or backend",
  ]);
});

test("'no' is for keywords that can be taken back", () => {
  assertEquals(errors(`resolvers a\n no hold nx\n${proxy}`), [
    "2:10 error 'no' is not possible with 'hold nx' - usage: hold nx <time>",
  ]);
});

test("what is wrong in one of JSON is said, and nothing of what depends on it", () => {
  const text = `{"resolvers":[{"name":"a","holdNx":-1}],
"proxies":[{"kind":"listen","name":"l","bind":[{"address":{"kind":"ip","host":"*","port":80}}]}]}`;
  const { diagnostics } = loadConfiguration([{ name: "x.json", text }], {});
  assertEquals(brief(diagnostics), ["1:36 error 'holdNx': -1 is below 0"]);
});

test("the help has a page of the section's first line", () => {
  assertEquals(helpPage("resolvers").text.split("\n").slice(0, 2), [
    "resolvers <name>",
    "  Name servers that follow the names of servers while the proxy runs.",
  ]);
});
