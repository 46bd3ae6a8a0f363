/** Servers that live by the checks of others: `track`, and checks that would be the same. */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type Scene, scene, server, web } from "./harness.ts";
import { ask, cookie } from "./two-servers.ts";

const checked = { check: true, inter: 1000, fall: 2, rise: 2 } as const;
const at1 = { kind: "ip", host: "10.0.1.1", port: 80 } as const;

/** Another proxy, on port 81. */
const other = (settings: Parameters<typeof web>[0]) =>
  web({
    name: "other",
    bind: [{ address: { kind: "ip", host: "10.0.0.1", port: 81 } }],
    ...settings,
  });

const up = (w: Scene) =>
  [...w.instance.servers()].filter(({ up }) => up).map(({ proxy, name }) => `${proxy}/${name}`);

/** What was logged since the last call: without counts. */
function news(w: Scene): string[] {
  return w.events.splice(0).map(({ level, text }) => `${level}: ${text.split(/[,.] /)[0]}`);
}

test(
  "track: a server takes over another's state at once, with HAProxy's words, along a chain",
  scene(
    [
      web({
        servers: [
          server("s3", { track: "s2", backup: true }),
          server("s2", { track: "other/s1" }),
        ],
      }),
      other({ servers: [server("s1", checked)] }),
    ],
    (w) => {
      const s1 = w.origin("s1");
      w.advance(3000);
      assertEquals(up(w), ["web/s3", "web/s2", "other/s1"]);
      s1.stop();
      w.advance(1000);
      assertEquals(up(w).length, 3);
      w.advance(1);
      assertEquals(up(w), []);
      assertEquals(w.events.slice(2).map(({ level, text }) => `${level}: ${text}`), [
        "alert: Server web/s2 is DOWN via other/s1. 0 active and 1 backup servers left. " +
        "Running on backup. 0 sessions active, 0 requeued, 0 remaining in queue.",
        "alert: Backup Server web/s3 is DOWN via web/s2. 0 active and 0 backup servers left. " +
        "0 sessions active, 0 requeued, 0 remaining in queue.",
        "emerg: proxy web has no server available!",
      ]);
      s1.listen();
      w.events.splice(0);
      w.advance(2000);
      assertEquals(up(w).length, 3);
      assertEquals(w.events[1], {
        level: "notice",
        text: "Server web/s2 is UP via other/s1. 1 active and 0 backup servers online. " +
          "0 sessions requeued, 0 total in queue.",
      });
      assert(s1.connections.every(({ received }) => received === ""), "s2 and s3 are not checked");
    },
  ),
);

test(
  "track: at the start all are up; the first failed check takes the trackers down with it",
  scene(
    [
      web({ servers: [server("s2", { track: "other/s1" }), server("s3")] }),
      other({ servers: [server("s1", checked)] }),
    ],
    (w) => {
      w.origin("s3");
      assertEquals(up(w), ["web/s2", "web/s3", "other/s1"]);
      w.advance(1);
      assertEquals(up(w), ["web/s3"]);
      assertEquals([ask(w).content, ask(w).content], ["s3", "s3"]);
    },
  ),
);

test(
  "track: who tracks a disabled server is out of service, along the chain; nothing is logged",
  scene(
    web({
      servers: [
        server("s4", { track: "s3" }),
        server("s3", { track: "s1" }),
        server("s1", { ...checked, disabled: true }),
        server("s2"),
      ],
    }),
    (w) => {
      w.origin("s1");
      w.origin("s2");
      w.origin("s3");
      w.advance(5000);
      assertEquals([1, 2, 3].map(() => ask(w).content), ["s2", "s2", "s2"]);
      assertEquals(w.events, []);
    },
  ),
);

test(
  "track: a disabled server stays so, and its trackers with it, whatever becomes of the tracked",
  scene(
    web({
      servers: [
        server("s1", checked),
        server("s2", { track: "s1", disabled: true }),
        server("s3", { track: "s2" }),
      ],
    }),
    (w) => {
      w.advance(1);
      assertEquals(news(w), [
        "alert: Server web/s1 is DOWN",
        "emerg: proxy web has no server available!",
      ]);
      w.origin("s1");
      w.advance(2000);
      assertEquals(news(w), ["notice: Server web/s1 is UP"]);
      assertEquals(ask(w).content, "s1");
    },
  ),
);

test(
  "a proxy loses its last server once: those of weight 0 do not count",
  scene(
    web({ servers: [server("s1", checked), server("s2", { track: "s1", weight: 0 })] }),
    (w) => {
      w.advance(1);
      assertEquals(news(w), [
        "alert: Server web/s1 is DOWN",
        "emerg: proxy web has no server available!",
        "alert: Server web/s2 is DOWN via web/s1",
      ]);
      w.origin("s1");
      w.advance(2000);
      assertEquals(news(w).length, 2);
    },
  ),
);

