/** `accept-proxy` and `send-proxy`: the client's addresses before all else on a connection. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as v from "valibot";
import { Configuration } from "#src/config/model.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import { encodeProxyHeader } from "#src/net/proxy-protocol/header.ts";
import { noEvents, type Socket, type SocketEvents, writeBoth } from "#src/net/socket.ts";
import { startProxies } from "#src/proxy/instance.ts";
import { virtualClock } from "#src/time/clock.ts";
import { textOf } from "../latin1.ts";
import { test } from "../testing.ts";
import { Client, type Scene, scene, server, settle, web } from "./harness.ts";
import { field, request, response, status } from "#src/simulate/message.ts";

const client = {
  remoteAddress: "203.0.113.7",
  remotePort: 4711,
  localAddress: "198.51.100.1",
  localPort: 443,
};
const header = {
  v1: textOf(encodeProxyHeader("v1", client)),
  v2: textOf(encodeProxyHeader("v2", client)),
  UNKNOWN: textOf(encodeProxyHeader("v1", null)),
  LOCAL: textOf(encodeProxyHeader("v2", null)),
};

const at = (port: number) => ({ kind: "ip", host: "10.0.0.1", port }) as const;

/** Port 80 takes clients as they are, port 81 is for proxies, and so is 82, which has a name. */
const doors = (settings: Parameters<typeof web>[0] = {}) =>
  web({
    bind: [
      { address: at(80) },
      { address: at(81), acceptProxy: true },
      { address: at(82), acceptProxy: true, name: "door" },
    ],
    forwardfor: { except: "192.0.2.0/24" },
    originalto: {},
    ...settings,
  });

/** A client that comes to a door for proxies. */
function come(w: Scene, text: string, port = 81): Client {
  const client = w.client("10.9.9.9", port);
  client.methods.push("GET");
  client.send(text);
  w.run();
  return client;
}

/** The lines that tell of headers, without their dates. */
const complaints = (w: Scene) =>
  w.events.map(({ level, text }) => `${level} ${text.replace(/:\d+ \[[^\]]+\]/, "")}`);

for (const version of ["v1", "v2"] as const) {
  for (const segment of [undefined, 1, 7]) {
    const pieces = segment === undefined ? "at once" : `in pieces of ${segment}`;
    test(
      `accept-proxy ${version}, ${pieces}: the addresses are the client's from then on`,
      scene(doors(), (w) => {
        const s1 = w.origin("s1");
        const client = come(w, header[version] + request("/"));
        assertEquals(client.responses.whole.map(status), [200]);
        client.request(request("/again"));
        w.run();
        assertEquals(client.responses.whole.map(status), [200, 200]);
        assertEquals(s1.requests.map((each) => each.line), [
          "GET / HTTP/1.1",
          "GET /again HTTP/1.1",
        ]);
        for (const each of s1.requests) {
          assertEquals(field(each, "x-forwarded-for"), "203.0.113.7");
          assertEquals(field(each, "x-original-to"), "198.51.100.1");
        }
        for (const { clientAddress, clientPort } of w.records) {
          assertEquals([clientAddress, clientPort], ["203.0.113.7", 4711]);
        }
      }, segment === undefined ? {} : { segment }),
    );
  }
}

for (const kind of ["UNKNOWN", "LOCAL"] as const) {
  test(
    `accept-proxy: ${kind}, and the connection's own addresses count`,
    scene(doors(), (w) => {
      const s1 = w.origin("s1");
      come(w, header[kind] + request("/"));
      assertEquals(field(s1.requests[0]!, "x-forwarded-for"), "10.9.9.9");
      assertEquals(field(s1.requests[0]!, "x-original-to"), "10.0.0.1");
      assertEquals(w.records[0]!.clientAddress, "10.9.9.9");
      assert(w.records[0]!.clientPort > 0);
    }),
  );
}

