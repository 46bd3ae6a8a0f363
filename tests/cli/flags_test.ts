/** HAProxy's own flags, as scripts use them (management manual, chapter 3). */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseFlags } from "#src/cli/haproxy-flags.ts";
import { inFolder, programTest, run } from "../binary.ts";
import { runtimeName, test } from "../testing.ts";

const timeouts = "  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n";
const good = `listen web\n  bind 127.0.0.1:8080\n${timeouts}  server a 127.0.0.1:8000\n`;
const warned = "listen web\n  bind 127.0.0.1:8080\n  server a 127.0.0.1:8000\n";
const bad = "listen web\n  bind 127.0.0.1:8080\n  blance roundrobin\n";

const valid = {
  status: 0,
  signal: null,
  stdout: "Configuration file is valid\n",
  stderr: "",
} as const;

programTest("-c: 0 and one line for a valid file, 1 and the errors for a wrong one", async () => {
  assertEquals(await run(["-c", "-f", "-"], { input: good }), valid);
  const wrong = await run(["-f", "-", "-c"], { input: bad });
  assertEquals([wrong.status, wrong.stdout], [1, ""]);
  assertStringIncludes(wrong.stderr, "-:3:3: error: unknown keyword 'blance'");
  assertStringIncludes(wrong.stderr, "1 error found");
});

programTest(
  "-c: warnings go to the standard error alone, and -q keeps them back",
  async () => {
    const loud = await run(["-c", "-f", "-"], { input: warned });
    assertEquals([loud.status, loud.stdout], [0, valid.stdout]);
    assertMatch(loud.stderr, /^-:1:8: warning: missing timeouts for proxy 'web'\n/);
    assertEquals(await run(["-c", "-q", "-f", "-"], { input: warned }), { ...valid, stdout: "" });
    const wrong = await run(["-c", "-q", "-f", "-"], { input: bad });
    assertEquals(wrong.status, 1);
    assertStringIncludes(wrong.stderr, "error: unknown keyword 'blance'");
  },
);

programTest("-c with the flags of a start script checks and does no more", async () => {
  const flags = ["-V", "-d", "-D", "-db", "-n", "50", "-p", "/nonexistent/pid", "-sf", "1", "2"];
  assertEquals(await run([...flags, "-de", "-dS", "-c", "-f", "-"], { input: good }), valid);
});

programTest("-f: several files make one configuration, in their order", async () => {
  await inFolder(async (folder) => {
    const [head, proxy] = [join(folder, "head"), join(folder, "proxy")];
    writeFileSync(head, `defaults\n${timeouts}`);
    writeFileSync(proxy, warned);
    assertEquals(await run(["-c", "-f", head, "-f", proxy]), valid);
    // The other way round the timeouts come too late; and "--" ends the flags, not the files.
    const reversed = await run(["-c", "-f", proxy, "--", head]);
    assertMatch(reversed.stderr, /warning: missing timeouts/);
  });
});

programTest("-f: of a folder, the .cfg files count, in the order of their names", async () => {
  await inFolder(async (folder) => {
    writeFileSync(join(folder, "20-web.cfg"), warned);
    writeFileSync(join(folder, "10-defaults.cfg"), `defaults\n${timeouts}`);
    writeFileSync(join(folder, "15-notes.txt"), "no configuration");
    writeFileSync(join(folder, ".hidden.cfg"), "no configuration");
    mkdirSync(join(folder, "more"));
    assertEquals(await run(["-c", "-f", folder]), valid);
  });
});

programTest("-cc: the exit status tells whether a condition holds", async () => {
  const env = { SITE: "paris" };
  const cases: [condition: string, status: number][] = [
    ['streq("$SITE",paris)', 0],
    ['streq("$SITE",london)', 1],
    ["streq('$SITE',paris)", 1],
    ["version_atleast(2.0) && !defined(NO_SUCH_VARIABLE)", 0],
  ];
  for (const [condition, status] of cases) {
    const result = await run(["-cc", condition], { env });
    assertEquals(result, { status, signal: null, stdout: "", stderr: "" }, condition);
  }
  const wrong = await run(["-cc", "strq(a,b)"]);
  assertEquals([wrong.status, wrong.stdout], [1, ""]);
  assertEquals(
    wrong.stderr,
    "condition 'strq(a,b)', column 1: unknown condition 'strq(a,b)'\n  did you mean 'streq'?\n",
  );
  const open = await run(["-cc", 'streq("a,a)']);
  assertEquals(open.status, 1);
  assertMatch(open.stderr, /column 7: unmatched quote/);
});

programTest("-v, --version: one line; -vv: the runtime, and what its sockets can do", async () => {
  const short = await run(["-v"]);
  assertMatch(short.stdout, /^sluice version \d+\.\d+\.\d+ \(.*HAProxy 2\.6\.0\)\n$/);
  assertEquals([short.status, short.stderr], [0, ""]);
  assertEquals((await run(["--version"])).stdout, short.stdout);
  const long = await run(["-vv"]);
  assert(long.stdout.startsWith(short.stdout));
  assertStringIncludes(long.stdout, `Runtime: ${runtimeName} `);
  assertMatch(long.stdout, /^Sockets: .*sourceAddress, unix, abstract, inherited/m);
});

test("-de does without epoll, -dS without splice", () => {
  const cases: [argv: string[], noEpoll: boolean, noSplice: boolean][] = [
    [["-f", "x"], false, false],
    [["-de", "-f", "x"], true, false],
    [["-f", "x", "-dS"], false, true],
    [["-dS", "-d", "-de", "-db"], true, true],
    [["-f", "-de", "--", "-dS"], false, false],
  ];
  for (const [argv, noEpoll, noSplice] of cases) {
    const flags = parseFlags(argv);
    assert(typeof flags !== "string", argv.join(" "));
    assertEquals([flags.noEpoll, flags.noSplice], [noEpoll, noSplice], argv.join(" "));
  }
});

programTest("a command line that makes no sense is refused, and the flags are shown", async () => {
  const cases: [args: string[], message: string][] = [
    [["-y"], "unknown option '-y'"],
    [["-x"], "'-x' needs SOCKET after it"],
    [["-f"], "'-f' needs FILE after it"],
    [["-c", "-p"], "'-p' needs PIDFILE after it"],
    [["-n", "0"], "'-n 0': MAXCONN is a number of connections, from 1"],
    [["-n", "many", "-f", "x"], "'-n many': MAXCONN is a number"],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = await run(args);
    assertEquals([status, stdout], [1, ""]);
    assert(stderr.startsWith(message), stderr);
    for (const flag of ["-f FILE", "-cc CONDITION", "-sf PID...", "sluice --help"]) {
      assertStringIncludes(stderr, flag);
    }
  }
});

programTest("without a file, or with one that cannot be read, it says so", async () => {
  assertEquals(await run(["-c"]), {
    status: 1,
    signal: null,
    stdout: "",
    stderr: "which configuration? Name it: sluice -f FILE\n",
  });
  const missing = await run(["-c", "-f", "/nonexistent/sluice.cfg"]);
  assertEquals([missing.status, missing.stdout], [1, ""]);
  assertEquals(
    missing.stderr,
    "cannot read '/nonexistent/sluice.cfg': no such file or directory\n",
  );
  await inFolder(async (folder) => {
    const { status, stderr } = await run(["-c", "-f", folder]);
    assertEquals([status, stderr], [
      1,
      `cannot read '${folder}': no file of this folder ends in .cfg\n`,
    ]);
  });
});
