/** The runtime API: its protocol, and its answers to the letter of HAProxy. */
import { assert, assertEquals } from "@std/assert";
import { bytesOf } from "#src/bytes/bytes.ts";
import { PatternStore } from "#src/expr/patterns/store.ts";
import { CliSession, splitCommands } from "#src/services/commands/session.ts";
import { commands } from "#src/services/commands/table.ts";
import type { Control } from "#src/services/control.ts";
import { virtualClock } from "#src/time/clock.ts";
import { type Scene, scene, server, web } from "../proxy/harness.ts";
import { textSocket } from "./text-socket.ts";
import { test } from "../testing.ts";
import { facts } from "./facts.ts";

type Level = "user" | "operator" | "admin";

/** A client of the runtime API. */
function client(control: Control, level: Level = "admin", timeout = 10_000) {
  const clock = virtualClock();
  const peer = textSocket();
  const { socket } = peer;
  const session = new CliSession(socket, {
    control,
    clock,
    level,
    timeout,
    severity: "none",
    sockets: [{ address: "unix@/run/x", level }],
    ended() {},
  });
  return {
    clock,
    get closed() {
      return peer.closed;
    },
    /** What came in answer to this. */
    async say(text: string): Promise<string> {
      peer.take();
      session.data(socket, bytesOf(text));
      // Answers come at once, or after a few turns of the microtasks.
      for (let i = 0; i < 20; i++) await Promise.resolve();
      return peer.take();
    },
    end: () => session.ended(),
  };
}

/** One command's answer. */
const ask = (control: Control, line: string, level: Level = "admin") =>
  client(control, level).say(`${line}\n`);

const checked = { check: true, inter: 1000, rise: 2, fall: 3 } as const;
const two = web({
  servers: [server("s1", { ...checked, weight: 10 }), server("s2", { weight: 20, backup: true })],
});

/** A scene with a control. */
function controlled(
  proxies: Parameters<typeof scene>[0],
  play: (control: Control, w: Scene) => void | Promise<void>,
) {
  return scene(proxies, (w) => play(w.instance.control(facts), w));
}

test("splitCommands: semicolons, blanks and backslashes", () => {
  assertEquals(splitCommands("show info;  show stat 1 2 -1 ;"), [
    ["show", "info"],
    ["show", "stat", "1", "2", "-1"],
  ]);
  assertEquals(splitCommands("a\\ b\\;c d"), [["a b;c", "d"]]);
  assertEquals(splitCommands("  "), []);
});

test("commands: each has a name of its own, a level, and one line of help", () => {
  assertEquals(new Set(commands.map(({ name }) => name)).size, commands.length);
  for (const { name, help } of commands) {
    assert(/^[a-z]+([ _-][a-z]+)*$/.test(name), name);
    assert(/^[a-z].*[^.]$/.test(help), name);
  }
});

test(
  "one line, its answers, and the connection closes; 'prompt' asks for more",
  controlled(two, async (control) => {
    const once = client(control);
    assertEquals(
      await once.say("show version;show cli level\nshow version\n"),
      [
        "2.6.12-sluice\n\nadmin\n\n",
      ].join(""),
    );
    assert(once.closed);
    const more = client(control);
    assertEquals(await more.say("prompt\n"), "\n> ");
    assertEquals(await more.say("show version\n"), "2.6.12-sluice\n\n> ");
    assertEquals(await more.say("\n"), "\n> ");
    assertEquals(await more.say("sho"), "");
    assertEquals(await more.say("w version\r\n"), "2.6.12-sluice\n\n> ");
    assertEquals(await more.say("show version <<\n"), "+ ");
    assertEquals(await more.say("payload\n\n"), "+ 2.6.12-sluice\n\n> ");
    assert(!more.closed);
    await more.say("quit\n");
    assert(more.closed);
  }),
);

