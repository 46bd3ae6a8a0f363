/** The master's socket: prefixes, prompts, modes, and what becomes of commands for workers. */
import { assert, assertEquals } from "@std/assert";
import { bytesOf } from "#src/bytes/bytes.ts";
import type { Socket, SocketEvents } from "#src/net/socket.ts";
import { MasterSession, splitLine, targetOf } from "#src/process/master-cli.ts";
import { type MasterFacts, uptime } from "#src/process/master-commands.ts";
import { readMasterSocket } from "#src/process/master-socket.ts";
import { virtualClock } from "#src/time/clock.ts";
import { textSocket } from "../services/text-socket.ts";
import { test } from "../testing.ts";

const worker = (pid: number, current: boolean) => ({
  pid,
  reloads: current ? 0 : 3,
  startedAt: 60_000,
  current,
  api: `/run/${pid}`,
});

/** A client of a master with a worker 71 that serves, and 70 that has served. */
function client(level: "user" | "operator" | "admin" = "admin") {
  const facts = {
    pid: 7,
    startedAt: 0,
    version: "2.6.12-sluice",
    wall: () => 90_061_000,
    workers: () => [worker(71, true), worker(70, false)],
    reloads: { done: 5, failed: 1 },
    reloadFailed: false,
    reload: () => Promise.resolve({ ok: false, text: "a.cfg:1:1: error: no\n" }),
  };
  const peer = textSocket();
  const { socket } = peer;
  const asked: string[] = [];
  const session = new MasterSession(socket, {
    facts: facts satisfies MasterFacts,
    clock: virtualClock(),
    level,
    timeout: 1000,
    pathOf: (pid) => `/run/${pid}`,
    ended() {},
    network: {
      /** A worker, which answers each command with its number and the command. */
      connect(to, _options, events: SocketEvents) {
        const worker = {
          write(bytes: Uint8Array) {
            const line = new TextDecoder().decode(bytes);
            asked.push(`${to.kind === "unix" ? to.path : ""} ${line}`);
            const answer = line.split("\n")[0]!.split(";").map((command) =>
              command.includes(" on") || command === "user" ? "\n" : `<${command}>\n\n`
            );
            queueMicrotask(() => {
              for (const each of answer) events.data(worker, bytesOf(each));
              events.ended(worker);
            });
            return bytes.length;
          },
          close() {},
        } as unknown as Socket;
        queueMicrotask(() => events.opened(worker));
        return worker;
      },
    },
  });
  return {
    facts,
    asked,
    get closed() {
      return peer.closed;
    },
    /** What came in answer to this, with nothing behind it. */
    async say(text: string): Promise<string> {
      peer.take();
      session.data(socket, bytesOf(text));
      session.ended();
      for (let i = 0; i < 200; i++) await Promise.resolve();
      return peer.take();
    },
  };
}

test("splitLine: at semicolons that nothing escapes", () => {
  assertEquals(splitLine("@1 show info; @2 a\\;b ;; quit"), ["@1 show info", "@2 a\\;b", "quit"]);
  assertEquals(splitLine(" ; "), []);
});

test("targetOf: by place, by number, the master", () => {
  const { facts } = client();
  const cases: [string, number | null][] = [
    ["@", 0],
    ["@master", 0],
    ["@0", 0],
    ["@1", 71],
    ["@2", null],
    ["@!70", 70],
    ["@!7", 0],
    ["@!99", null],
    ["@x", null],
  ];
  for (const [prefix, target] of cases) assertEquals(targetOf(prefix, facts), target, prefix);
});

test("show proc: as HAProxy shows it", async () => {
  assertEquals(
    await client().say("show proc\n"),
    [
      "#<PID>          <type>          <reloads>       <uptime>        <version>      ",
      "7               master          5 [failed: 1]   1d01h01m01s     2.6.12-sluice",
      "# workers",
      "71              worker          0               1d01h00m01s     2.6.12-sluice",
      "# old workers",
      "70              worker          3               1d01h00m01s     2.6.12-sluice",
      "# programs",
      "",
      "",
    ].join("\n"),
  );
  assertEquals(uptime(0), "0d00h00m00s");
});

test("a prefix is for one command, or for all that follow", async () => {
  assertEquals(
    await client().say("@1 show info; show version; @!70; show stat; show sess; @; show version\n"),
    "<show info>\n\n2.6.12-sluice\n\n<show stat>\n\n<show sess>\n\n2.6.12-sluice\n\n",
  );
  const nobody = client();
  assertEquals(
    await nobody.say("@2 show info; show version\n"),
    "Can't find the target PID matching the prefix '@2'\n",
  );
  assert(nobody.closed);
});

test("prompts and modes: to the letter of HAProxy", async () => {
  const { say, asked } = client();
  assertEquals(
    await say(
      "prompt\nshow version\n@1\nexpert-mode on\n@\nexperimental-mode on\nmcli-debug-mode on\n" +
        "@1 debug\nexpert-mode off\nquit\n",
    ),
    "master> 2.6.12-sluice\n\nmaster> 71> 71(e)> master(e)> master(xe)> master(xed)> " +
      "<debug>\n\nmaster(xed)> master(xd)> ",
  );
  assertEquals(asked, ["/run/71 expert-mode on;experimental-mode on;debug\n"]);
});

test("a payload goes on to the worker", async () => {
  const { say, asked } = client();
  assertEquals(
    await say("prompt\n@1 add map #1 <<\na 1\nb 2\n\nshow version\n"),
    "master> + + + <add map #1 <<>\n\nmaster> 2.6.12-sluice\n\nmaster> ",
  );
  assertEquals(asked, ["/run/71 add map #1 <<\na 1\nb 2\n\n"]);
});

test("levels: of the socket, and lowered", async () => {
  assertEquals(await client("user").say("reload\n"), "Permission denied\n\n");
  assertEquals(
    await client().say("user; show cli level; reload\n"),
    "user\n\nPermission denied\n\n",
  );
  const { say, asked } = client("user");
  assertEquals(await say("@1 set weight a/b 1\n"), "<set weight a/b 1>\n\n");
  assertEquals(asked, ["/run/71 user;set weight a/b 1\n"]);
});

test("reload: whether it went well, and why not", async () => {
  assertEquals(await client().say("reload\n"), "Success=0\n--\na.cfg:1:1: error: no\n\n");
});

test("-S: an address, and options behind commas", () => {
  const socket = readMasterSocket("/run/m.sock,uid,1000,mode,600,level,user");
  assert(typeof socket !== "string", String(socket));
  assertEquals([socket.level, socket.mode, socket.user], ["user", 0o600, 1000]);
  const other = readMasterSocket("127.0.0.1:1234");
  assert(typeof other !== "string" && other.level === "admin");
  assertEquals(typeof readMasterSocket("/run/m.sock,modde,600"), "string");
});
