/** What must hold at the limits: of connections to all servers, of time-outs, of what is logged. */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { scene, server, settle, web } from "./harness.ts";
import { holding } from "./holding.ts";
import { request, status, target } from "#src/simulate/message.ts";

test(
  "idle connections of one server make room for those to another",
  scene(
    web({
      cookie: { name: "S", mode: "insert" },
      servers: ["s1", "s2", "s3"].map((name) => server(name, { cookie: name })),
    }),
    (w) => {
      const origins = ["s1", "s2", "s3"].map((name) => w.origin(name));
      const clients = [w.client(), w.client()];
      for (const name of ["s1", "s2", "s3", "s1"]) {
        for (const client of clients) client.request(request("/", `Cookie: S=${name}`));
        w.run();
        const open = origins.reduce((sum, origin) => sum + origin.open, 0);
        assert(open <= 2, `${open} connections to servers for 2 clients`);
      }
      for (const client of clients) {
        assertEquals(client.responses.whole.map(status), [200, 200, 200, 200]);
      }
    },
    { maxconn: 2 },
  ),
);

test(
  "a request that was refused in the queue never reaches a server",
  scene(
    web({
      servers: [server("s1", { maxconn: 1 })],
      timeout: { connect: 4000, queue: 60_000, client: 3000, server: 60_000 },
    }),
    (w) => {
      const s1 = holding(w.origin("s1"));
      w.client().request(request("/hold"));
      w.run();
      // A client that takes nothing, so that its refusal waits.
      const refused = w.client().stall();
      refused.send("POST /queued HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
      w.run();
      w.advance(3100);
      s1.finish();
      w.run();
      w.advance(100);
      assertEquals(s1.requests.map(target), ["/hold"]);
      assertEquals(s1.connections.length, 1);
    },
    { capacity: 64 },
  ),
);

const patient = { connect: 4000, client: 2000, server: 20_000 };

test(
  "tcp: a client that has half-closed owes nothing, however long the server takes",
  scene(web({ mode: "tcp", logFormat: "tcplog", timeout: patient }), async (w) => {
    const s1 = w.origin("s1");
    const client = w.client();
    await settle(w);
    const [far] = s1.connections;
    far!.onData = far!.onEnd = () => {};
    client.send("question").fin();
    w.run();
    w.advance(10_000);
    far!.send("answer").fin();
    w.run();
    assertEquals(client.received, "answer");
    assertEquals(w.termination, "----");
  }),
);

test(
  "101: a client that has half-closed owes nothing, however long the server takes",
  scene(web({ timeout: patient }), (w) => {
    const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    const s1 = w.origin("s1", () => head);
    const client = w.client().request(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    );
    w.run();
    const [far] = s1.connections;
    far!.onData = far!.onEnd = () => {};
    client.fin();
    w.run();
    w.advance(10_000);
    far!.send("late").fin();
    w.run();
    assertEquals(client.received, `${head}late`);
  }),
);

test(
  "the last server's fall is told once, whoever falls after it",
  scene(
    web({
      servers: [
        server("s1", { check: true, inter: 1000, fall: 1 }),
        server("s2", { check: true, inter: 1000, fall: 1, weight: 0 }),
      ],
    }),
    (w) => {
      w.advance(5000); // Neither listens.
      const told = w.events.filter(({ level }) => level === "emerg").map(({ text }) => text);
      assertEquals(told, ["proxy web has no server available!"]);
    },
  ),
);
