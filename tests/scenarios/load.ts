/** Chapters 6 and 7: many connections, and too many. */
import { assert, assertEquals } from "@std/assert";
import { readMessage, target as targetOf } from "#src/simulate/message.ts";
import { until } from "../until.ts";
import { startCallers } from "./callers.ts";
import { type Fixture, logged, type ScenarioTest } from "./fixture.ts";
import { exchange, get, open, response, statusOf, valuesOf } from "./wire.ts";

/** A server that takes its time, and counts. */
interface Busy {
  readonly name: string;
  /** ms for each request; Infinity: until it is changed. */
  time: number;
  now: number;
  most: number;
  readonly served: string[];
  /** Ends what is under way. */
  release(): void;
}

async function busyServer(
  fixture: Fixture,
  name: string,
  last: number,
  time: number,
): Promise<Busy> {
  const waiting = new Set<() => void>();
  const self: Busy = {
    name,
    time,
    now: 0,
    most: 0,
    served: [],
    release: () => waiting.forEach((answer) => answer()),
  };
  const target = { host: fixture.address(last), port: 8000 };
  await fixture.server(name, target, async (connection) => {
    connection.onEnd = () => connection.fin();
    const request = await readMessage(connection, "request");
    if (request === null) return;
    if (request.line.startsWith("HEAD ")) {
      return void connection.send("HTTP/1.0 200 OK\r\n\r\n").fin();
    }
    self.served.push(targetOf(request));
    self.most = Math.max(self.most, ++self.now);
    const answer = () => {
      if (!waiting.delete(answer)) return;
      self.now--;
      connection.send(response(name)).fin();
    };
    waiting.add(answer);
    if (self.time !== Infinity) setTimeout(answer, self.time);
  });
  return self;
}

const railways = (fixture: Fixture, time: number) =>
  Promise.all(
    ["A", "B", "C"].map((letter, i) => busyServer(fixture, `rails${letter}`, 11 + i, time)),
  );

export const load: Readonly<Record<string, ScenarioTest>> = {
  async "source-addresses"(fixture) {
    const traffic: string[] = [];
    const server = { host: fixture.address(11), port: 8000 };
    await fixture.server("one", server, async (connection) => {
      const from = connection.socket.remoteAddress;
      if (await connection.until(() => connection.received !== "")) {
        traffic.push(from);
        connection.send(response("one"));
        await connection.until(() => false);
      }
      connection.fin();
    });
    const sources = Array.from({ length: 8 }, (_, i) => fixture.address(101 + i));
    await fixture.run(async () => {
      for (let i = 0; i < 24; i++) assertEquals((await fixture.visit("/")).server, "one");
      for (const round of [0, 8, 16]) assertEquals(traffic.slice(round, round + 8), sources);
      // Each address is checked by connections of its own, which end as soon as they stand.
      await fixture.stop("one");
      const callers = startCallers(server.host, server.port);
      try {
        const seen = new Set<string>();
        await until(() => {
          callers.next().forEach((from) => seen.add(from));
          return seen.size >= 8;
        }, () => `checks from each source: ${[...seen].join(" ")}`);
        assertEquals([...seen].sort(), sources);
      } finally {
        callers.stop();
      }
    });
  },

  async queue(fixture) {
    const servers = await railways(fixture, 10);
    const target = { host: fixture.address(1), port: 8080 };
    await fixture.run(async () => {
      const clients = 1200;
      const begun = performance.now();
      const statuses = await Promise.all(
        Array.from({ length: clients }, async () => statusOf(await exchange(target, get("/")))),
      );
      const took = performance.now() - begun;
      assertEquals(statuses.filter((status) => status !== 200), []);
      // 1200 / 3 servers / 4 places * 10 ms: they cannot have done it in less.
      assert(took > 1000, `${took} ms`);
      for (const { name, most, served } of servers) {
        assertEquals(most, 4, name);
        // The places are dealt out as they become free, so that nobody is idle.
        assert(served.length > clients / 6, `${name}: ${served.length}`);
      }

      // A cookie holder waits for his server, while others are free.
      const [railsA] = servers as [Busy, Busy, Busy];
      railsA.time = Infinity;
      const cookie = "Cookie: SERVERID=A";
      const visits = Array.from({ length: 6 }, (_, i) => exchange(target, get(`/${i}`, cookie)));
      await until(() => railsA.now === 4, "four of them to be served");
      assertEquals(statusOf(await exchange(target, get("/new"))), 200);
      railsA.time = 10;
      railsA.release();
      const names = (await Promise.all(visits)).map(({ content }) => content.toString());
      assertEquals(names, Array.from({ length: 6 }, () => "railsA"));
    });
  },

  async minconn(fixture) {
    const servers = await railways(fixture, 200);
    const slowA = await busyServer(fixture, "slowA", 21, Infinity);
    const slowB = await busyServer(fixture, "slowB", 22, 0);
    const target = { host: fixture.address(1), port: 8080 };
    const rush = async (count: number) => {
      for (const server of servers) server.most = 0;
      const visits = Array.from({ length: count }, () => exchange(target, get("/")));
      assertEquals((await Promise.all(visits)).filter((m) => statusOf(m) !== 200), []);
      return Math.max(...servers.map(({ most }) => most));
    };
    await fixture.run(async (proxy) => {
      assertEquals(await rush(15), 4);
      assertEquals(await rush(90), 12);
      assertEquals(await rush(15), 4);

      // Who hangs up in the queue is never served; who finds it full goes elsewhere.
      const narrow = { ...target, port: 8081 };
      const cookie = "Cookie: SERVERID=A";
      const busy = exchange(narrow, get("/busy", cookie));
      await until(() => slowA.now === 1, "the first to be served");
      const hasty = open(narrow);
      hasty.send(get("/hasty", cookie));
      await hasty.until(() => hasty.isOpen);
      // What has come before this visit has been read when it is over.
      const past = () => exchange(narrow, get("/past", "Cookie: SERVERID=B"));
      await past();
      const third = await exchange(narrow, get("/third", cookie));
      assertEquals(third.content.toString(), "slowB");
      assertEquals(valuesOf(third, "Set-Cookie"), ["SERVERID=B; path=/"]);
      hasty.close();
      await logged(proxy, / narrow narrow\/\S+ .* CQ.. .* "GET \/hasty /);
      const patient = exchange(narrow, get("/patient", cookie));
      await past();
      const fourth = await exchange(narrow, get("/fourth", cookie));
      assertEquals(fourth.content.toString(), "slowB");
      slowA.time = 0;
      slowA.release();
      assertEquals((await busy).content.toString(), "slowA");
      assertEquals((await patient).content.toString(), "slowA");
      assertEquals(slowA.served.filter((uri) => uri === "/hasty"), []);
      assertEquals(slowB.served, ["/past", "/third", "/past", "/fourth"]);
      assertEquals(slowA.most, 1);

      // A server dies, and leaves its queue to the other.
      slowA.time = Infinity;
      const unhappy = exchange(narrow, get("/unhappy", cookie));
      await until(() => slowA.now === 1, "the server to be busy");
      const heir = exchange(narrow, get("/heir", cookie));
      await past();
      await fixture.stop("slowA");
      assertEquals(statusOf(await unhappy), 502);
      assertEquals((await heir).content.toString(), "slowB");
      assertEquals(valuesOf(await heir, "Set-Cookie"), ["SERVERID=B; path=/"]);
      assertEquals(slowA.served.filter((uri) => uri === "/heir"), []);
      await logged(proxy, / narrow narrow\/slowA .* 502 .* SH.. .* "GET \/unhappy /);
    });
  },
};
