/** The guide's ways to take a server out of service without anybody noticing (chapter 4). */
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type Answer, type Origin, type Scene, scene, server, settle, web } from "./harness.ts";
import { response, status } from "#src/simulate/message.ts";
import { Connection } from "#src/simulate/connection.ts";
import { ask, set } from "./two-servers.ts";

const cookie = { name: "SERVERID", mode: "insert", indirect: true } as const;

/** What served a request, by whose cookie, what cookie it set, and what the log says of both. */
function visit(w: Scene, sent: string | null = null) {
  const answer = ask(w, sent === null ? null : `SERVERID=${sent}`);
  const { server, termination } = w.records.at(-1)!;
  const given = set(answer)?.split(";")[0] ?? null;
  return [status(answer) === 200 ? answer.content : status(answer), server, given, termination];
}

/** As many new users as would find every server. @returns what served them */
const newcomers = (w: Scene) => [1, 2, 3, 4, 5, 6].map(() => visit(w)[0]);

const states = (w: Scene) =>
  [...w.instance.servers()].filter(({ up }) => up).map(({ name }) => name).join(" ");

test(
  "4.1, by a file: it goes, and new users stay away; then the server stops, and all move on",
  scene(
    web({
      cookie,
      persist: true,
      redispatch: true,
      timeout: { connect: 5000, client: 30_000, server: 30_000 },
      check: { kind: "http", method: "HEAD", uri: "/running" },
      servers: ["s1", "s2", "s3"].map((name, i) =>
        server(name, { cookie: "ABC"[i]!, check: true, inter: 2000, rise: 2, fall: 2 })
      ),
    }),
    (w) => {
      let running = true;
      const site: Answer = ({ line }, _connection, { name }) =>
        line.startsWith("HEAD /running ")
          ? response("", name === "s1" && !running ? 404 : 200)
          : response(name);
      const s1 = w.origin("s1", site);
      w.origin("s2", site);
      w.origin("s3", site);
      w.advance(10_000);
      assertEquals(new Set(newcomers(w)), new Set(["s1", "s2", "s3"]));
      assertEquals(visit(w, "A"), ["s1", "s1", null, "--VN"]);

      // rm -f /home/httpd/www/running
      running = false;
      w.advance(4000);
      assertEquals(states(w), "s2 s3");
      assertEquals(new Set(newcomers(w)), new Set(["s2", "s3"]));
      assertEquals(visit(w, "A"), ["s1", "s1", null, "--DN"]);
      w.advance(60_000);
      assertEquals(visit(w, "A"), ["s1", "s1", null, "--DN"]);

      // /etc/init.d/httpd stop
      s1.stop();
      const [where, name, given, termination] = visit(w, "A");
      assertEquals([where, given], where === "s2" ? ["s2", "SERVERID=B"] : ["s3", "SERVERID=C"]);
      assertEquals([name, termination], [where, "--DI"]);
      const { retries, redispatched } = w.records.at(-1)!;
      assertEquals([retries, redispatched], [1, true]);
      assertEquals(new Set(newcomers(w)), new Set(["s2", "s3"]));

      // /etc/init.d/httpd start; touch /home/httpd/www/running
      s1.listen();
      running = true;
      w.advance(4000);
      assertEquals(states(w), "s1 s2 s3");
      assertEquals(new Set(newcomers(w)), new Set(["s1", "s2", "s3"]));
    },
  ),
);

/** A check forwarder on port 81 of an origin: it answers as the origin does. */
function forwarder(w: Scene, origin: Origin): { stop(): void; listen(): void } {
  const host = `10.0.1.${origin.name.slice(1)}`;
  let close = () => {};
  const self = {
    listen() {
      const listener = w.network.listen({ kind: "ip", host, port: 81 }, {}, (socket) => {
        const near = new Connection();
        const far = new Connection();
        near.socket = socket;
        far.socket = w.network.connect({ kind: "ip", host, port: 80 }, {}, far);
        for (const [one, another] of [[near, far], [far, near]] as const) {
          one.onData = () => {
            another.send(one.received);
            one.received = "";
          };
          one.onEnd = () => one.close();
          one.onGone = () => another.close();
        }
        return near;
      });
      close = () => listener.close();
    },
    stop: () => close(),
  };
  self.listen();
  return self;
}