test(
  "the same checks: servers are probed once for all, and the log says so",
  scene(
    [
      web({
        servers: [
          server("s1", { ...checked, cookie: "A" }),
          server("s2", { ...checked, cookie: "B" }),
          { ...server("bkp1", { ...checked, cookie: "A", backup: true }), address: at1 },
        ],
        cookie,
      }),
      other({ servers: [{ ...server("x", checked), address: at1 }] }),
    ],
    (w) => {
      const s1 = w.origin("s1");
      w.origin("s2");
      assertEquals(w.events.splice(0), [
        { level: "notice", text: "Backup Server web/bkp1 shares the checks of web/s1." },
        { level: "notice", text: "Server other/x shares the checks of web/s1." },
      ]);
      w.advance(9999);
      assertEquals(s1.connections.length, 10);
      s1.stop();
      w.advance(2000);
      assertEquals(w.events.map(({ level, text }) => `${level}: ${text.replace(/\d+ms/, "0ms")}`), [
        'alert: Server web/s1 is DOWN, reason: Layer4 connection problem, info: "Connection ' +
        'refused", check duration: 0ms. 1 active and 1 backup servers left. 0 sessions active, ' +
        "0 requeued, 0 remaining in queue.",
        "alert: Backup Server web/bkp1 is DOWN, reason: Layer4 connection problem, info: " +
        '"Connection refused", check duration: 0ms. 1 active and 0 backup servers left. ' +
        "0 sessions active, 0 requeued, 0 remaining in queue.",
        "alert: Server other/x is DOWN, reason: Layer4 connection problem, info: " +
        '"Connection refused", check duration: 0ms. 0 active and 0 backup servers left. ' +
        "0 sessions active, 0 requeued, 0 remaining in queue.",
        "emerg: proxy other has no server available!",
      ]);
      assertEquals(up(w), ["web/s2"]);
      s1.listen();
      w.advance(2000);
      assertEquals(up(w), ["web/s1", "web/s2", "web/bkp1", "other/x"]);
    },
  ),
);

test("checks that differ in anything are made apart", async () => {
  const differences = [
    { inter: 900 },
    { fastinter: 900 },
    { downinter: 900 },
    { rise: 1 },
    { fall: 1 },
    { source: { host: "10.7.7.7" } },
    { checkSendProxy: true },
    { port: 81 },
  ] as const;
  for (const difference of differences) {
    const twin = { ...server("bkp1", { ...checked, ...difference, backup: true }), address: at1 };
    await scene(web({ servers: [server("s1", checked), twin] }), (w) => {
      w.origin("s1");
      w.origin("s2");
      w.advance(100);
      assertEquals(w.events.filter(({ text }) => text.includes("shares")), []);
    })();
  }
  const check = { kind: "http", method: "HEAD", uri: "/" } as const;
  await scene(
    [web({ servers: [server("s1", checked)] }), other({ check, servers: [server("s1", checked)] })],
    (w) => {
      w.origin("s1");
      assertEquals(w.events, []);
    },
  )();
});

test(
  "a disabled server shares nothing",
  scene(
    web({
      servers: [
        server("s1", { ...checked, disabled: true }),
        { ...server("bkp1", checked), address: at1 },
      ],
    }),
    (w) => {
      const s1 = w.origin("s1");
      w.advance(3000);
      assertEquals(w.events, []);
      assertEquals(s1.connections.length, 3);
    },
  ),
);

test(
  "who waits for a server that falls does not go to its twin, which falls by the same check",
  scene(
    web({
      servers: [
        server("s1", { ...checked, cookie: "A", maxconn: 1 }),
        { ...server("bkp1", { ...checked, cookie: "A", maxconn: 1, backup: true }), address: at1 },
      ],
      cookie,
      redispatch: true,
    }),
    (w) => {
      const s1 = w.origin("s1", () => null);
      w.advance(3000);
      const clients = [1, 2].map(() =>
        w.client().request("GET / HTTP/1.1\r\nHost: a\r\nCookie: SID=A\r\n\r\n")
      );
      w.run();
      assertEquals(s1.requests.length, 1);
      s1.stop();
      w.advance(2000);
      assertEquals(clients[1]!.responses.whole.map(({ line }) => line.slice(9, 12)), ["503"]);
      assertEquals(w.records.map(({ status, retries }) => [status, retries]), [[503, 0]]);
      assert(
        w.events.some(({ text }) => text.includes("1 sessions active, 1 requeued, 0 remaining")),
      );
    },
  ),
);