test(
  "a client that is silent is left after its time-out, which it may change",
  controlled(two, async (control) => {
    const quick = client(control);
    quick.clock.advance(10_001);
    assert(quick.closed);
    const slow = client(control);
    await slow.say("prompt\n");
    await slow.say("set timeout cli 1m\n");
    slow.clock.advance(59_000);
    assert(!slow.closed);
    await slow.say("show version\n");
    slow.clock.advance(59_000);
    assert(!slow.closed);
    slow.clock.advance(1001);
    assert(slow.closed);
  }),
);

test(
  "levels: what a client may not do it is told, before anything else",
  controlled(two, async (control) => {
    const denied = "Permission denied\n\n";
    assertEquals(await ask(control, "set weight nope", "operator"), denied);
    assertEquals(await ask(control, "show env", "user"), denied);
    assertEquals(await ask(control, "clear counters", "user"), denied);
    assertEquals(await ask(control, "clear counters", "operator"), "\n");
    assertEquals(await ask(control, "clear counters all", "operator"), denied);
    const lowered = client(control);
    await lowered.say("prompt\n");
    await lowered.say("user\n");
    assertEquals(await lowered.say("show env\n"), "Permission denied\n\n> ");
    await lowered.say("operator\n");
    assertEquals(await lowered.say("show cli level\n"), "user\n\n> ");
    assert(!(await ask(control, "help", "user")).includes("set weight"));
    assert((await ask(control, "help", "admin")).includes("set weight"));
  }),
);

test(
  "answers about servers, to the letter of HAProxy",
  controlled(two, async (control) => {
    const answers: readonly (readonly [string, string])[] = [
      ["get weight web/s1", "10 (initial 10)\n\n"],
      ["set weight web/s1 50%", "\n"],
      ["get weight web/s1", "5 (initial 10)\n\n"],
      ["set weight web/s1 300", "Absolute weight can only be between 0 and 256 inclusive.\n\n"],
      ["set weight web/s1 x", "Empty weight string empty or preceded by garbage\n"],
      ["set weight web/s1", "Require <weight> or <weight%>.\n\n"],
      ["get weight web", "Require 'backend/server'.\n\n"],
      ["get weight nope/s1", "No such backend.\n\n"],
      ["get weight web/nope", "No such server.\n\n"],
      [
        "set server web/s1 state foo",
        "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n\n",
      ],
      [
        "set server web/s1 health foo",
        "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n\n",
      ],
      [
        "set server web/s1 addr 10.9.9.9",
        "IP changed from '10.0.1.1' to '10.9.9.9' by 'stats socket command'\n\n",
      ],
      [
        "set server web/s1 addr 10.9.9.9 port 81",
        "no need to change the addr, port changed from '80' to '81' by 'stats socket command'\n\n",
      ],
      ["set server web/s1 addr foo", "Invalid addr 'foo' by 'stats socket command'\n\n"],
      ["set maxconn server web/s1", "Require <maxconn>.\n\n"],
      ["set maxconn server web/s1 x", "maxconn string empty or preceded by garbage\n"],
      ["set maxconn server web/s1 7", "\n"],
      [
        "enable health web/s2",
        "Health check was not configured on this server, cannot enable.\n\n",
      ],
      ["show backend", "# name\nweb\n\n"],
      ["show servers state nope", "Can't find backend.\n\n"],
      ["shutdown session", "Session pointer expected (use 'show sess').\n\n"],
      ["shutdown session 0x1", "No such session (use 'show sess').\n\n"],
      ["disable frontend", "A frontend name is expected.\n\n"],
      ["disable frontend nope", "No such frontend.\n\n"],
      ["enable frontend web", "All sockets are already enabled.\n\n"],
      ["set timeout foo 3", "'set timeout' only supports 'cli'.\n\n"],
      ["show env HOME", "HOME=/root\n\n"],
      ["set maxconn global", "Expects an integer value.\n\n"],
      ["set rate-limit connections global 9", "\n"],
    ];
    for (const [line, expected] of answers) assertEquals(await ask(control, line), expected, line);
    assertEquals(control.proxies[0]!.backend!.servers[0]!.maxconn, 7);
    assertEquals(control.process.limits.connections, 9);
    assertEquals(
      (await ask(control, "show servers state")).split("\n")[2],
      "2 web 1 s1 10.9.9.9 2 0 5 10 0 1 0 2 6 0 0 0 - 81 - 0 0 - - 0",
    );
  }),
);

