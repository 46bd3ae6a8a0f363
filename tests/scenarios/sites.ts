/** Chapter 5: several sites. */
import { assert, assertEquals } from "@std/assert";
import { type Proxy, type RunOptions, withProxy } from "../binary.ts";
import { until } from "../until.ts";
import {
  type Fixture,
  logged,
  type ScenarioTest,
  sections,
  untilVisit,
  type Visit,
} from "./fixture.ts";
import { valuesOf } from "./wire.ts";

/** Starts W11 to W14 and W21 to W24, each with its check port. */
async function startServers({ origin }: Fixture): Promise<void> {
  for (const site of [1, 2]) {
    for (const n of [1, 2, 3, 4]) {
      const name = `W${site}${n}`;
      await origin(name, `${site}2.${n}`);
      await origin(name, `${site}2.${n}`, 8001);
    }
  }
}

const diana = ["Cookie: SITE=SITE1; JSESSIONID=W14~123"];

export const sites: Readonly<Record<string, ScenarioTest>> = {
  async "multi-site"(fixture) {
    await startServers(fixture);
    const { address, last } = fixture;
    const configuration = fixture.configuration.replaceAll("grace 20s", "grace 2s")
      .replaceAll("inter 1s", "inter 400ms").replaceAll("inter 2s", "inter 800ms");
    const visit = (who: string, host: string, fields: readonly string[] = [], uri = "/") =>
      fixture.visit(uri, fields, { host, from: who });
    const office = (n: number, fields?: readonly string[], uri?: string) =>
      visit(`4${n}.50`, `4${n}.1`, fields, uri);
    const site = ({ setCookie }: Visit) =>
      setCookie.map((each) => /^SITE=(SITE\d); path=\/$/.exec(each)?.[1]).find((s) => s);
    /** Runs some of the boxes as a process of their own. */
    const boxes = (
      names: RegExp,
      body: (proxy: Proxy) => Promise<void>,
      options: RunOptions = {},
    ) => withProxy(sections(configuration, (name) => names.test(name)), body, options);

    await boxes(/^(OP|SD2|S1L2|S2L)/, (rest) =>
      boxes(/^S1L1/, async (balancer) => {
        await boxes(/^SD1$/, async (director) => {
          const both = (proxy: Proxy, line: RegExp) => logged(proxy, line);
          await untilVisit(() => office(1), (v) => site(v) === "SITE1", "site 1 to be up");
          // The preference of each office, and of people at the sites.
          for (const [n, wanted] of [[1, "SITE1"], [2, "SITE1"], [3, "SITE2"]] as const) {
            const got = await untilVisit(
              () => office(n, [], "/login"),
              (v) => site(v) === wanted,
              `office ${n} at its site`,
            );
            assert(got.server.startsWith(`W${wanted.at(-1)}`), got.server);
            const session = got.setCookie.find((each) => each.startsWith("JSESSIONID="))!;
            assertEquals(session, `JSESSIONID=${got.server}~123; Path=/shop`);
          }
          for (const n of [1, 2]) {
            assertEquals(site(await visit(`${n}1.100`, `${n}1.1`)), `SITE${n}`);
          }
          // Two cookies, and each proxy takes its own.
          const known = await office(1, diana);
          assertEquals([known.server, known.setCookie], ["W14", []]);
          assertEquals(valuesOf(last("W14"), "Cookie"), ["JSESSIONID=123"]);
          assertEquals(valuesOf(last("W14"), "X-Forwarded-For"), [
            address("41.1"),
            address("11.1"),
          ]);
          await both(rest, / OP1 OP1\/SD1 /);
          await both(director, / SD1 SD1\/S1L1 /);

          // A soft-stop of S1L1: its check port goes at once, its service later.
          balancer.signal("SIGUSR1");
          await until(
            () => visit("11.100", "11.11").then(() => true, () => false),
            "S1L1 to serve on",
          );
          await logged(director, /^Server SD1\/S1L1 is DOWN, /).catch(() => {});
          const other = await untilVisit(
            () => office(1, diana, "/second"),
            () => / SD1 SD1\/S1L2 .*\/second /.test(director.stdout()),
            "the second balancer",
          );
          assertEquals([other.status, other.server], [200, "W14"]);
          assertEquals((await balancer.ended).status, 0);
          assertEquals((await office(1, diana)).server, "W14");
        });

        // Site 1 is out of the offices' reach; site 2's director still reaches its balancers.
        const detour = await untilVisit(
          () => office(1, diana, "/detour"),
          ({ server }) => server === "W14",
          "the way through site 2",
        );
        assertEquals(detour.setCookie, []);
        await logged(rest, / OP1 OP1\/SD2 .*\/detour /);
        await logged(rest, / SD2 SD2\/S1L2 .*\/detour /);
        const stranger = await office(1, [], "/login");
        assertEquals([stranger.server.slice(0, 2), site(stranger)], ["W2", "SITE2"]);

        // It is back: who belongs to it goes there, who has begun elsewhere ends there.
        await boxes(/^SD1$/, async () => {
          await untilVisit(() => office(1), (v) => site(v) === "SITE1", "office 1 to go home");
          assertEquals((await office(1, diana, "/home")).server, "W14");
          await logged(rest, / OP1 OP1\/SD1 .*\/home /);
          const cookies = [`Cookie: SITE=SITE2; JSESSIONID=${stranger.server}~123`];
          const settled = await office(1, cookies, "/settled");
          assertEquals([settled.server, settled.setCookie], [stranger.server, []]);
          await logged(rest, / OP1 OP1\/SD2 .*\/settled /);

          // The application fails at site 1: its director sends people to the other, and says so.
          for (const n of [1, 2, 3, 4]) await fixture.stop(`W1${n}`);
          const sent = await untilVisit(
            () => office(2, ["Cookie: SITE=SITE1"], "/sent"),
            ({ status }) => status === 200,
            "site 2",
          );
          assertEquals(site(sent), "SITE2");
        });
      }, { stderr: /^(\[WARNING\] .* Proxy S1L1(-check)? stopped .*\n){2}$/ }));
  },
};
