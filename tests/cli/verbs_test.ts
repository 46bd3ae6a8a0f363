/** The verbs, for people: each with its help, and those that print. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scenarios } from "#src/cli/scenarios.ts";
import { freshNetwork, inFolder, programTest, run } from "../binary.ts";
import { violations } from "./json-schema.ts";

const verbs: [verb: string, usage: RegExp, words: string[]][] = [
  ["run", /^Usage: sluice run .*<file\.\.\.>/, ["--pidfile", "--engine", "$ sluice run "]],
  ["check", /^Usage: sluice check .*<file\.\.\.>/, ["$ sluice check "]],
  ["cert", /^Usage: sluice cert .*<file\.\.\.>/, ["$ sluice cert "]],
  ["convert", /^Usage: sluice convert .*<file\.\.\.>/, ["JSON", "$ sluice convert "]],
  ["help", /^Usage: sluice help .*\[keyword\.\.\.\]/, ["$ sluice help balance"]],
  ["schema", /^Usage: sluice schema/, ["JSON Schema", "$ sluice schema >"]],
  ["demo", /^Usage: sluice demo .*\[scenario\.\.\.\]/, ["--keep", "--check", "$ sluice demo "]],
  ["scenarios", /^Usage: sluice scenarios/, ["$ sluice scenarios"]],
  ["show", /^Usage: sluice show .*<scenario>/, ["$ sluice show "]],
];

programTest(
  "each verb has its --help, with examples, and the program's names them all",
  async () => {
    const general = await run(["--help"]);
    assertEquals([general.status, general.stderr], [0, ""]);
    assertEquals((await run([])).stdout, general.stdout, "no argument at all");
    for (const [verb, usage, words] of verbs) {
      assertMatch(general.stdout, new RegExp(`^  ${verb}\\b`, "m"));
      const { status, stdout, stderr } = await run([verb, "--help"]);
      assertEquals([status, stderr], [0, ""]);
      assertMatch(stdout, usage);
      for (const word of [...words, "Examples:"]) assertStringIncludes(stdout, word);
    }
    for (const word of ["-f FILE", "-sf PID...", "Examples:"]) {
      assertStringIncludes(general.stdout, word);
    }
  },
);

programTest("a verb that does not exist, or lacks an argument, is refused", async () => {
  const cases: [args: string[], message: string][] = [
    [["chekc", "x.cfg"], "unknown command 'chekc'"],
    [["check"], "missing required argument 'file'"],
    [["run", "cookie-insert", "--pidfile"], "argument missing"],
    [["run", "cookie-insert", "--engine", "poll"], "Allowed choices are epoll, sockets."],
    [["schema", "--colour"], "unknown option '--colour'"],
    [["show", "cookie-inserd"], "no scenario is named 'cookie-inserd'"],
    [["demo"], "which scenario?"],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = await run(args);
    assertEquals([status, stdout], [1, ""], args.join(" "));
    assertStringIncludes(stderr, message);
  }
});

programTest(
  "scenarios lists what the program carries; show prints it, check accepts it",
  async () => {
    const list = await run(["scenarios"]);
    const all = scenarios();
    assertEquals(
      list.stdout.trimEnd().split("\n").map((line) => line.split(" ")[0]),
      all.map(({ name }) => name),
    );
    for (const { name, text } of all) {
      assertEquals((await run(["show", name])).stdout, text);
      assertEquals(await run(["check", name]), {
        status: 0,
        signal: null,
        stdout: "Configuration file is valid\n",
        stderr: "",
      });
    }
  },
);

programTest("the scenarios lie inside the program: it knows them in any folder", async () => {
  await inFolder(async (cwd) => {
    assertEquals((await run(["check", "weights"], { cwd })).status, 0);
  });
});

programTest(
  "convert takes a scenario to JSON, to HAProxy's language, and to the same JSON",
  async () => {
    await inFolder(async (folder) => {
      for (const { name, text: story } of scenarios()) {
        const json = await run(["convert", name]);
        assertEquals([json.status, json.stderr], [0, ""]);
        const files = { json: join(folder, "x.json"), cfg: join(folder, "x.cfg") };
        writeFileSync(files.json, json.stdout);
        const text = await run(["convert", files.json]);
        assertEquals([text.status, text.stderr], [0, ""]);
        assertMatch(text.stdout, /^(listen|frontend) \S+$/m);
        writeFileSync(files.cfg, text.stdout);
        assertEquals((await run(["convert", files.cfg])).stdout, json.stdout, name);
        // The files that some name are there only while their story is played.
        const whole = !/^#> *the (file|authority|certificate) /m.test(story);
        if (whole) assertEquals((await run(["-c", "-f", files.json])).status, 0);
      }
    });
  },
);

programTest("convert of a wrong file prints its errors, and nothing to convert", async () => {
  const { status, stdout, stderr } = await run(["convert", "-"], { input: "listen web\n  moed\n" });
  assertEquals([status, stdout], [1, ""]);
  assertStringIncludes(stderr, "-:2:3: error: unknown keyword 'moed'");
});

programTest("schema is a JSON Schema that the converted scenarios satisfy", async () => {
  const schema = JSON.parse((await run(["schema"])).stdout);
  for (const { name } of scenarios()) {
    const document = JSON.parse((await run(["convert", name])).stdout);
    assertEquals(violations(schema, document), []);
    // Each of three spoilt ones is found, so that the schema says something.
    const [proxy] = document.proxies;
    const spoilt = [{ ...proxy, mode: "htp" }, { ...proxy, moed: "http" }, {
      ...proxy,
      servers: 1,
    }];
    for (const wrong of spoilt) {
      assert(violations(schema, { ...document, proxies: [wrong] }).length > 0);
    }
  }
});

programTest("demo plays a file's story, and its exit status is the verdict", async () => {
  await inFolder(async (folder) => {
    // Addresses of its own: others may be playing the scenario itself.
    const own = (text: string) => text.replaceAll("127.0.4.", `${freshNetwork()}.`);
    const story = own(scenarios().find(({ name }) => name === "weights")!.text);
    const file = join(folder, "story.cfg");
    writeFileSync(file, story);
    const drawn = await run(["demo", file]);
    assertEquals([drawn.status, drawn.stderr], [0, ""], drawn.stdout);
    assertMatch(drawn.stdout, /76 new visitors/);
    const told = await run(["demo", "--check", file]);
    assertEquals([told.status, told.stderr], [0, ""], told.stdout);
    assert(told.stdout.length < drawn.stdout.length / 2);

    writeFileSync(file, story.replaceAll("webC 26, webD 26", "webC 27, webD 25"));
    const wrong = await run(["demo", "--check", file]);
    assertEquals(wrong.status, 1);
    assertMatch(wrong.stdout, /FAILED/);
  });
});

programTest("help explains a keyword, lists all, and knows near misses", async () => {
  const page = await run(["help", "timeout", "client"]);
  assertEquals([page.status, page.stderr], [0, ""]);
  assertMatch(page.stdout, /^timeout client <time>\n {2}How long .*\n(.*\n)*.*chapter 4\.2/);
  const all = await run(["help"]);
  assertEquals(all.status, 0);
  for (const word of ["'global' section", "nbthread", "option forwardfor", "'bind' lines"]) {
    assertStringIncludes(all.stdout, word);
  }
  const miss = await run(["help", "blance"]);
  assertEquals([miss.status, miss.stdout], [1, ""]);
  assertEquals(miss.stderr, "there is no keyword 'blance'; did you mean 'balance'?\n");
});

programTest("what a terminal obeys is shown as escapes, from files and arguments", async () => {
  const hostile = "x\x1b[2J\u009b31m\u202ey";
  await inFolder(async (folder) => {
    const path = join(folder, `${hostile}.cfg`);
    writeFileSync(path, `listen l\n  bind :80\n  ${hostile} z\n  .alert "${hostile}"\n`);
    for (
      const args of [
        ["check", path],
        ["convert", path],
        ["-c", "-f", path],
        ["check", `${path}.none`],
        ["help", hostile],
        ["show", hostile],
        [hostile],
        [`-${hostile}`],
        ["run", `--${hostile}`],
        ["demo", hostile],
        ["-cc", hostile],
      ]
    ) {
      const { status, stdout, stderr } = await run(args);
      assertEquals([status, stdout], [1, ""], args.join(" "));
      // deno-lint-ignore no-control-regex
      assertEquals(stderr.replaceAll("\n", "").match(/[\x00-\x1f\x7f-\x9f\u202a-\u202e]/), null);
      assertStringIncludes(stderr, "x\\x1b[2J\\x9b31m\\u202ey");
    }
  });
});
