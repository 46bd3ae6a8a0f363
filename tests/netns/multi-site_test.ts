/**
 * The guide's chapter 5 in a network like its own (section 5.3): each box runs the guide's
 * configuration, on the guide's addresses, and the story is that of section 5.5.
 */
import { assert, assertEquals } from "@std/assert";
import { guide } from "../cli/guide.ts";
import { until } from "../until.ts";
import { type Network, networkTest } from "./network.ts";
import {
  type RunningProxy,
  startProxy,
  startStream,
  startVisitor,
  startWeb,
  type Visit,
  type Visitor,
} from "./people.ts";
import { buildSites, type Office, type Site } from "./sites.ts";

/** The guide's configurations, by the name of their box. */
function configurations(): Map<string, string> {
  const found = new Map<string, string>();
  for (const n of [1, 2]) {
    const balancer = guide[`5 balancer of site ${n}`]!;
    found.set(`S${n}L1`, balancer);
    // As the guide's comments say.
    found.set(`S${n}L2`, balancer.replaceAll(`10.${n}.1.11:`, `10.${n}.1.12:`));
    found.set(`SD${n}`, guide[`5 director of site ${n}`]!);
    for (const i of [1, 2, 3, 4]) found.set(`W${n}${i}`, guide["4.2.1 check forwarder"]!);
  }
  for (const n of [1, 2, 3]) found.set(`OP${n}`, guide[`5 office ${n}`]!);
  // OP1 is to notice that the WAN is dead, which at the guide's pace takes a minute and a half:
  // its checks come ten times as often. All the others run as they are written.
  found.set("OP1", found.get("OP1")!.replaceAll(/(inter \d+)0\b/g, "$1"));
  return found;
}

/** The guide's configurations have no time-outs but the forwarder's, of which it is warned. */
const complaints = /^$|^\S+ warning: missing timeouts [^]*$/;

/** The whole company, at work. */
interface Company {
  readonly sites: readonly Site[];
  readonly proxies: ReadonlyMap<string, RunningProxy>;
  /** A user, by the box he sits in. */
  readonly users: ReadonlyMap<string, Visitor>;
}

async function inCompany(
  network: Network,
  body: (company: Company) => Promise<void>,
): Promise<void> {
  const { sites, offices } = buildSites(network);
  const texts = configurations();
  const proxies = new Map<string, RunningProxy>();
  const start = (boxes: Site["webs"]) =>
    Promise.all(boxes.map(async (box) => {
      proxies.set(box.name, await startProxy(box, texts.get(box.name)!, { stderr: complaints }));
    }));
  const play = async () => {
    // From the back to the front, so that everybody's first check succeeds.
    await Promise.all(sites.flatMap(({ webs }) => webs.map((web) => startWeb(web))));
    await start(sites.flatMap(({ webs }) => webs));
    await start(sites.flatMap(({ balancers }) => balancers));
    await start(sites.map(({ director }) => director));
    await start(offices.map(({ proxy }) => proxy));
    const hosts = [
      ...sites.map(({ users, number }) => [users, `10.${number}.1.1`] as const),
      ...offices.map(({ users, number }: Office) => [users, `192.168.${number}.1`] as const),
    ];
    const users = new Map(hosts.map(([box, host]) => [box.name, startVisitor(box, { host })]));
    await body({ sites, proxies, users });
  };
  const stopAll = () => [...proxies.values()].map((running) => running.stop());
  try {
    await play();
  } catch (error) {
    await Promise.allSettled(stopAll());
    throw error;
  }
  await Promise.all(stopAll());
}

/** Visits until one gives what is wanted; visits in vain count as none. */
function visitUntil(
  visitor: Visitor,
  wanted: (visit: Visit) => boolean,
  what: string,
  ...request: [uri: string, ...fields: string[]]
): Promise<Visit> {
  let last: Visit | Error | undefined;
  return until(
    async () => {
      last = await visitor.visit(...request).catch((error: Error) => error);
      return !(last instanceof Error) && wanted(last) ? last : undefined;
    },
    () => `${what}; the last visit: ${last instanceof Error ? last : JSON.stringify(last)}`,
    40_000,
  );
}

const sorted = (values: Iterable<string>) => [...new Set(values)].sort();

/** Each office's and each site's users reach the nearer site, and all of its web servers. */
async function localPreference(users: Company["users"]): Promise<void> {
  const nearer = { "users-O1": 1, "users-O2": 1, "users-O3": 2, "users-S1": 1, "users-S2": 2 };
  for (const [box, site] of Object.entries(nearer)) {
    const visits = await Promise.all(Array.from({ length: 16 }, () => users.get(box)!.visit("/")));
    const servers = [1, 2, 3, 4].map((i) => `W${site}${i}`);
    assertEquals(sorted(visits.map(({ server }) => server)), servers, box);
    const cookies = sorted(visits.flatMap(({ setCookie }) => setCookie));
    assertEquals(cookies, [`SITE=SITE${site}; path=/`], box);
    const balancers = [`10.${site}.2.11`, `10.${site}.2.12`];
    assertEquals(sorted(visits.map(({ peer }) => peer)), balancers, box);
  }
}

