/** Checked servers: what their state does to the sessions, and what the log says of it. */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type Scene, scene, server, web } from "./harness.ts";
import { field, type Message, request, response, status } from "#src/simulate/message.ts";

const checked = { check: true, inter: 1000, fall: 2, rise: 2 } as const;

/** Sends a request. @returns what served it: a server's name, or a status */
function ask(w: Scene): string | number {
  const client = w.client().request(request("/"));
  w.run();
  const [answer] = client.responses.whole;
  client.close();
  w.run();
  return status(answer!) === 200 ? answer!.content : status(answer!);
}

const states = (w: Scene) => [...w.instance.servers()].map(({ name, up }) => `${name} ${up}`);

test(
  "checks: a server that falls gets nothing, one that comes back its share",
  scene(
    web({ servers: [server("s1", checked), server("s2", checked)] }),
    (w) => {
      const s1 = w.origin("s1");
      w.origin("s2");
      w.advance(4500);
      assertEquals([ask(w), ask(w)].sort(), ["s1", "s2"]);
      s1.stop();
      w.advance(1100);
      assertEquals(states(w), ["s1 true", "s2 true"]);
      w.advance(1000);
      assertEquals(states(w), ["s1 false", "s2 true"]);
      assertEquals([ask(w), ask(w), ask(w)], ["s2", "s2", "s2"]);
      s1.listen();
      w.advance(1100);
      assertEquals(states(w), ["s1 false", "s2 true"]);
      w.advance(1000);
      assertEquals(states(w), ["s1 true", "s2 true"]);
      assertEquals([ask(w), ask(w)].sort(), ["s1", "s2"]);
      assertEquals(w.events.map(({ level, text }) => [level, text.replace(/\d+ms/, "0ms")]), [
        [
          "alert",
          'Server web/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", ' +
          "check duration: 0ms. 1 active and 0 backup servers left. 0 sessions active, " +
          "0 requeued, 0 remaining in queue.",
        ],
        [
          "notice",
          "Server web/s1 is UP, reason: Layer4 check passed, check duration: 0ms. " +
          "2 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.",
        ],
      ]);
    },
  ),
);

test(
  "checks: the first one that fails is enough at the start",
  scene(
    web({ servers: [server("s1", checked)] }),
    (w) => {
      assertEquals(states(w), ["s1 true"]);
      w.advance(50);
      assertEquals(states(w), ["s1 false"]);
      assertEquals(ask(w), 503);
      assertEquals(w.termination, "SC--");
      assertEquals(w.events.at(-1), { level: "emerg", text: "proxy web has no server available!" });
    },
  ),
);

test(
  "checks: backups take over, and step back",
  scene(
    web({ servers: [server("s1", checked), server("s2", { backup: true })] }),
    (w) => {
      const s1 = w.origin("s1");
      w.origin("s2");
      w.advance(3000);
      s1.stop();
      w.advance(2100);
      assertEquals([ask(w), ask(w)], ["s2", "s2"]);
      assert(
        w.events[0]!.text.includes("0 active and 1 backup servers left. Running on backup."),
      );
      s1.listen();
      w.advance(2100);
      assertEquals([ask(w), ask(w)], ["s1", "s1"]);
    },
  ),
);

test(
  "checks: idle connections of a server that fell are closed",
  scene(
    web({ servers: [server("s1", checked)] }),
    (w) => {
      const s1 = w.origin("s1");
      w.advance(3000);
      ask(w);
      assertEquals(s1.open, 1);
      s1.stop();
      w.advance(2100);
      assertEquals(s1.open, 0);
    },
  ),
);

test(
  "checks: a request in progress outlives its server's fall",
  scene(
    web({ servers: [server("s1", checked)] }),
    (w) => {
      const s1 = w.origin("s1", () => null);
      w.advance(3000);
      const client = w.client().request(request("/"));
      w.run();
      s1.stop();
      w.advance(2100);
      assertEquals(states(w), ["s1 false"]);
      s1.connections.at(-1)!.send(response("late"));
      w.run();
      assertEquals(client.responses.whole.map(({ content }) => content), ["late"]);
      assertEquals(s1.open, 0);
    },
  ),
);

test(
  "option httpchk: the server's own word counts",
  scene(
    web({
      servers: [server("s1", checked)],
      check: { kind: "http", method: "GET", uri: "/health", version: "HTTP/1.1\r\nHost: www" },
    }),
    (w) => {
      let code = 204;
      const isCheck = (message: Message) => message.line.startsWith("GET /health ");
      const s1 = w.origin(
        "s1",
        (message, _connection, { name }) =>
          isCheck(message) ? `HTTP/1.1 ${code} Text\r\n\r\n` : response(name),
      );
      w.advance(3000);
      assertEquals(ask(w), "s1");
      assertEquals(field(s1.requests[0]!, "host"), "www");
      code = 503;
      w.advance(2100);
      assertEquals(states(w), ["s1 false"]);
      assertEquals(ask(w), 503);
      assert(w.events[0]!.text.includes('reason: Layer7 wrong status, code: 503, info: "Text"'));
      code = 301;
      w.advance(2100);
      assertEquals(ask(w), "s1");
    },
  ),
);

test(
  "checks: disabled servers are left alone",
  scene(
    web({ servers: [server("s1", { ...checked, disabled: true })] }),
    (w) => {
      const s1 = w.origin("s1");
      w.advance(10_000);
      assertEquals(s1.connections.length, 0);
    },
  ),
);
