/** `minconn` and `fullconn`: a server's limit follows its backend's load. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { type Client, scene, server, settle, web } from "./harness.ts";
import { holding } from "./holding.ts";
import { request, target } from "#src/simulate/message.ts";

/** The manual's formula, in its words: a ramp from minconn to maxconn, which fullconn ends. */
function limit(load: number, minconn: number, maxconn: number, fullconn: number): number {
  if (load >= fullconn) return maxconn;
  return Math.max(minconn, Math.floor((load * maxconn) / fullconn));
}

const patient = { connect: 4000, client: 60_000, server: 60_000, queue: 60_000 };
const ramped = server("s1", { minconn: 2, maxconn: 6 });

/** Clients come one by one: how many the server has after each. */
function ramp(settings: Parameters<typeof web>[0], count: number, maxconn = 1000) {
  const taken: number[] = [];
  const play = scene(
    web({ timeout: patient, servers: [ramped], ...settings }),
    (w) => {
      const s1 = holding(w.origin("s1"));
      for (let i = 0; i < count; i++) {
        w.client().request(request(`/${i}`));
        w.run();
        taken.push(s1.inHand);
      }
    },
    { maxconn },
  );
  return play().then(() => taken);
}
const expected = (count: number, fullconn: number) =>
  Array.from({ length: count }, (_, i) => Math.min(i + 1, limit(i + 1, 2, 6, fullconn)));

test("fullconn: at that load the server reaches its maxconn", async () => {
  assertEquals(await ramp({ fullconn: 12 }, 14), expected(14, 12));
  assertEquals(await ramp({ fullconn: 4 }, 8), expected(8, 4));
  assertEquals(await ramp({ fullconn: 1 }, 8), expected(8, 1));
});

test("fullconn: of a listen section it is the maxconn of the proxy, or of the process", async () => {
  assertEquals(await ramp({ maxconn: 12 }, 12), expected(12, 12));
  assertEquals(await ramp({}, 15, 15), expected(15, 15));
});

test("fullconn: of a backend it is a tenth of what its frontends may have", async () => {
  const taken: number[] = [];
  const front = (name: string, port: number, maxconn: number) =>
    web({
      name,
      kind: "frontend",
      servers: [],
      bind: [{ address: { kind: "ip", host: "10.0.0.1", port } }],
      defaultBackend: "farm",
      timeout: patient,
      maxconn,
    });
  await scene(
    [
      front("f", 80, 70),
      front("g", 81, 50),
      web({ name: "farm", kind: "backend", bind: [], timeout: patient, servers: [ramped] }),
    ],
    (w) => {
      const s1 = holding(w.origin("s1"));
      for (let i = 0; i < 14; i++) {
        w.client("10.9.9.9", 80 + i % 2).request(request("/"));
        w.run();
        taken.push(s1.inHand);
      }
    },
  )();
  assertEquals(taken, expected(14, 12));
});

test("minconn: alone, or above maxconn, it is a limit that does not move", async () => {
  for (const settings of [{ minconn: 3 }, { minconn: 3, maxconn: 2 }]) {
    const servers = [server("s1", settings)];
    assertEquals(await ramp({ servers, fullconn: 100 }, 5), [1, 2, 3, 3, 3]);
  }
});

test("minconn: TCP sessions count for the load like requests", () =>
  scene(
    web({ mode: "tcp", logFormat: "tcplog", timeout: patient, fullconn: 4, servers: [ramped] }),
    async (w) => {
      const s1 = w.origin("s1");
      for (const most of [1, 2, 4, 6]) {
        w.client();
        w.client();
        await settle(w);
        assert(s1.open >= most);
      }
      assertEquals(s1.mostOpen, 6);
    },
  )());

type Act = readonly ["ask" | "finish" | "leave", number];
const act: fc.Arbitrary<Act> = fc.tuple(
  fc.constantFrom("ask", "ask", "finish", "leave"),
  fc.nat(100),
);

interface Waiter {
  readonly client: Client;
  /** The server that it waits for; -1: any. */
  readonly wants: number;
  state: "waiting" | "served" | "gone";
}

test("order and limits: nobody waits while a slot is free, and first come is first served", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(act, { minLength: 10, maxLength: 80 }),
      fc.integer({ min: 1, max: 15 }),
      fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 3, max: 5 })),
      async (acts, fullconn, [minconn, maxconn]) => {
        const bounds = [[minconn, maxconn], [1, 2]] as const;
        await scene(
          web({
            fullconn,
            timeout: patient,
            cookie: { name: "C", mode: "insert", indirect: true },
            servers: bounds.map(([minconn, maxconn], i) =>
              server(`s${i + 1}`, { minconn, maxconn, cookie: `${i}` })
            ),
          }),
          (w) => {
            const origins = [holding(w.origin("s1")), holding(w.origin("s2"))];
            const everybody: Waiter[] = [];
            const seen = [0, 0];
            const before = [0, 0];
            const look = () => {
              w.run();
              const load = everybody.filter(({ client, state }) =>
                state !== "gone" && client.responses.whole.length === 0
              ).length;
              const newcomers = origins.map(({ requests }, i) => {
                const fresh = requests.slice(seen[i]).map((each) =>
                  Number(target(each).slice(1))
                );
                seen[i] = requests.length;
                for (const number of fresh) everybody[number]!.state = "served";
                return fresh;
              });
              origins.forEach((origin, i) => {
                const [low, high] = bounds[i]!;
                const most = limit(load, low === 0 ? high : low, high, fullconn);
                assert(origin.inHand <= Math.max(most, before[i]!), "more than the limit");
                before[i] = origin.inHand;
                assert(origin.mostOpen <= high, "more connections than maxconn");
                const waits = (each: Waiter) =>
                  each.state === "waiting" && (each.wants < 0 || each.wants === i);
                const first = everybody.findIndex(waits);
                assert(first < 0 || origin.inHand >= most, "a slot is free, and somebody waits");
                assert(first < 0 || newcomers[i]!.every((each) => each < first), "out of turn");
              });
            };
            for (const [what, which] of acts) {
              if (what === "ask") {
                const wants = which % 3 - 1;
                const cookie = wants < 0 ? [] : [`Cookie: C=${wants}`];
                const client = w.client().request(request(`/${everybody.length}`, null, ...cookie));
                everybody.push({ client, wants, state: "waiting" });
              } else if (what === "finish") {
                const origin = origins[which % 2]!;
                if (origin.inHand > 0) origin.finish();
              } else {
                const each = everybody[which % (everybody.length || 1)];
                if (each === undefined || each.client.responses.whole.length > 0) continue;
                each.client.reset();
                each.state = "gone";
              }
              look();
            }
            for (let i = 0; i < 200; i++) {
              const busy = origins.find(({ inHand }) => inHand > 0);
              if (busy === undefined) break;
              busy.finish();
              look();
            }
            assert(everybody.every(({ state }) => state !== "waiting"), "somebody was forgotten");
          },
        )();
      },
    ),
    { numRuns: 100 },
  ));
