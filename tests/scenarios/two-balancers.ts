/** Chapters 2 and 2.1: two balancers with one task. */
import { assert, assertEquals } from "@std/assert";
import { until } from "../until.ts";
import { withProxy } from "../binary.ts";
import { farm, lines, logged, type ScenarioTest, sections, startFarm } from "./fixture.ts";
import { open, valuesOf } from "./wire.ts";

export const twoBalancers: Readonly<Record<string, ScenarioTest>> = {
  async "high-availability"(fixture) {
    const { configuration, visit, last } = fixture;
    await startFarm(fixture);
    // Two processes, which know nothing of each other.
    const one = (name: string) => sections(configuration, (each) => each === name);
    await withProxy(one("LB2"), async () => {
      let session = "";
      let server = "";
      await withProxy(one("LB1"), async (lb1) => {
        for (let i = 0; i < 3; i++) await visit("/", [], { host: 3 });
        const login = await visit("/login", [], { host: 3 });
        server = login.server;
        session = login.setCookie[0]!.replace(/;.*/, "");
        assertEquals(session, `JSESSIONID=${server.at(-1)}~123`);
        lb1.signal("SIGTERM");
        await lb1.ended;
      });
      for (let i = 0; i < 5; i++) {
        const back = await visit("/", [`Cookie: ${session}`], { host: 4 });
        assertEquals([back.status, back.server], [200, server]);
        assertEquals(valuesOf(last(server), "Cookie"), ["JSESSIONID=123"]);
      }
    });
  },

  "behind-l4": farm(async ({ visit, address, last }, proxy) => {
    // A check that connects, on either balancer, and then somebody's request: one line.
    for (const host of [1, 2]) {
      const l4 = open({ host: address(host), port: 8080, localAddress: address(254) });
      await l4.until(() => l4.isOpen);
      l4.fin();
      await until(() => l4.hasEnded, "the end of a connection without a request");
      l4.close();
      const got = await visit("/login", [], { host, from: 90 + host });
      assertEquals(got.setCookie, [`JSESSIONID=${got.server.at(-1)}~123; Path=/shop`]);
      assertEquals(valuesOf(last(got.server), "X-Forwarded-For"), [address(90 + host)]);
      const from = RegExp.escape(address(90 + host));
      await logged(proxy, new RegExp(`^${from}:\\d+ .* webfarm webfarm/web. .* 200 .* --NR `));
    }

    // ScenarioTest of a request, and then silence for ever: one line, with its code.
    const hasty = open({ host: address(1), port: 8080, localAddress: address(98) });
    hasty.send("GET / HTTP/1.0\r\nHos");
    await until(() => hasty.isOpen && hasty.unsent === 0, "it to be sent");
    hasty.reset();
    await logged(proxy, / webfarm webfarm\/<NOSRV> .* 400 \d+ - - CR-- .* "<BADREQ>"$/);

    // MonitorReplies are told that the proxy lives: no server sees them, no line tells of them.
    const clean = last("webA");
    for (const from of [252, 253]) {
      const got = await visit("/check", [], { port: 8081, from });
      assertEquals(got.status, 200);
    }
    assertEquals(last("webA"), clean);
    assertEquals((await visit("/check", [], { port: 8081, from: 254 })).server, "webA");
    await logged(proxy, / monitored monitored\/webA2 /);

    for (const from of [252, 253]) {
      assertEquals(lines(proxy, new RegExp(`^${RegExp.escape(address(from))}:`)), []);
    }
    assert(lines(proxy, new RegExp(`^${RegExp.escape(address(254))}:`)).length === 1);
  }),
};