/** The proxy of chapter 4.2, with two servers. */
function backups(allbackups: boolean) {
  const line = (name: string, host: string, id: string, port: number, backup: boolean) => ({
    name,
    address: { kind: "ip", host, port: 80 } as const,
    cookie: id,
    check: true,
    port,
    inter: 2000,
    backup,
  });
  return web({
    cookie,
    redispatch: true,
    allbackups,
    check: { kind: "http", method: "HEAD", uri: "/" },
    servers: [
      line("webA", "10.0.1.1", "A", 81, false),
      line("webB", "10.0.1.2", "B", 81, false),
      line("bkpA", "10.0.1.1", "A", 80, true),
      line("bkpB", "10.0.1.2", "B", 80, true),
    ],
  });
}

test(
  "4.2, by backups: port 81 goes, and new users stay away; the server stops; it returns",
  scene(backups(false), (w) => {
    const [a, b] = [w.origin("s1"), w.origin("s2")];
    const checksOfA = forwarder(w, a);
    const checksOfB = forwarder(w, b);
    w.advance(10_000);
    assertEquals(states(w), "webA webB bkpA bkpB");
    assertEquals(new Set(newcomers(w)), new Set(["s1", "s2"]));
    // The main server comes first in the configuration, and it is up.
    assertEquals(visit(w, "A"), ["s1", "webA", null, "--VN"]);

    // iptables -t nat -D PREROUTING ... --dport 81
    checksOfA.stop();
    w.advance(6100);
    assertEquals(states(w), "webB bkpA bkpB");
    assertEquals(newcomers(w), Array(6).fill("s2"));
    assertEquals(visit(w, "A"), ["s1", "bkpA", null, "--VN"]);
    assertEquals(visit(w, "B"), ["s2", "webB", null, "--VN"]);

    // httpd stop
    a.stop();
    w.advance(6100);
    assertEquals(states(w), "webB bkpB");
    assertEquals(visit(w, "A"), ["s2", "webB", "SERVERID=B", "--DI"]);

    // httpd start: only the backup is seen; new users still go elsewhere, old ones may come
    a.listen();
    w.advance(4100);
    assertEquals(states(w), "webB bkpA bkpB");
    assertEquals(newcomers(w), Array(6).fill("s2"));
    assertEquals(visit(w, "A"), ["s1", "bkpA", null, "--VN"]);

    // iptables -t nat -A PREROUTING ... --dport 81
    checksOfA.listen();
    w.advance(4100);
    assertEquals(states(w), "webA webB bkpA bkpB");
    assertEquals(new Set(newcomers(w)), new Set(["s1", "s2"]));
    assertEquals(visit(w, "A"), ["s1", "webA", null, "--VN"]);
    checksOfA.stop();
    checksOfB.stop();
  }),
);

test("4.2: where no main server is left, the first backup takes new users; with allbackups, all", async () => {
  for (const allbackups of [false, true]) {
    await scene(backups(allbackups), (w) => {
      w.origin("s1");
      w.origin("s2");
      w.advance(10_000);
      assertEquals(states(w), "bkpA bkpB");
      assertEquals(new Set(newcomers(w)), new Set(allbackups ? ["s1", "s2"] : ["s1"]));
      assertEquals(visit(w, "B"), ["s2", "bkpB", null, "--VN"]);
      assertEquals(visit(w, "Z")[3], "--II");
    })();
  }
});