test(
  "accept-proxy: the header's client may be one that 'except' leaves out",
  scene(doors(), (w) => {
    const s1 = w.origin("s1");
    const inside = encodeProxyHeader("v1", { ...client, remoteAddress: "192.0.2.9" });
    come(w, textOf(inside) + request("/"));
    assertEquals(field(s1.requests[0]!, "x-forwarded-for"), null);
    assertEquals(w.records[0]!.clientAddress, "192.0.2.9");
  }),
);

test(
  "accept-proxy: 'balance source' and a server without a port go by the header's addresses",
  scene(
    doors({
      balance: "source",
      servers: [server("s1"), server("s2"), server("s3")].map((each, i) => ({
        ...each,
        address: { kind: "ip", host: `10.0.1.${i + 1}`, port: null, portOffset: -363 },
      })),
    }),
    (w) => {
      const origins = ["s1", "s2", "s3"].map((name) => w.origin(name));
      const counts = () => origins.map(({ requests }) => requests.length).sort();
      // All from one proxy: only the headers tell the clients apart.
      for (let i = 0; i < 12; i++) come(w, header.v1 + request("/"));
      assertEquals(counts(), [0, 0, 12]);
      for (let i = 1; i <= 24; i++) {
        const other = encodeProxyHeader("v1", { ...client, remoteAddress: `203.0.${i}.${i}` });
        come(w, textOf(other) + request("/"));
      }
      const [least] = counts();
      assert(least! > 0, `one server has nobody: ${counts()}`);
    },
  ),
);

const silent = "Connection closed while waiting for PROXY protocol header";
const late = "Timeout while waiting for PROXY protocol header";
const cut = "Truncated PROXY protocol header received";
const alien = "Received something which does not look like a PROXY protocol header";

/** What comes in place of a header, what is said of it, and whether the end is a reset. */
const refused: [
  title: string,
  play: (client: Client, w: Scene) => void,
  said: string,
  reset: boolean,
][] = [
  ["a request", (client) => void client.send(request("/")), alien, true],
  [
    "a bad header",
    (client) => void client.send("PROXY TCP4 a b c d\r\n" + request("/")),
    "Received an invalid PROXY protocol header",
    true,
  ],
  [
    "another protocol",
    (client) => void client.send("PROXY UDP4 1.2.3.4 1.2.3.5 6 7\r\n" + request("/")),
    "Received an unhandled protocol in the PROXY protocol header",
    true,
  ],
  ["nothing, and the end", (client) => void client.fin(), silent, false],
  ["half a header, and the end", (client) => void client.send("PROXY TCP4 1.2").fin(), cut, true],
  ["nothing, for too long", (_client, w) => w.advance(30_016), late, false],
  [
    "a header drop by drop, for too long",
    (client, w) => {
      for (const c of "PROXY TCP4 ") {
        client.send(c);
        w.advance(2730);
      }
    },
    late,
    true,
  ],
];
for (const [title, play, said, reset] of refused) {
  for (const dontlognull of [false, true]) {
    test(
      `accept-proxy: ${title}${dontlognull ? ", with dontlognull" : ""}`,
      scene(doors({ dontlognull }), (w) => {
        const s1 = w.origin("s1");
        const client = w.client("10.9.9.9", 82);
        w.run();
        play(client, w);
        w.run();
        assertEquals([client.received, s1.connections.length], ["", 0]);
        assertEquals([client.broke !== null, client.hasEnded], [reset, !reset]);
        const nothingCame = said === silent || title.startsWith("nothing");
        const line = `info 10.9.9.9 web/door: ${said}`;
        assertEquals(complaints(w), dontlognull && nothingCame ? [] : [line]);
        assertEquals(w.records.length, 0);
      }),
    );
  }
}

test(
  "accept-proxy: a listener without a name is known by its number; the line has date and port",
  scene(doors(), (w) => {
    come(w, "nonsense");
    const [{ text } = { text: "" }] = w.events;
    assertMatch(text, /^10\.9\.9\.9:\d+ \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] web\/2: Rec/);
  }),
);