test(
  "set server: maintenance and drain keep new sessions away, at once and with HAProxy's words",
  controlled(
    web({ servers: [server("s1"), server("s2")], redispatch: true }),
    async (control, w) => {
      w.origin("s1");
      w.origin("s2");
      const get = () => {
        const one = w.client().request("GET / HTTP/1.0\r\n\r\n");
        w.advance(1);
        return one.received.slice(-2);
      };
      const status = () => control.proxies[0]!.backend!.servers.map(({ usable }) => usable);
      assertEquals(new Set([get(), get()]), new Set(["s1", "s2"]));
      await ask(control, "set server web/s1 state maint");
      assertEquals(status(), [false, true]);
      assertEquals([get(), get(), get()], ["s2", "s2", "s2"]);
      await ask(control, "set server web/s1 state drain");
      assertEquals([get(), get()], ["s2", "s2"]);
      await ask(control, "set server web/s1 state ready");
      assertEquals(new Set([get(), get()]), new Set(["s1", "s2"]));
      await ask(control, "set server web/s2 health down");
      assertEquals([get(), get()], ["s1", "s1"]);
      assertEquals(w.events.map(({ text }) => text.split(/[.(]/)[0]!.trim()), [
        "Server web/s1 is going DOWN for maintenance",
        "Server web/s1 is UP/DRAIN",
        "Server web/s1 remains in forced drain mode",
        "Server web/s1 is UP",
        "Server web/s2 is DOWN, changed from CLI",
      ]);
      const csv = await ask(control, "show stat");
      assert(csv.includes("\nweb,s2,0,0,0,1,"));
      assert(csv.includes(",DOWN,"));
    },
  ),
);

test(
  "show sess, shutdown session, show stat: what there is of a request in progress",
  controlled(web({ servers: [server("s1")] }), async (control, w) => {
    w.origin("s1", () => null);
    const one = w.client();
    one.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    w.advance(1);
    const listed = await ask(control, "show sess");
    const [, id] = /^(0x[0-9a-f]+): proto=tcpv4 .* fe=web be=web srv=s1 /.exec(listed) ?? [];
    assert(id !== undefined, listed);
    assert((await ask(control, `show sess ${id}`)).includes("server=s1"));
    assertEquals(await ask(control, `shutdown session ${id}`), "\n");
    w.advance(1);
    assertEquals(await ask(control, "show sess"), "\n");
    assertEquals(w.records.at(-1)?.termination.slice(0, 2), "KD");
  }),
);

test(
  "show table, set table, clear table: as HAProxy answers",
  controlled(
    web({ stickTable: { type: "ip", size: 10, store: [{ type: "gpc0" }] } }),
    async (control) => {
      const header = "# table: web, type: ip, size:10, used:";
      const answers: readonly (readonly [string, string | RegExp])[] = [
        ["show table", `${header}0\n\n`],
        ["show table zz", "No such table\n\n"],
        ["set table web key 192.0.2.1 data.gpc0 5", "\n"],
        ["set table web key 192.0.2.2 data.gpc0 7", "\n"],
        ["set table web key 192.0.2.2 data.foo 7", "Unknown data type\n\n"],
        [
          "set table web key 192.0.2.2 data.gpc0 x",
          "Require a valid integer value to store\n\n",
        ],
        ["show table web data.gpc0 gt 5", /^# table.*\n0x\w+: key=192.0.2.2 use=0 .*gpc0=7\n\n$/],
        ["show table web key 192.0.2.1", /^# table.*\n0x\w+: key=192.0.2.1 use=0 .*gpc0=5\n\n$/],
        ["show table web key 192.0.2.9", "\n"],
        ["show table web key", "Key value expected\n\n"],
        ["show table web data.foo gt 0", "Filter entry #1: Unknown data type\n\n"],
        [
          "show table web data.gpc0 xx 0",
          'Filter entry #1: Require and operator among "eq", "ne", "le", "ge", "lt", "gt"\n\n',
        ],
        ["clear table web key 192.0.2.1", "\n"],
        ["show table", `${header}1\n\n`],
        ["clear table web", "\n"],
        ["show table web", `${header}0\n\n`],
      ];
      for (const [line, expected] of answers) {
        const given = await ask(control, line);
        if (typeof expected === "string") assertEquals(given, expected, line);
        else assert(expected.test(given), `${line}: ${given}`);
      }
    },
  ),
);

test(
  "show map, add map and their kin: as HAProxy answers",
  controlled(two, async (plain) => {
    const patterns = new PatternStore(() => "a 1\nb 2\n");
    const changes: unknown[] = [];
    patterns.onChange = (change) => changes.push(change);
    patterns.file("/m.map", true, "map at file 'x.cfg' line 12").index("str", false);
    patterns.inline("acl 'path' file 'x.cfg' line 11").add("/q", null);
    const control = { ...plain, patterns };
    const unknown = "Unknown map identifier. Please use #<id> or <file>.\n\n";
    const answers: readonly (readonly [string, string])[] = [
      [
        "show map",
        "# id (file) description\n0 (/m.map) pattern loaded from file '/m.map' used by map at file " +
        "'x.cfg' line 12. curr_ver=0 next_ver=0 entry_cnt=2\n\n",
      ],
      [
        "show acl",
        "# id (file) description\n1 () acl 'path' file 'x.cfg' line 11. curr_ver=0 next_ver=0 entry_cnt=1\n\n",
      ],
      ["show map /m.map", "0x1000 a 1\n0x1001 b 2\n\n"],
      ["show map #1", unknown],
      ["add map /m.map c 3", "\n"],
      ["add map zz c 3", unknown],
      [
        "get map /m.map c",
        'type=str, case=sensitive, found=yes, idx=tree, key="c", value="3", type="str"\n\n',
      ],
      ["get map /m.map zz", "type=str, case=sensitive, found=no\n\n"],
      ["get map", "Missing map identifier and/or key.\n\n"],
      ["set map /m.map a 9", "\n"],
      ["set map /m.map #0x1001 8", "\n"],
      ["set map /m.map zz 9", "entry not found.\n\n"],
      ["del map /m.map c", "\n"],
      ["del map /m.map zz", "Key not found.\n\n"],
      ["show map /m.map", "0x1000 a 9\n0x1001 b 8\n\n"],
      ["prepare map /m.map", "New version created: 1\n\n"],
      ["add map @1 /m.map k v", "\n"],
      ["show map @1 /m.map", "0x1 k v\n\n"],
      ["commit map @7 /m.map", "Version number out of range.\n\n"],
      ["commit map zz", "Missing version number.\n\n"],
      ["commit map @1 /m.map", "\n"],
      ["add map /m.map <<\nx 1\ny 2\n", "\n"],
      ["clear map zz", unknown],
    ];
    for (const [line, expected] of answers) assertEquals(await ask(control, line), expected, line);
    assertEquals(
      (await ask(control, "show map /m.map")).replaceAll(/0x\w+ /g, ""),
      "k v\nx 1\ny 2\n\n",
    );
    assertEquals(await ask(control, "clear map /m.map"), "\n");
    assertEquals(await ask(control, "show map /m.map"), "\n");
    assertEquals(changes.length, 8, "each change goes to the other threads");
  }),
);
