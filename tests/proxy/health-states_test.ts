/** What checks, agents and the traffic make of servers. Lines are those of HAProxy 2.6. */
import { assert, assertEquals } from "@std/assert";
import { Server } from "#src/simulate/server.ts";
import { type Message, request, response, status } from "#src/simulate/message.ts";
import { test } from "../testing.ts";
import { type Scene, scene, server, settle, web } from "./harness.ts";

const checked = { check: true, inter: 1000, fall: 3, rise: 2 } as const;
const http = { kind: "http", method: "GET", uri: "/health", version: "HTTP/1.0" } as const;

/** Sends a request. @returns what served it: a server's name, or a status */
function ask(w: Scene): string | number {
  const client = w.client().request(request("/"));
  w.run();
  const [answer] = client.responses.whole;
  client.close();
  w.run();
  return status(answer!) === 200 ? answer!.content : status(answer!);
}

/** An origin whose health is that of a variable. */
function healthy(w: Scene, name: string): { code: number } {
  const state = { code: 200 };
  const isCheck = (message: Message) => message.line.startsWith("GET /health ");
  w.origin(
    name,
    (message, _connection, { name }) =>
      isCheck(message) ? `HTTP/1.1 ${state.code} Text\r\n\r\n` : response(name),
  );
  return state;
}

/** An agent beside origin `sN`, which says what a variable does. */
function agent(w: Scene, name: string): { says: string } {
  const state = { says: "up\n" };
  const at = { kind: "ip", host: `10.0.1.${name.replace(/\D/g, "")}`, port: 9999 } as const;
  new Server(w.network, at, (connection) => {
    connection.send(state.says);
    connection.close();
  }).listen();
  return state;
}

const lines = (w: Scene) => w.events.map(({ text }) => text.replace(/duration: \d+ms/, "duration"));
const counts = (active: number) => `${active} active and 0 backup servers`;
const online = (active: number) =>
  `${counts(active)} online. 0 sessions requeued, 0 total in queue.`;
const left = (active: number) =>
  `${counts(active)} left. 0 sessions active, 0 requeued, 0 remaining in queue.`;

test(
  "http-check disable-on-404: no new sessions, and no alert when it falls",
  scene(
    web({ servers: [server("s1", checked)], check: http, disableOn404: true }),
    (w) => {
      const s1 = healthy(w, "s1");
      w.advance(2500);
      s1.code = 404;
      w.advance(1000);
      assertEquals(ask(w), 503);
      s1.code = 500;
      w.advance(3000);
      s1.code = 404;
      w.advance(3000);
      s1.code = 200;
      w.advance(2000);
      assertEquals(ask(w), "s1");
      const passed = "reason: Layer7 check passed, code: 200, check duration";
      assertEquals(lines(w), [
        "Server web/s1 is stopping, reason: Layer7 check conditionally passed, code: 404, " +
        `check duration. ${online(0)}`,
        "proxy web has no server available!",
        "Server web/s1 is DOWN, reason: Layer7 wrong status, code: 500, " +
        `info: "Text", check duration. ${left(0)}`,
        `Server web/s1 is UP, ${passed}. ${online(1)}`,
      ]);
      assertEquals(w.events.map(({ level }) => level), ["notice", "emerg", "notice", "notice"]);
    },
  ),
);

test(
  "option log-health-checks: all news, and no reason a second time",
  scene(
    web({ servers: [server("s1", checked)], check: http, logHealthChecks: true }),
    (w) => {
      const s1 = healthy(w, "s1");
      w.advance(1500);
      s1.code = 500;
      w.advance(4000);
      s1.code = 200;
      w.advance(2000);
      const wrong = 'failed, reason: Layer7 wrong status, code: 500, info: "Text", check duration';
      const passed = "succeeded, reason: Layer7 check passed, code: 200, check duration";
      assertEquals(lines(w), [
        `Health check for server web/s1 ${passed}, status: 3/3 UP.`,
        `Health check for server web/s1 ${wrong}, status: 2/3 UP.`,
        `Health check for server web/s1 ${wrong}, status: 1/3 UP.`,
        `Health check for server web/s1 ${wrong}, status: 0/2 DOWN.`,
        `Server web/s1 is DOWN. ${left(0)}`,
        "proxy web has no server available!",
        `Health check for server web/s1 ${passed}, status: 1/2 DOWN.`,
        `Health check for server web/s1 ${passed}, status: 3/3 UP.`,
        `Server web/s1 is UP. ${online(1)}`,
      ]);
    },
  ),
);

const withAgent = { agentCheck: true, agentPort: 9999, agentInter: 1000 } as const;

