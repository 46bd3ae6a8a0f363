/** MonitorReplies: `monitor-net`, known by where they come from, and `monitor-uri`, by what they ask. */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type Scene, scene, settle, web } from "./harness.ts";
import { field, request, response, status } from "#src/simulate/message.ts";

const monitored = (settings: Parameters<typeof web>[0] = {}) =>
  web({ monitorNet: "10.7.7.0/24", ...settings });

/** The other proxies of a file have their own monitors. */
const at = (port: number) => ({ kind: "ip", host: "10.0.0.1", port }) as const;

const alive = "HTTP/1.0 200 OK\r\n\r\n";

test(
  "monitor-net in http: an answer at once, nothing asked, forwarded or logged",
  scene(monitored(), (w) => {
    const s1 = w.origin("s1");
    const before = w.instance.activity();
    const monitor = w.client("10.7.7.1");
    w.run();
    assertEquals([monitor.received, monitor.hasEnded, monitor.broke], [alive, true, null]);
    assertEquals(w.instance.activity(), before);
    monitor.close();
    w.advance(2000);
    assertEquals([s1.connections.length, w.records.length, w.events.length], [0, 0, 0]);
    const other = w.client("10.7.8.1").request(request("/"));
    w.run();
    assertEquals(other.responses.whole.map(status), [200]);
    assertEquals(w.records.length, 1);
  }),
);

test(
  "monitor-net in http: whatever is still on its way does not make a reset of it",
  scene(monitored(), (w) => {
    w.origin("s1");
    const monitor = w.client("10.7.7.1").send(request("/") + "x".repeat(1000));
    w.run();
    assertEquals([monitor.received, monitor.hasEnded, monitor.broke], [alive, true, null]);
    for (let i = 0; i < 6; i++) {
      w.advance(4500);
      monitor.send("more");
      w.run();
      assertEquals(monitor.broke, null);
    }
    // Not for ever.
    w.advance(3100);
    monitor.send("and more");
    w.run();
    assertEquals(monitor.broke, "ECONNRESET");
    assertEquals(w.records.length, 0);
  }),
);

test("monitor-net in tcp: closed at once, neither forwarded nor logged", async () => {
  const relay = monitored({ mode: "tcp", logFormat: "tcplog" });
  await scene(relay, async (w) => {
    const s1 = w.origin("s1", () => null);
    const monitor = w.client("10.7.7.1");
    await settle(w);
    assertEquals([monitor.received, monitor.hasEnded], ["", true]);
    const { connections } = s1;
    assertEquals([connections.length, w.records.length, w.events.length], [0, 0, 0]);
    w.client("10.7.8.1").send("x");
    await settle(w);
    assertEquals(connections.map(({ received }) => received), ["x"]);
  })();
});

test("monitor-net: where the proxy has no log format, too, monitors leave no line", async () => {
  for (const mode of ["http", "tcp"] as const) {
    await scene(monitored({ mode, logFormat: null }), async (w) => {
      w.client("10.7.7.1");
      await settle(w);
      assertEquals(w.events, []);
    })();
  }
});

test(
  "monitor-net: monitors take no place, and are answered at the limit as long as any is accepted",
  scene(monitored({ maxconn: 2 }), (w) => {
    w.origin("s1");
    const first = w.client().request(request("/"));
    for (let i = 0; i < 5; i++) w.client("10.7.7.1");
    w.run();
    const second = w.client().request(request("/"));
    w.run();
    assertEquals([first, second].map(({ responses }) => responses.whole.length), [1, 1]);
    // Full: listening has been paused, and the monitor waits with the others.
    const monitor = w.client("10.7.7.1");
    w.run();
    assertEquals(monitor.received, "");
    first.close();
    w.run();
    assertEquals(monitor.received, alive);
    assertEquals(Math.max(...w.records.map(({ feconn }) => feconn)), 2);
  }),
);

test(
  "monitor-net before accept-proxy: a monitor need not speak the protocol, a header makes none",
  scene(
    monitored({ bind: [{ address: at(80) }, { address: at(81), acceptProxy: true }] }),
    (w) => {
      const s1 = w.origin("s1");
      const monitor = w.client("10.7.7.1", 81);
      w.run();
      assertEquals(monitor.received, alive);
      const client = w.client("10.9.9.9", 81);
      client.send("PROXY TCP4 10.7.7.1 10.0.0.1 5 80\r\n").request(request("/"));
      w.run();
      assertEquals([client.responses.whole.map(status), s1.requests.length], [[200], 1]);
    },
  ),
);

test("monitor-net: a stop leaves no monitor behind", async () => {
  await scene(monitored(), (w) => {
    const monitor = w.client("10.7.7.1");
    w.run();
    w.instance.stop();
    w.run();
    assert(monitor.hasEnded);
  })();
});

// ---- monitor-uri ----

const watched = (settings: Parameters<typeof web>[0] = {}) =>
  web({ monitorUri: "/alive?full", ...settings });

/** Sends requests one after the other, over one connection. */
function ask(w: Scene, ...texts: string[]) {
  const client = w.client();
  for (const text of texts) {
    client.request(text);
    w.run();
  }
  return client;
}