test(
  "5, a shared cookie: its first server in the configuration's order that is up, a backup too",
  scene(
    web({
      cookie,
      servers: [
        // A backup that comes first is looked at first.
        server("s3", { cookie: "A", backup: true, check: true, inter: 1000, fall: 1 }),
        server("s1", { cookie: "A", check: true, inter: 1000, fall: 1 }),
        server("s2", { cookie: "A" }),
      ],
    }),
    (w) => {
      const [s1, , s3] = [w.origin("s1"), w.origin("s2"), w.origin("s3")];
      w.advance(3000);
      assertEquals(visit(w, "A"), ["s3", "s3", null, "--VN"]);
      s3.stop();
      w.advance(1100);
      assertEquals(visit(w, "A"), ["s1", "s1", null, "--VN"]);
      s1.stop();
      w.advance(1100);
      assertEquals(visit(w, "A"), ["s2", "s2", null, "--VN"]);
      s3.listen();
      w.advance(2100);
      assertEquals(visit(w, "A"), ["s3", "s3", null, "--VN"]);
    },
  ),
);

const tcp = {
  mode: "tcp",
  logFormat: "tcplog",
  check: { kind: "ssl-hello" },
  bind: [1514, 80].map((port) => ({ address: { kind: "ip", host: "10.0.0.1", port } as const })),
} as const;

/** A TLS server of some kind: it answers a ClientHello by an alert, and tells others its name. */
const tls = (w: Scene, name: string, port: number) => {
  let close = () => {};
  let mute = false;
  const host = `10.0.1.${name.slice(1)}`;
  const self = {
    listen() {
      const listener = w.network.listen({ kind: "ip", host, port }, {}, (socket) => {
        const peer = new Connection();
        peer.socket = socket;
        peer.onData = () => {
          if (mute) return;
          peer.send(peer.received.startsWith("\x16\x03\x01") ? "\x15\x03\x03\0\x02\x02\x28" : name);
        };
        peer.onEnd = () => peer.close();
        return peer;
      });
      close = () => listener.close();
    },
    stop: () => close(),
    /** From now on it acknowledges everything, and says nothing. */
    hush: (yes: boolean) => void (mute = yes),
  };
  self.listen();
  return self;
};

test(
  "2.2: TCP with ssl-hello-chk: to the backup, from a firewall that only acknowledges, and back",
  scene(
    web({
      ...tcp,
      servers: [
        {
          name: "prod",
          address: { kind: "ip", host: "10.0.1.1", port: null },
          check: true,
        },
        {
          name: "back",
          address: { kind: "ip", host: "10.0.1.2", port: null },
          check: true,
          backup: true,
        },
      ],
    }),
    async (w) => {
      const prod = tls(w, "s1", 1514);
      const back = tls(w, "s2", 1514);
      const who = async () => {
        const client = w.client("10.9.9.9", 1514);
        await settle(w);
        client.send("hello");
        w.run();
        client.close();
        await settle(w);
        return [client.received, w.records.at(-1)!.server];
      };
      w.advance(10_000);
      assertEquals(await who(), ["s1", "prod"]);
      assertEquals(w.events, []);

      prod.hush(true);
      // Each check waits for `inter`, then comes `inter`: three of them.
      w.advance(12_000);
      assertEquals(w.events.splice(0).map(({ text }) => text), [
        "Server web/prod is DOWN, reason: Layer6 timeout, check duration: 2000ms. " +
        "0 active and 1 backup servers left. Running on backup. 0 sessions active, 0 requeued, " +
        "0 remaining in queue.",
      ]);
      assertEquals(await who(), ["s2", "back"]);

      prod.hush(false);
      w.advance(6000);
      assertEquals(await who(), ["s1", "prod"]);
      assertEquals(
        w.events.splice(0).map(({ text }) => text.split(".")[0]!.replace(/\d+ms/, "0ms")),
        [
          "Server web/prod is UP, reason: Layer6 check passed, check duration: 0ms",
        ],
      );

      prod.stop();
      w.advance(6100);
      assertEquals(await who(), ["s2", "back"]);
      back.stop();
      w.advance(6100);
      assertEquals(states(w), "");
      const client = w.client("10.9.9.9", 1514);
      await settle(w);
      assertEquals([client.hasEnded || client.broke !== null, w.termination], [true, "SC--"]);
    },
  ),
);