test(
  "accept-proxy: who breaks off before the header is complete",
  scene(doors(), (w) => {
    come(w, "PROXY TCP4 ").reset();
    w.run();
    const said = "Connection error while waiting for PROXY protocol header";
    assertEquals(complaints(w), [`info 10.9.9.9 web/2: ${said}`]);
  }),
);

test(
  "accept-proxy: time for the header is timeout client; the request has its own",
  scene(
    doors({ timeout: { connect: 4000, client: 5000, server: 5000, httpRequest: 2000 } }),
    (w) => {
      w.origin("s1");
      const client = w.client("10.9.9.9", 81);
      w.advance(4000);
      client.send(header.v2);
      w.advance(1900);
      client.request(request("/"));
      w.run();
      assertEquals(client.responses.whole.map(status), [200]);
      const slow = come(w, header.v2);
      w.advance(2100);
      assertEquals(slow.responses.whole.map(status), [408]);
    },
  ),
);

test(
  "accept-proxy: who has not sent a header yet counts, and leaves room when it goes",
  scene(doors({ maxconn: 2 }), (w) => {
    w.origin("s1");
    const early = w.client("10.9.9.9", 81);
    const served = come(w, header.v1 + request("/"));
    const waits = w.client().request(request("/"));
    w.run();
    assertEquals(served.responses.whole.length, 1);
    assertEquals(waits.responses.whole.length, 0);
    early.send("nonsense");
    w.run();
    assertEquals(waits.responses.whole.length, 1);
    assertEquals(w.records.at(-1)!.feconn, 2);
  }),
);

test(
  "accept-proxy: who waits for a place is asked for the header afterwards",
  scene(doors({ maxconn: 1 }), (w) => {
    w.origin("s1");
    const first = w.client().request(request("/"));
    const second = come(w, header.v1 + request("/"));
    assertEquals([first, second].map(({ responses }) => responses.whole.length), [1, 0]);
    first.close();
    w.run();
    assertEquals(second.responses.whole.map(status), [200]);
    assertEquals(w.records[1]!.clientAddress, "203.0.113.7");
  }),
);

test(
  "accept-proxy: a large header of version 2 is skipped, one that is too large is refused at once",
  scene(doors(), (w) => {
    w.origin("s1");
    const head = header.v2.slice(0, 14);
    const large = `${head}\x20\x0c${header.v2.slice(16)}\x04\x1f\xfd${"x".repeat(8189)}`;
    assertEquals(come(w, large + request("/")).responses.whole.map(status), [200]);
    const tooLarge = come(w, `${head}\xff\xff`);
    assert(tooLarge.broke !== null);
  }),
);

test("accept-proxy: nothing is left of those whom a stop finds waiting", async () => {
  await scene(doors(), (w) => {
    const clients = ["", "PROXY ", header.v1, header.v2.slice(0, 20)].map((text) => come(w, text));
    w.instance.stop();
    w.run();
    assert(clients.every(({ hasEnded, broke }) => hasEnded || broke !== null));
  })();
});

test("accept-proxy: a soft-stop waits 2 s for a header, and the session it begins is the last", async () => {
  await scene(doors(), async (w) => {
    const s1 = w.origin("s1");
    const [silent, speaks] = [w.client("10.9.9.9", 81), w.client("10.9.9.9", 81)];
    w.run();
    let finished = false;
    void w.instance.finish().then(() => finished = true);
    w.advance(1900);
    speaks.methods.push("GET");
    speaks.send(header.v1 + request("/"));
    w.run();
    assertEquals(field(speaks.responses.whole[0]!, "connection"), "close");
    assertEquals(s1.requests.length, 1);
    assert(!silent.hasEnded);
    w.advance(150);
    assert(silent.hasEnded && speaks.hasEnded);
    speaks.close();
    w.advance(1100);
    await Promise.resolve();
    assert(finished);
    w.instance.stop();
  })();
});

const relay = { mode: "tcp", logFormat: "tcplog" } as const;