const get = (target: string, ...fields: string[]) =>
  [`GET ${target} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n");

test(
  "monitor-uri: answered here, on connections that go on, neither forwarded nor logged",
  scene(watched(), (w) => {
    const s1 = w.origin("s1");
    const client = ask(w, get("/alive?full"), get("/other"), get("/alive?full"));
    const { whole } = client.responses;
    assertEquals(whole.map(status), [200, 200, 200]);
    assertEquals(whole.map(({ content }) => content === "s1"), [false, true, false]);
    assert(whole[0]!.content.includes("200 OK"));
    assertEquals(field(whole[0]!, "content-type"), "text/html");
    assertEquals(field(whole[0]!, "cache-control"), "no-cache");
    assert(!client.hasEnded);
    assertEquals(s1.requests.map(({ line }) => line), ["GET /other HTTP/1.1"]);
    assertEquals(w.records.map(({ requestLine }) => requestLine), ["GET /other HTTP/1.1"]);
  }),
);

test(
  "monitor-uri: also without any server, and however many requests come at once",
  scene(watched({ servers: [] }), (w) => {
    const count = 500;
    const client = w.client();
    client.request(...Array<string>(count).fill(get("/alive?full")));
    w.run();
    assertEquals(client.responses.whole.map(status), Array(count).fill(200));
    assertEquals(w.records.length, 0);
  }),
);

test(
  "monitor-uri: who does not read its answers is not asked for more requests",
  scene(watched(), (w) => {
    const client = w.client().stall();
    client.request(...Array<string>(1000).fill(get("/alive?full")));
    w.run();
    assert(client.unsent > 20_000, `${client.unsent} bytes are left to send`);
    client.read();
    w.run();
    assertEquals(client.responses.whole.length, 1000);
  }, { capacity: 4096 }),
);

const targets: [target: string, asked: boolean][] = [
  ["/alive?full", true],
  ["http://a/alive?full", true],
  ["/alive", false],
  ["/alive?full=1", false],
  ["/alive?ful", false],
  ["/ALIVE?full", false],
  ["/%61live?full", false],
  ["//alive?full", false],
  ["http://a/x/alive?full", false],
];
for (const [target, asked] of targets) {
  test(
    `monitor-uri: ${target} is ${asked ? "it" : "another"}`,
    scene(watched(), (w) => {
      const s1 = w.origin("s1");
      const client = ask(w, get(target));
      assertEquals(client.responses.whole.map(status), [200]);
      assertEquals([s1.requests.length, w.records.length], asked ? [0, 0] : [1, 1]);
    }),
  );
}

test(
  "monitor-uri: a whole URI is itself, and no path",
  scene(watched({ monitorUri: "http://a/alive" }), (w) => {
    const s1 = w.origin("s1");
    ask(w, get("http://a/alive"), get("/alive"));
    assertEquals(s1.requests.map(({ line }) => line), ["GET /alive HTTP/1.1"]);
  }),
);

const endings: [title: string, text: string, keeps: boolean][] = [
  ["HTTP/1.0", "GET /alive?full HTTP/1.0\r\n\r\n", false],
  ["HTTP/1.0, keep-alive", "GET /alive?full HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true],
  ["close", get("/alive?full", "Connection: close"), false],
  ["HEAD", "HEAD /alive?full HTTP/1.1\r\nHost: a\r\n\r\n", true],
  ["content", "POST /alive?full HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", true],
  [
    "content that has not come",
    "POST /alive?full HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n",
    false,
  ],
];
for (const [title, text, keeps] of endings) {
  test(
    `monitor-uri: ${title}`,
    scene(watched(), (w) => {
      const client = ask(w, text);
      const { whole, rest } = client.responses;
      assertEquals([whole.map(status), rest, client.hasEnded], [[200], "", !keeps]);
      assertEquals(whole[0]!.content === "", title === "HEAD");
      const connection = field(whole[0]!, "connection");
      if (!keeps) assertEquals(connection, "close");
      if (title === "HTTP/1.0, keep-alive") assertEquals(connection, "keep-alive");
      if (keeps) {
        client.request(get("/alive?full"));
        w.run();
        assertEquals(client.responses.whole.length, 2);
      }
      assertEquals(w.records.length, 0);
    }),
  );
}

test(
  "monitor-uri: a bad request is one, and logged, whatever it asks for",
  scene(watched(), (w) => {
    const chunk = "POST /alive?full HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n";
    assertEquals(ask(w, chunk).responses.whole.map(status), [400]);
    assertEquals(w.termination, "PR--");
  }),
);

test(
  "monitor-uri: in mode tcp it is bytes like any",
  scene(watched({ mode: "tcp", logFormat: "tcplog" }), async (w) => {
    const s1 = w.origin("s1", () => response("s1"));
    const client = w.client().request(get("/alive?full"));
    await settle(w);
    assertEquals(client.responses.whole.map(({ content }) => content), ["s1"]);
    assertEquals(s1.requests.length, 1);
  }),
);

test(
  "monitor-uri: a frontend that stops closes after the answer",
  scene(watched(), (w) => {
    const client = ask(w, get("/alive?full"));
    void w.instance.finish();
    client.request(get("/alive?full"));
    w.run();
    assertEquals(client.responses.whole.map((each) => field(each, "connection")), [null, "close"]);
    assert(client.hasEnded);
    w.instance.stop();
  }),
);