/** Office 1 loses site 1 and gets it back. */
async function cutAndMend({ users, sites }: Company): Promise<void> {
  const office = users.get("users-O1")!;
  const { router } = sites[0]!;

  // Somebody works on W14.
  const login = await visitUntil(office, ({ server }) => server === "W14", "W14", "/login");
  assertEquals([...login.setCookie].sort(), ["JSESSIONID=W14~123", "SITE=SITE1; path=/"]);
  const session = "Cookie: SITE=SITE1; JSESSIONID=W14~123";
  const work = await office.visit("/", session);
  assertEquals([work.server, work.cookies], ["W14", ["JSESSIONID=123"]]);
  assertEquals(work.forwardedFor, ["192.168.1.1", "10.1.1.1"], "through SD1");
  assertEquals(work.setCookie, []);

  router.link("wan1", "down");
  // SD2 knows the cookie, and the dedicated link.
  const detour = await visitUntil(office, ({ status }) => status === 200, "a detour", "/", session);
  assertEquals([detour.server, detour.cookies], ["W14", ["JSESSIONID=123"]]);
  assertEquals(detour.forwardedFor, ["192.168.1.1", "10.2.1.1"], "through SD2");
  assertEquals([detour.setCookie, detour.peer], [[], "10.1.2.11"], "by S1L1, to whom it belongs");

  // Who comes now does not load the dedicated link.
  const newcomers = await Promise.all(Array.from({ length: 8 }, () => office.visit("/login")));
  for (const { server, setCookie } of newcomers) {
    assert(server.startsWith("W2"), server);
    assertEquals([...setCookie].sort(), [`JSESSIONID=${server}~123`, "SITE=SITE2; path=/"]);
  }

  router.link("wan1", "up");
  router.route("default", "172.16.1.1");
  const direct = ({ forwardedFor }: Visit) => forwardedFor[1] === "10.1.1.1";
  const home = await visitUntil(office, direct, "the way home", "/", session);
  assertEquals([home.server, home.setCookie], ["W14", []]);
  const next = await Promise.all(Array.from({ length: 8 }, () => office.visit("/")));
  assert(next.every(({ server }) => server.startsWith("W1")), "office 1 has gone home");
  // But nobody switches in the midst of a session.
  const [{ server }] = newcomers as [Visit];
  const stays = await office.visit("/", `Cookie: SITE=SITE2; JSESSIONID=${server}~123`);
  assertEquals([stays.server, stays.forwardedFor[1]], [server, "10.2.1.1"]);
}

const GRACE = 20_000; // ms, as the guide has it

/** S2L1 is stopped softly, and nobody notices. */
async function maintenance({ users, sites, proxies }: Company): Promise<void> {
  const { users: box } = sites[1]!;
  const visitor = users.get("users-S2")!;
  const [port80, port81] = [80, 81].map((port) =>
    startVisitor(box, { host: "10.2.1.11", port, timeout: GRACE + 10_000 })
  ) as [Visitor, Visitor];
  assertEquals((await port81.visit("/")).status, 200, "a check reaches the web servers");
  const streams = [
    startStream(visitor, 25),
    startStream(visitor, 50, "Cookie: SITE=SITE2; JSESSIONID=W23~7"),
  ];
  const lasting = port80.visit(`/slow/${GRACE + 2000}`);
  lasting.catch(() => {}); // it is awaited below, which the test may not come to
  await until(async () => (await port80.visit("/")).status === 200, "S2L1");

  const { proxy } = proxies.get("S2L1")!;
  const start = performance.now();
  const since = () => performance.now() - start;
  proxy.signal("SIGUSR1");
  await until(
    () => port81.visit("/").then(() => false, ({ message }) => /REFUSED/.test(message)),
    "the end of port 81",
  );
  assert(since() < 2000, "port 81 ends at once");
  assertEquals((await port80.visit("/")).status, 200, "port 80 goes on");
  assertEquals((await lasting).status, 200, "a session lasts longer than the grace time");
  const { status } = await proxy.ended;
  assertEquals(status, 0);
  assert(since() > GRACE, `it ended after ${since()} ms`);

  const [newcomers, holders] = await Promise.all(streams.map((each) => each.stop()));
  const lost = [...newcomers!, ...holders!].filter(({ result }) =>
    result instanceof Error || result.status !== 200
  );
  assertEquals(lost, [], "no request is lost");
  // Three failed checks, 4 s apart, the first within 4 s; two seconds more for a busy machine.
  const noticed = start + 14_000;
  for (const { at, result } of [...newcomers!, ...holders!]) {
    if (at > noticed) assertEquals((result as Visit).peer, "10.2.2.12", "S2L2 alone is used");
  }
  // Up to then the cookie leads to S2L1, which serves: the first that matches. And afterwards the
  // other one reads the same cookie.
  const before = holders!.filter(({ at }) => at < start + 4000);
  assertEquals(sorted(before.map(({ result }) => (result as Visit).peer)), ["10.2.2.11"]);
  assertEquals(sorted(holders!.map(({ result }) => (result as Visit).server)), ["W23"]);
}

networkTest(
  "multi-site: local preference, a dead WAN, a balancer's soft-stop",
  (network) =>
    inCompany(network, async (company) => {
      await localPreference(company.users);
      await Promise.all([cutAndMend(company), maintenance(company)]);
    }),
);
