/** What operators do to a running process, as one: the runtime API on its socket, verbs, the page. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseInfo, parseStat, serverTable, short, topScreen } from "#src/cli/stat-table.ts";
import { inFolder, programTest, run, start } from "../binary.ts";
import { ownAddress, runs } from "../reload/rig.ts";
import { exchange, get } from "../scenarios/wire.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";

const csv =
  `# pxname,svname,qcur,scur,smax,slim,stot,ereq,econ,eresp,status,weight,rate,hrsp_2xx,hrsp_4xx,hrsp_5xx,ttime,type,addr,
web,FRONTEND,,3,9,100,12345,1,,,OPEN,,7,20000,0,0,,0,,
web,"a,b",2,1,4,5,99,,1,2,DRAIN,10,3,80,0,0,12,2,10.0.0.1:80,
`;

test("stat-table: CSV and info taken apart, and tables of them", () => {
  const lines = parseStat(csv);
  assertEquals(lines.map(({ svname, status }) => [svname, status]), [
    ["FRONTEND", "OPEN"],
    ["a,b", "DRAIN"],
  ]);
  assertEquals(
    serverTable(lines)[1],
    "web/a,b  DRAIN      10       1/5      2     3     99  10.0.0.1:80",
  );
  assertEquals(["", "9999", "12345", "12345678"].map(short), ["", "9999", "12.3k", "12.3M"]);
  assertEquals(parseInfo("a: 1\nUptime: 0d 0h00m01s\n"), { a: "1", Uptime: "0d 0h00m01s" });
  const screen = topScreen("node: edge1\nUptime: 1s\n", csv, { columns: 60, rows: 5 });
  assertEquals(screen.split("\n").length, 4);
  assert(screen.startsWith("sluice top - edge1 up 1s"));
  assert(screen.split("\n").every((line) => line.length <= 60));
  assert(screen.endsWith("2 more"));
});

programTest(
  "the runtime API: a socket of its own mode, verbs that use it, and the page",
  () =>
    inFolder(async (folder) => {
      const socket = join(folder, "admin.sock");
      const at = ownAddress();
      const file = join(folder, "my.cfg");
      writeFileSync(
        file,
        `global
  stats socket ${socket} mode 600 level admin
  stats timeout 1m
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
listen web
  bind ${at.host}:${at.port}
  stats enable
  stats uri /stats
  stats admin if TRUE
  server a 127.0.0.1:1
  server b 127.0.0.1:1 disabled
`,
      );
      const started = start(["-f", file, "-db"]);
      try {
        await until(() => existsSync(socket), "the socket");
        assertEquals(statSync(socket).mode & 0o777, 0o600);
        const sluice = async (...words: string[]) => {
          const { stdout, stderr, status } = await run([...words, "--socket", socket]);
          return { text: stdout + stderr, status };
        };
        const info = await sluice("show", "info");
        assertMatch(info.text, /^Pid: \d+$/m);
        assertEquals(Number(/^Pid: (\d+)$/m.exec(info.text)![1]), started.pid);
        assertEquals(
          (await sluice("server", "drain", "web/a", "web/zz")).text,
          "web/zz: No such server.\n",
        );
        const list = (await sluice("server", "list")).text;
        assertMatch(list, /^web\/a +DRAIN .*\nweb\/b +MAINT /m);
        assertEquals(await sluice("server", "ready", "web/a"), { text: "", status: 0 });
        assertMatch((await sluice("top")).text, /^web +a +server +no check/m);
        assertEquals((await run(["top", "--socket", join(folder, "none")])).status, 1);

        const page = await exchange(at, get("/stats"));
        assertEquals(page.line.split(" ")[1], "200");
        const body = "b=web&s=a&action=maint";
        const posted = await exchange(
          at,
          `POST /stats HTTP/1.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
        assertEquals(posted.line.split(" ")[1], "303");
        const shown = await exchange(at, get("/stats;csv"));
        assertEquals(
          parseStat(shown.content).find(({ svname }) => svname === "a")?.["status"],
          "MAINT",
        );

        // Another process takes the socket over, and answers in the place of this one.
        const next = start(["-f", file, "-db", "-sf", String(started.pid)]);
        try {
          const pidNow = async () =>
            Number(/^Pid: (\d+)$/m.exec((await sluice("show", "info")).text)?.[1]);
          await started.ended;
          assertEquals(await pidNow(), next.pid);
        } finally {
          next.signal("SIGTERM");
          await next.ended;
        }
      } finally {
        if (runs(started.pid)) started.signal("SIGKILL");
      }
    }),
);
