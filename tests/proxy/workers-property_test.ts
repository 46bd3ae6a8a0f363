/** What threads hold together, under any sequence of events, with mail that comes when it likes. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { workersScene } from "./workers-scene.ts";
import { type Client, server, web } from "./harness.ts";
import { holding } from "./holding.ts";
import { request, target } from "#src/simulate/message.ts";

const threads = 3;

const acts = [
  "ask",
  "ask",
  "ask",
  "ask with cookie",
  "ask again",
  "finish",
  "finish",
  "leave",
  "mail",
  "mail",
  "settle",
  "wait",
  "down",
  "up",
] as const;
const deaths = ["kill", "doom", "release"] as const;

interface Event {
  readonly act: (typeof acts)[number] | (typeof deaths)[number];
  readonly which: number;
}

const event = (mayDie: boolean): fc.Arbitrary<Event> =>
  fc.record({
    act: fc.constantFrom(...acts, ...mayDie ? deaths : []),
    which: fc.nat(1000),
  });

const settings = fc.record({
  balance: fc.constantFrom("roundrobin" as const, "leastconn" as const, "source" as const),
  redispatch: fc.boolean(),
  frontend: fc.constantFrom(null, 3, 6),
  maxconn: fc.constantFrom(4, 8, 50),
  ports: fc.boolean(),
  minconn: fc.boolean(),
  queue: fc.constantFrom(40, 20_000),
});

const limits = [1, 2];

function play(events: readonly Event[], of: typeof settings extends fc.Arbitrary<infer S> ? S : 0) {
  const { balance, redispatch, frontend, maxconn, ports, minconn, queue } = of;
  workersScene(
    threads,
    web({
      balance,
      redispatch,
      maxconn: frontend,
      cookie: { name: "C", mode: "insert" },
      timeout: { connect: 1000, client: 30_000, server: 30_000, queue },
      servers: limits.map((maxconn, i) =>
        server(`s${i + 1}`, {
          maxconn,
          cookie: `${i + 1}`,
          ...minconn && maxconn > 1 ? { minconn: 1 } : {},
          ...ports ? { source: { host: `10.8.0.${i + 1}`, port: 2000, lastPort: 2005 } } : {},
        })
      ),
    }),
    (w) => {
      const origins = ["s1", "s2"].map((name) => holding(w.origin(name), w.holds));
      const clients: Client[] = [];
      const ask = (client: Client, which: number, ...fields: string[]) =>
        client.request(request("/", which % 5 === 0 ? "x" : null, ...fields));
      for (const { act, which } of events) {
        const origin = origins[which % 2]!;
        const client = clients[which % (clients.length || 1)];
        switch (act) {
          case "ask":
          case "ask with cookie": {
            if (w.dead === threads) break;
            const fields = act === "ask" ? [] : [`Cookie: C=${which % 2 + 1}`];
            clients.push(ask(w.client(which % threads), which, ...fields));
            break;
          }
          case "ask again":
            if (client !== undefined && !client.isOver) ask(client, which);
            break;
          case "finish":
            if (origin.inHand > 0) origin.finish();
            break;
          case "leave":
            client?.reset();
            break;
          case "mail":
            w.deliver(which % (threads + 1), which % threads);
            break;
          case "settle":
            w.settle();
            if (w.dead === 0) w.assertNobodyWaits();
            break;
          case "wait":
            w.advance(which % 50, which % 2 === 0);
            break;
          case "down":
          case "up":
            w.turn(0, which % 2, act === "up");
            break;
          case "kill":
            if (w.dead < threads - 1) w.kill(which % threads);
            break;
          case "doom":
            if (w.dead < threads - 1) w.doom(which % threads, which % 7);
            break;
          case "release":
            w.release();
        }
        // Now, for a server learns of two connections in any order.
        w.run();
        const { runtime, frontends } = w.main;
        assert(runtime.connections.value <= maxconn, "the process's maxconn");
        assert(frontends[0]!.connections.value <= frontends[0]!.limit, "the frontend's maxconn");
        const served = clients.filter((c) => !c.isOver && !c.hasEnded && c.received !== "").length;
        assert(served <= Math.min(maxconn, frontends[0]!.limit), `${served} clients are served`);
      }
      for (const [i, { most }] of origins.entries()) {
        assert(most <= limits[i]!, `s${i + 1} saw ${most} requests at once`);
      }
      w.release();
      limits.forEach((_limit, i) => w.turn(0, i, true));
      // A client that has sent several requests gets their answers one after the other.
      const rounds = clients.reduce((sum, { methods }) => sum + methods.length, 2);
      for (let i = 0; i < rounds; i++) {
        w.settle();
        w.assertNobodyWaits();
        for (const origin of origins) while (origin.inHand > 0) origin.finish();
        w.settle();
        // Who has been answered makes room for those who wait to be let in.
        for (const one of clients) {
          if (!one.isOver && one.responses.whole.length >= one.methods.length) one.reset();
        }
      }
      for (const one of clients) assert(one.isOver || one.hasEnded, "somebody still waits");
    },
    maxconn,
  );
}

test("threads keep to every maxconn together, and nobody is forgotten, however late mail comes", () => {
  fc.assert(
    fc.property(
      fc.array(event(false), { minLength: 5, maxLength: 80, size: "max" }),
      settings,
      play,
    ),
    { numRuns: 1000 },
  );
});

test("threads that die, at any moment, leave all that is shared as good as new", () => {
  fc.assert(
    fc.property(
      fc.array(event(true), { minLength: 5, maxLength: 80, size: "max" }),
      settings,
      play,
    ),
    { numRuns: 1000 },
  );
});

test("first come, first served, whichever thread one comes to", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ thread: fc.nat(threads - 1), act: fc.nat(5) }), { maxLength: 60 }),
    fc.constantFrom(1, 2, 4),
    (steps, maxconn) =>
      workersScene(threads, web({ servers: [server("s1", { maxconn })] }), (w) => {
        const s1 = holding(w.origin("s1"));
        const clients: Client[] = [];
        const gone = new Set<string>();
        const heard = () => s1.requests.map(target);
        for (const { thread, act } of steps) {
          if (act < 3) clients.push(w.client(thread).request(request(`/${clients.length}`)));
          else if (act < 5 && s1.inHand > 0) s1.finish();
          else if (clients.length > 0) {
            const which = (thread * 7 + clients.length) % clients.length;
            clients[which]!.reset();
            if (!heard().includes(`/${which}`)) gone.add(`/${which}`);
          }
          w.settle();
        }
        while (s1.inHand > 0) {
          s1.finish();
          w.settle();
        }
        const all = clients.map((_client, i) => `/${i}`);
        assertEquals(heard(), all.filter((path) => !gone.has(path)));
      }),
  ));
});

test("who leaves while a slot comes for him takes nobody's ticket", () =>
  workersScene(
    2,
    web({ servers: [server("s1", { maxconn: 1 })] }),
    (w) => {
      const s1 = holding(w.origin("s1"));
      const ask = (thread: number, path: string) => {
        const client = w.client(thread).request(request(path));
        w.run();
        return client;
      };
      const first = ask(1, "/served");
      const second = ask(0, "/waits");
      first.reset();
      w.run();
      // The slot is the second's now, which does not know it yet.
      second.reset();
      w.run();
      ask(0, "/third");
      ask(0, "/fourth");
      w.settle();
      s1.finish();
      w.settle();
      assertEquals(s1.requests.map(target), ["/served", "/third", "/fourth"]);
    },
    2,
  ));