test(
  "accept-proxy in mode tcp: the header is taken off, what follows is the server's",
  scene(doors(relay), async (w) => {
    const s1 = w.origin("s1", () => null);
    const client = come(w, header.v1 + "hello");
    await settle(w);
    assertEquals(s1.connections.map(({ received }) => received), ["hello"]);
    client.close();
    await settle(w);
    const { clientAddress, clientPort } = w.records[0]!;
    assertEquals([clientAddress, clientPort], ["203.0.113.7", 4711]);
  }),
);

// ---- to servers ----

const own = (port: number) => `PROXY TCP4 10.9.9.9 10.0.0.1 ${port} 80\r\n`;

test(
  "send-proxy: each connection begins with the header, and serves its client alone",
  scene(web({ servers: [server("s1", { sendProxy: "v1" })] }), (w) => {
    const s1 = w.origin("s1");
    const clients = [1, 2, 3].map((i) => w.client().request(request(`/${i}`)));
    w.run();
    clients[0]!.request(request("/4"));
    w.run();
    const ports = clients.map(({ socket }) => socket.localPort);
    assertEquals(clients.map(({ responses }) => responses.whole.length), [2, 1, 1]);
    assertEquals(s1.connections.length, 3);
    assertEquals(
      s1.connections.map(({ received }) => received.slice(0, received.indexOf(" HTTP/1.1"))),
      ports.map((port, i) => `${own(port)}GET /${i + 1}`),
    );
  }),
);

test(
  "send-proxy-v2: the header and the request are one piece",
  scene(web({ servers: [server("s1", { sendProxy: "v2" })] }), (w) => {
    const pieces: number[] = [];
    // Asked at the header's first empty line.
    const s1 = w.origin("s1", (_request, { received }) => {
      pieces.push(received.length);
      return null;
    });
    const client = w.client().request(request("/"));
    w.run();
    const { received } = s1.connections[0]!;
    const ends = {
      remoteAddress: "10.9.9.9",
      remotePort: client.socket.localPort,
      localAddress: "10.0.0.1",
      localPort: 80,
    };
    const expected = textOf(encodeProxyHeader("v2", ends));
    assertEquals(received.slice(0, expected.length), expected);
    assert(received.slice(expected.length).startsWith("GET / HTTP/1.1\r\n"));
    assertEquals(pieces[0], received.length);
  }),
);

test(
  "send-proxy: content, retries and a connection without room",
  scene(web({ servers: [server("s1", { sendProxy: "v1" })] }), (w) => {
    const content = "x".repeat(200);
    const client = w.client().request(request("/", content));
    w.advance(500);
    const s1 = w.origin("s1");
    w.advance(600);
    assertEquals(client.responses.whole.map(status), [200]);
    const { received } = s1.connections[0]!;
    assert(received.startsWith(own(client.socket.localPort) + "POST / HTTP/1.1\r\n"), received);
    assert(received.endsWith(content));
    assertEquals(w.records[0]!.retries, 1);
  }, { capacity: 16 }),
);

test(
  "send-proxy behind accept-proxy: the first client's addresses go all the way",
  scene(doors({ servers: [server("s1", { sendProxy: "v1" })] }), (w) => {
    const s1 = w.origin("s1");
    come(w, header.v2 + request("/"));
    come(w, header.LOCAL + request("/"));
    const [first, second] = s1.requests;
    assertEquals(first!.line, "PROXY TCP4 203.0.113.7 198.51.100.1 4711 443");
    assertMatch(second!.line, /^PROXY TCP4 10\.9\.9\.9 10\.0\.0\.1 \d+ 81$/);
  }),
);

test(
  "send-proxy in mode tcp: at once, though the client says nothing; then its bytes",
  scene(web({ ...relay, servers: [server("s1", { sendProxy: "v1" })] }), async (w) => {
    const s1 = w.origin("s1", () => null);
    const client = w.client();
    await settle(w);
    const expected = own(client.socket.localPort);
    assertEquals(s1.connections[0]!.received, expected);
    client.send("hello");
    await settle(w);
    assertEquals(s1.connections[0]!.received, expected + "hello");
    const eager = w.client().send("first").fin();
    await settle(w);
    assertEquals(s1.connections[1]!.received, own(eager.socket.localPort) + "first");
    assert(s1.connections[1]!.hasEnded);
  }),
);

