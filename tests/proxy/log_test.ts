/** What is logged of a session: times, counts and states (manual, chapters 8.2.3, 8.4 and 8.5). */
import { assert, assertEquals } from "@std/assert";
import type { LogRecord } from "#src/log/record.ts";
import { test } from "../testing.ts";
import { scene, server, web } from "./harness.ts";
import { request, response } from "#src/simulate/message.ts";

const times = (record: LogRecord) => [
  record.timeRequest,
  record.timeQueue,
  record.timeConnect,
  record.timeResponse,
  record.timeTotal,
];

test(
  "log: every time where it belongs",
  scene(
    web({ servers: [server("s1", { maxconn: 1 })] }),
    (w) => {
      const s1 = w.origin("s1", () => null);
      const first = w.client().request(request("/"));
      w.run();
      const client = w.client("10.9.9.1");
      w.advance(100);
      client.send("GET /x HTTP/1.1\r\n");
      w.advance(20);
      client.send("Host: a\r\n\r\n");
      w.advance(300);
      first.reset();
      w.run();
      w.advance(40);
      s1.connections[1]!.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
      w.advance(5);
      s1.connections[1]!.send("k");
      w.run();
      const record = w.records[1]!;
      // The head's 20, the queue's 300, the answer's 40 and 5 ms.
      assertEquals(times(record), [20, 300, 0, 40, 365]);
      assertEquals([record.clientAddress, record.acceptDate], ["10.9.9.1", 1_700_000_000_000]);
    },
  ),
);

test(
  "log: a later request begins with its own first byte",
  scene(web(), (w) => {
    w.origin("s1");
    const client = w.client().request(request("/"));
    w.advance(5000);
    client.send("GET / HTTP/1.1\r\n");
    w.advance(7);
    client.send("Host: a\r\n\r\n");
    w.run();
    const record = w.records[1]!;
    assertEquals(times(record), [7, 0, 0, 0, 7]);
    assertEquals(record.acceptDate, 1_700_000_005_000);
  }),
);

test(
  "log: counts leave out the request that ends, but not its connection",
  scene(
    web({ servers: [server("s1"), server("s2")] }),
    (w) => {
      const s1 = w.origin("s1", () => null);
      w.origin("s2", () => null);
      for (let i = 0; i < 5; i++) {
        w.client().request(request("/"));
        w.run();
      }
      s1.connections[0]!.send(response());
      w.run();
      const { actconn, feconn, beconn, srvconn } = w.records[0]!;
      assertEquals([actconn, feconn, beconn, srvconn], [5, 5, 4, 2]);
    },
  ),
);

test(
  "log: a listen section's bytes are those that its client was sent",
  scene(web(), (w) => {
    w.origin("s1", () => response("12345") + "surplus");
    const client = w.client().request(request("/a?b"));
    w.run();
    const { bytes, requestLine, frontend, backend } = w.records[0]!;
    assertEquals(bytes, client.received.length);
    assertEquals([requestLine, frontend, backend], ["GET /a?b HTTP/1.1", "web", "web"]);
  }),
);

test(
  "log: a frontend names its backend",
  scene(
    [
      web({ kind: "frontend", servers: [], defaultBackend: "app" }),
      web({ name: "app", kind: "backend", bind: [], logFormat: null }),
    ],
    (w) => {
      w.origin("s1");
      w.client().request(request("/"));
      w.run();
      const { frontend, backend, server } = w.records[0]!;
      assertEquals([frontend, backend, server], ["web", "app", "s1"]);
    },
  ),
);

const broken = {
  "nothing, then FIN": { sent: "", end: "fin", logged: [400, "CR--"], null: true },
  "nothing, then reset": { sent: "", end: "reset", logged: [400, "CR--"], null: true },
  "nothing at all": { sent: "", end: "wait", logged: [408, "cR--"], null: true },
  "a part, then FIN": { sent: "GE", end: "fin", logged: [400, "CR--"], null: false },
  "a part, then reset": { sent: "GE", end: "reset", logged: [400, "CR--"], null: false },
  "a part": { sent: "GE", end: "wait", logged: [408, "cR--"], null: false },
  "nonsense": { sent: "GE(T / HTTP/1.1\r\n\r\n", end: "wait", logged: [400, "PR--"], null: false },
} as const;
for (const [name, { sent, end, logged, null: isNull }] of Object.entries(broken)) {
  for (const dontlognull of [false, true]) {
    test(
      `log: of ${name}${dontlognull ? ", with dontlognull" : ""}`,
      scene(
        web({ dontlognull, timeout: { httpRequest: 2000 } }),
        (w) => {
          const client = w.client();
          w.advance(10);
          client.send(sent);
          w.advance(5);
          if (end === "wait") w.advance(2000);
          else client[end]();
          w.run();
          if (isNull && dontlognull) {
            assertEquals(w.records, []);
            return;
          }
          const [record] = w.records;
          assertEquals([record!.status, record!.termination], [...logged]);
          assertEquals([record!.server, record!.requestLine, record!.bytes], [
            "<NOSRV>",
            "<BADREQ>",
            0,
          ]);
          const total = logged[1] === "cR--" ? 2000 : logged[1] === "PR--" ? 10 : 15;
          assert(record!.timeTotal >= total && record!.timeTotal <= total + 17);
          assertEquals(times(record!).slice(0, 4), [-1, -1, -1, -1]);
        },
      ),
    );
  }
}

test(
  "log: a keep-alive connection that ends in a head is told apart from its requests",
  scene(
    web({ dontlognull: true }),
    (w) => {
      w.origin("s1");
      const client = w.client().request(request("/"));
      w.advance(1000);
      client.send("G");
      w.advance(50);
      client.fin();
      w.run();
      const { termination, status, timeTotal, acceptDate } = w.records[1]!;
      assertEquals([termination, status, timeTotal], ["CR--", 400, 50]);
      assertEquals(acceptDate, 1_700_000_001_000);
    },
  ),
);

test("log: a head that is too long", async () => {
  for (
    const [text, status] of [
      [`GET /${"x".repeat(20_000)}`, 414],
      [`GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}`, 431],
    ] as const
  ) {
    await scene(web(), (w) => {
      const client = w.client().send(text);
      w.run();
      assert(client.received.startsWith(`HTTP/1.1 ${status} `));
      assert(client.hasEnded);
      assertEquals([w.records[0]!.status, w.termination], [status, "PR--"]);
    })();
  }
});