test(
  "agent-check: health, weight and maintenance as the agent says",
  scene(
    web({ servers: [server("s1", { ...withAgent, weight: 10 }), server("s2", { weight: 10 })] }),
    (w) => {
      w.origin("s1");
      w.origin("s2");
      const s1 = agent(w, "s1");
      w.advance(1500);
      const shares = (count: number) => {
        const all = Array.from({ length: count }, () => ask(w));
        return all.filter((each) => each === "s1").length;
      };
      assertEquals(shares(4), 2);
      s1.says = "50%\n";
      w.advance(1000);
      assertEquals(shares(6), 2);
      s1.says = "0%\n";
      w.advance(1000);
      assertEquals(shares(4), 0);
      s1.says = "100% down #too busy\n";
      w.advance(1000);
      s1.says = "up\n";
      w.advance(1000);
      assertEquals(shares(4), 2);
      s1.says = "drain\n";
      w.advance(1000);
      assertEquals(shares(4), 0);
      s1.says = "ready\n";
      w.advance(1000);
      s1.says = "maint\n";
      w.advance(1000);
      assertEquals(shares(4), 0);
      s1.says = "ready\n";
      w.advance(1000);
      assertEquals(shares(4), 2);
      assertEquals(lines(w), [
        "Server web/s1 is DOWN, reason: Layer7 wrong status, code: 0, " +
        `info: "via agent : down (too busy)", check duration. ${left(1)}`,
        "Server web/s1 is UP, reason: Layer7 check passed, code: 0, " +
        `info: "via agent : up", check duration. ${online(2)}`,
        `Server web/s1 enters drain state. ${online(1)}`,
        "Server web/s1 is UP (leaving forced drain).",
        `Server web/s1 is going DOWN for maintenance. ${left(1)}`,
        "Server web/s1 is UP/READY (leaving forced maintenance).",
      ]);
    },
  ),
);

test(
  "agent-check: beside checks both must say that a server is up; a silent agent says nothing",
  scene(
    web({ servers: [server("s1", { ...withAgent, ...checked, rise: 1, fall: 1 })] }),
    (w) => {
      const s1 = w.origin("s1");
      const says = agent(w, "s1");
      w.advance(1500);
      says.says = "stopped\n";
      w.advance(1000);
      assertEquals(ask(w), 503);
      s1.stop();
      w.advance(1000);
      says.says = "up\n";
      s1.listen();
      w.advance(2000);
      assertEquals(ask(w), "s1");
      says.says = "";
      w.advance(2000);
      assertEquals(ask(w), "s1");
    },
  ),
);

test(
  "slowstart: a server that comes back takes its share little by little",
  scene(
    web({
      servers: [
        server("s1", { ...checked, rise: 1, fall: 1, slowstart: 16_000, weight: 16, maxconn: 100 }),
        server("s2", { weight: 16 }),
      ],
    }),
    (w) => {
      const s1 = w.origin("s1");
      w.origin("s2");
      w.advance(2500);
      const share = (count: number) => {
        const all = Array.from({ length: count }, () => ask(w));
        return all.filter((each) => each === "s1").length;
      };
      assertEquals(share(32), 16);
      s1.stop();
      w.advance(1000);
      s1.listen();
      w.advance(1000);
      // One sixteenth of its weight at first, and one more each second.
      assertEquals(share(17), 1);
      w.advance(3000);
      assertEquals(share(20), 4);
      w.advance(13_000);
      assertEquals(share(32), 16);
    },
  ),
);

test(
  "on-marked-down shutdown-sessions: they end with their server",
  scene(
    web({
      mode: "tcp",
      logFormat: "tcplog",
      servers: [
        server("s1", { ...checked, rise: 1, fall: 1, onMarkedDown: "shutdown-sessions" }),
        server("s2", { ...checked, rise: 1, fall: 1, backup: true }),
      ],
    }),
    async (w) => {
      const s1 = w.origin("s1", () => null);
      w.origin("s2", () => null);
      w.advance(1500);
      w.client().send("hello");
      await settle(w);
      assertEquals(w.records.length, 0);
      s1.stop();
      w.advance(1000);
      assertEquals(w.records.length, 1);
      assertEquals(w.termination?.slice(0, 2), "D-");
    },
  ),
);

test(
  "on-marked-down shutdown-sessions: requests get 502, or what has come of their response",
  scene(
    web({
      servers: [server("s1", { ...checked, rise: 1, fall: 1, onMarkedDown: "shutdown-sessions" })],
    }),
    (w) => {
      const s1 = w.origin(
        "s1",
        (message) =>
          message.line.startsWith("GET /half ")
            ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
            : null,
      );
      w.advance(1500);
      const held = w.client().request(request("/hold"));
      const half = w.client().request(request("/half"));
      w.run();
      s1.stop();
      w.advance(1000);
      assertEquals(w.records.map(({ status, termination }) => [status, termination]), [
        [502, "DH--"],
        [200, "DD--"],
      ]);
      assertEquals(status(held.responses.whole[0]!), 502);
      assert(half.received.endsWith("abc"), half.received);
    },
  ),
);