test(
  "send-proxy in mode tcp: a connection that takes the header byte by byte",
  scene(web({ ...relay, servers: [server("s1", { sendProxy: "v1" })] }), async (w) => {
    const s1 = w.origin("s1", () => null);
    const client = w.client().send("hello").fin();
    await settle(w);
    assertEquals(s1.connections[0]!.received, own(client.socket.localPort) + "hello");
    assert(s1.connections[0]!.hasEnded);
  }, { capacity: 1 }),
);

test("send-proxy: the header goes first, however much a connection takes before it is known to stand", () => {
  const sent = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const whole = `PROXY TCP4 10.9.9.9 10.0.0.1 4711 80\r\n${sent}`;
  for (let early = 0; early <= whole.length; early++) {
    const network = memoryNetwork();
    const eager = new EagerSocket(early);
    const instance = startProxies(
      v.parse(Configuration, { proxies: [web({ servers: [server("s1", { sendProxy: "v1" })] })] }),
      {
        network: {
          ...network,
          connect(_to, _options, events) {
            eager.events = events;
            return eager;
          },
        },
        clock: virtualClock(),
        maxconn: 10,
        log: {
          logsSessions: () => false,
          logsConnections: () => false,
          session() {},
          connection() {},
          event() {},
        },
      },
    );
    const client = new Client();
    const source = { host: "10.9.9.9", port: 4711 };
    client.socket = network.connect(at(80), { source }, client);
    client.send(sent);
    network.run();
    eager.ready = true;
    if (early === 0) eager.events.opened(eager);
    else eager.events.drain(eager);
    assertEquals(eager.taken, whole, `${early} bytes taken early`);
    instance.stop();
    client.reset();
    network.run();
  }
});

/** A connection that takes some bytes of the first write, and none of others until it is ready. */
class EagerSocket implements Socket {
  events: SocketEvents = noEvents;
  readonly remoteAddress = "10.0.1.1";
  readonly remotePort = 80;
  readonly localAddress = "10.0.0.2";
  readonly localPort = 50_000;
  taken = "";
  ready = false;
  #written = false;

  constructor(readonly early: number) {}

  write(bytes: Uint8Array, from: number, to: number): number {
    const room = this.ready ? Infinity : this.#written ? 0 : this.early;
    this.#written = true;
    const taken = Math.min(room, to - from);
    this.taken += textOf(bytes.subarray(from, from + taken));
    return taken;
  }
  writev(
    first: Uint8Array,
    firstFrom: number,
    firstTo: number,
    second: Uint8Array,
    secondFrom: number,
    secondTo: number,
  ): number {
    return writeBoth(this, first, firstFrom, firstTo, second, secondFrom, secondTo);
  }
  retain(bytes: Uint8Array, from: number, to: number): Uint8Array {
    return bytes.slice(from, to);
  }
  pause(): void {}
  resume(): void {}
  shutdown(): void {}
  close(): void {}
  reset(): void {}
  isQuiet(): boolean {
    return true;
  }
  peerGone(): boolean {
    return false;
  }
}

test("send-proxy for a client of a unix socket: nobody's addresses", async () => {
  for (const [sendProxy, expected] of [["v1", header.UNKNOWN], ["v2", header.LOCAL]] as const) {
    await scene(
      [
        web({ bind: [{ address: at(80) }, { address: { kind: "unix", path: "/web" } }] }),
      ].map((proxy) => ({ ...proxy, servers: [server("s1", { sendProxy })] })),
      (w) => {
        const s1 = w.origin("s1", () => response("s1"));
        const client = w.client();
        client.close();
        client.isClosed = false;
        client.socket = w.network.connect({ kind: "unix", path: "/web" }, {}, client);
        client.request(request("/"));
        w.run();
        assert(s1.connections[0]!.received.startsWith(`${expected}GET / HTTP/1.1\r\n`));
      },
    )();
  }
});