test(
  "on-marked-up shutdown-backup-sessions: those on backups end",
  scene(
    web({
      mode: "tcp",
      logFormat: "tcplog",
      servers: [
        server("s1", { ...checked, rise: 1, fall: 1, onMarkedUp: "shutdown-backup-sessions" }),
        server("s2", { backup: true }),
      ],
    }),
    async (w) => {
      w.origin("s2", () => null);
      w.advance(1500);
      w.client().send("hello");
      await settle(w);
      assertEquals(w.records.length, 0);
      w.origin("s1", () => null);
      w.advance(1000);
      assertEquals(w.records.length, 1);
      assertEquals(w.termination?.slice(0, 2), "U-");
    },
  ),
);

test(
  "init-state down: a server is down until its first check has passed",
  scene(
    web({ servers: [server("s1", { ...checked, initState: "down" })] }),
    (w) => {
      assertEquals([...w.instance.servers()].map(({ up }) => up), [false]);
      w.origin("s1");
      w.advance(10);
      assertEquals(ask(w), "s1");
      assert(lines(w)[0]!.startsWith("Server web/s1 is UP, "));
    },
  ),
);

for (
  const [onError, events] of [
    ["mark-down", ["DOWN"]],
    ["sudden-death", ["1/3 UP", "DOWN"]],
    ["fail-check", ["2/3 UP", "1/3 UP", "DOWN"]],
    ["fastinter", []],
  ] as const
) {
  test(
    `observe layer7, on-error ${onError}: wrong responses count as failed checks`,
    scene(
      web({
        check: http,
        logHealthChecks: true,
        servers: [
          server("s1", { ...checked, inter: 60_000, observe: "layer7", errorLimit: 3, onError }),
        ],
      }),
      (w) => {
        let code = 200;
        const isCheck = (message: Message) => message.line.startsWith("GET /health ");
        w.origin(
          "s1",
          (message) =>
            isCheck(message)
              ? "HTTP/1.1 200 OK\r\n\r\n"
              : `HTTP/1.1 ${code} Text\r\nContent-Length: 0\r\n\r\n`,
        );
        w.advance(100);
        code = 500;
        for (let i = 0; i < 2; i++) ask(w);
        code = 404;
        ask(w);
        code = 500;
        for (let i = 0; i < 9; i++) ask(w);
        const found = lines(w).flatMap((line) => {
          if (line.includes("is DOWN")) return ["DOWN"];
          const [, status] = /Health analyze, info: .*, status: (\d\/\d UP)\.$/.exec(line) ?? [];
          return status === undefined ? [] : [status];
        });
        assertEquals(found, [...events]);
        if (onError !== "mark-down") return;
        assertEquals(
          lines(w)[1],
          "Health check for server web/s1 failed, reason: Health analyze, " +
            'info: "Detected 3 consecutive errors, last one was: Wrong http response", ' +
            "status: 0/2 DOWN.",
        );
      },
    ),
  );
}

test(
  "observe layer4: connections that fail count, responses do not",
  scene(
    web({
      retries: 0,
      check: http,
      servers: [
        server("s1", {
          ...checked,
          inter: 60_000,
          port: 81,
          observe: "layer4",
          errorLimit: 2,
          onError: "mark-down",
        }),
      ],
    }),
    (w) => {
      const at = { kind: "ip", host: "10.0.1.1", port: 81 } as const;
      new Server(w.network, at, (connection) => {
        connection.onData = () => {
          connection.send("HTTP/1.0 200 OK\r\n\r\n");
          connection.close();
        };
      }).listen();
      w.advance(100);
      assertEquals(ask(w), 503);
      assertEquals(lines(w), []);
      assertEquals(ask(w), 503);
      assertEquals(lines(w)[0]!.slice(0, 40), "Server web/s1 is DOWN, reason: Health an");
    },
  ),
);

test(
  "http-check: formats and variables are worked out for each check",
  scene(
    web({
      check: http,
      httpCheck: [
        { rule: "set-var-fmt", name: "check.a", value: "<%[always_true]>" },
        {
          rule: "request",
          uri: "/health?%[always_true]-%ci",
          uriFormat: true,
          fields: [{ name: "X-A", value: "a  %[always_false] 100%%" }, {
            name: "X-B",
            value: "%ci",
          }],
        },
        {
          rule: "expect",
          match: "string-lf",
          pattern: "is %[always_true]",
          onError: "not %[always_false]",
        },
      ],
      servers: [server("s1", checked)],
    }),
    (w) => {
      let content = "it is 1";
      const seen: Message[] = [];
      w.origin("s1", (message) => {
        seen.push(message);
        return response(content);
      });
      w.advance(1500);
      const [first] = seen;
      assertEquals(first!.line, "GET /health?1- HTTP/1.0");
      assertEquals(first!.fields, ["x-a: a  0 100%"]);
      content = "it is 0";
      w.advance(3000);
      assert(lines(w)[0]!.includes('reason: Layer7 invalid response, info: "not 0"'), lines(w)[0]);
    },
  ),
);
