/**
 * The guide's configurations as they are written, each on its own addresses: chapters 1 to 4, 6 and
 * 7. Chapter 5 has a network of its own, in multi-site_test.ts.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { guide } from "../cli/guide.ts";
import { until } from "../until.ts";
import { type Box, type Network, networkTest } from "./network.ts";
import {
  type RunningProxy,
  startProxy,
  startVisitor,
  startWeb,
  type Visit,
  type Visitor,
} from "./people.ts";

/** The guide leaves the time-outs to the reader, of which it is warned, and logs nowhere. */
const complaints = /^(\S+ warning: (missing timeouts|.* it logs nowhere).*\n( .*\n|\n)*)*$/;

/** The guide's LAN of the first chapters, and what chapters 2.2 and 6 add to it. */
interface Lan {
  readonly balancer: Box;
  readonly webs: readonly Box[];
  /** Visits 192.168.1.1, from 192.168.1.100. */
  readonly client: Visitor;
  /** The same, on another port. */
  at(port: number): Visitor;
  /** From the network that 2.2 keeps for monitors. */
  monitor(port: number): Visitor;
}

async function inLan(network: Network, body: (lan: Lan) => Promise<void>): Promise<void> {
  const balancer = network.box("LB1", { lan: "192.168.1.1/24", hop: "10.1.2.1/16" });
  for (let i = 2; i <= 8; i++) balancer.shell(`ip address add 10.1.2.${i}/16 dev eth1`);
  const webs = ["A", "B", "C", "D"].map((letter, i) =>
    network.box(`web${letter}`, { lan: `192.168.1.${11 + i}/24` })
  );
  const farm = network.box("tse-farm", { lan: "192.168.1.10/24" });
  const far = network.box("far", { hop: "10.1.1.1/16" });
  far.shell("ip address add 10.1.1.2/16 dev eth0");
  await Promise.all([
    ...webs.map((web) => startWeb(web)),
    startWeb(farm, 3389, 1494, 5900, 1514),
    startWeb(far),
  ]);
  const host = "192.168.1.1";
  const box = network.box("client", { lan: "192.168.1.100/24" });
  const alteon = network.box("alteon", { lan: "192.168.1.252/24" });
  await body({
    balancer,
    webs,
    client: startVisitor(box, { host }),
    at: (port) => startVisitor(box, { host, port }),
    monitor: (port) => startVisitor(alteon, { host, port }),
  });
}

/** Runs one of the guide's configurations on LB1, and ends it. */
async function withGuide(
  { balancer }: Lan,
  name: string,
  body: (running: RunningProxy) => Promise<void>,
): Promise<void> {
  const running = await startProxy(balancer, guide[name]!, { stderr: complaints });
  await body(running);
  await running.stop();
}

const times = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => make(i)));

/** How many visits each server got. */
function shares(visits: readonly Visit[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { server } of visits) found[server] = (found[server] ?? 0) + 1;
  return found;
}

const letter = (server: string) => server.slice(-1);

/** The cookies with which a farm of `cookie SERVERID insert` welcomes strangers, and knows them. */
async function insertsCookies(client: Visitor): Promise<void> {
  for (const { server, setCookie } of await times(8, () => client.visit("/"))) {
    assertEquals(setCookie, [`SERVERID=${letter(server)}; path=/`]);
    const back = await client.visit("/", `Cookie: SERVERID=${letter(server)}`);
    assertEquals([back.server, back.setCookie, back.cookies], [server, [], []]);
  }
}

async function prefixesCookies(client: Visitor): Promise<void> {
  const login = await client.visit("/login");
  const name = letter(login.server);
  assertEquals(login.setCookie, [`JSESSIONID=${name}~123`]);
  assertEquals(login.forwardedFor, ["192.168.1.100"]);
  const back = await client.visit("/", `Cookie: JSESSIONID=${name}~123`);
  assertEquals([back.server, back.cookies], [login.server, ["JSESSIONID=123"]]);
}

async function chapters1to3(lan: Lan): Promise<void> {
  const { client } = lan;
  await withGuide(lan, "1 cookie insert", () => insertsCookies(client));
  await withGuide(lan, "1 balance source", async () => {
    const visits = await times(8, () => client.visit("/"));
    assertEquals(Object.keys(shares(visits)).length, 1, "one address, one server");
  });
  await withGuide(lan, "2 cookie prefix", () => prefixesCookies(client));
  await withGuide(lan, "2 weights", async () => {
    const visits = await times(76, () => client.visit("/"));
    assertEquals(shares(visits), { webA: 12, webB: 12, webC: 26, webD: 26 });
  });
  await withGuide(lan, "2.1 behind a layer 4 balancer", () => prefixesCookies(client));
  await withGuide(lan, "2.2 monitor-net", async () => {
    for (const port of [3389, 1494, 5900]) {
      const { server, peer } = await lan.at(port).visit("/");
      assertEquals([server, peer], ["tse-farm", "192.168.1.1"], `port ${port}`);
    }
    const turnedAway = await lan.monitor(3389).visit("/").catch(String);
    assertMatch(String(turnedAway), /closed|ended|reset/i);
  });
  await withGuide(lan, "2.2 ssl-hello-chk", async () => {
    // At 192.168.1.10 is a web server, and at 192.168.2.10 nothing: neither speaks TLS.
    const syslog = lan.at(1514);
    await until(() => syslog.visit("/").then(() => false, () => true), "both to be found out");
  });
  // It listens on 127.0.0.1:8000, for a front on the same machine.
  await withGuide(lan, "3 cookie insert nocache", async () => {
    await insertsCookies(startVisitor(lan.balancer, { host: "127.0.0.1", port: 8000 }));
  });
  await withGuide(lan, "3.1 behind stunnel", async () => {
    await insertsCookies(client);
    const local = startVisitor(lan.balancer, { host: "192.168.1.1" });
    const told = async (visitor: Visitor) => (await visitor.visit("/")).forwardedFor;
    assertEquals(await told(client), ["192.168.1.100"]);
    assertEquals(await told(local), [], "stunnel has told it already");
  });
}

async function chapter4(lan: Lan): Promise<void> {
  const { client, webs } = lan;
  await withGuide(lan, "4.1 soft stop by a file", () => insertsCookies(client));
  await withGuide(lan, "4.2 soft stop by backups", async () => {
    const strangers = () => times(8, () => client.visit("/"));
    // Port 81 answers nowhere: the first backup has all the strangers, the holders their own.
    await until(
      async () => Object.keys(shares(await strangers())).join() === "webA",
      "the backups",
    );
    const holder = await client.visit("/", "Cookie: SERVERID=C");
    assertEquals([holder.server, holder.setCookie], ["webC", []]);
    // The guide's forwarder opens port 81 of two of them.
    const forwarders = await Promise.all(
      webs.slice(1, 3).map((web) => startProxy(web, guide["4.2.1 check forwarder"]!)),
    );
    const both = async () => Object.keys(shares(await strangers())).sort().join() === "webB,webC";
    await until(both, "webB and webC", 15_000);
    // Soft stop of webB: it keeps its users, and gets no new ones.
    await forwarders[0]!.stop();
    const gone = async () => Object.keys(shares(await strangers())).join() === "webC";
    await until(gone, "webC alone", 15_000);
    assertEquals((await client.visit("/", "Cookie: SERVERID=B")).server, "webB");
    await forwarders[1]!.stop();
  });
}

/**
 * A source address has all of the machine's ports for each server: a port is chosen as a connection
 * is made, and not before. Here there are twenty, where there are 28,000 by default.
 */
async function manyFromEachSource({ balancer, client }: Lan): Promise<void> {
  balancer.shell("echo 40000 40019 >/proc/sys/net/ipv4/ip_local_port_range");
  const text = guide["6 source addresses"]!;
  const another = text.replaceAll("10.1.1.1:80", "10.1.1.2:80")
    .split("\n").filter((line) => line.includes("server ")).join("\n").replaceAll("to1 ", "to2 ");
  const running = await startProxy(balancer, text + another, { stderr: complaints });
  const visits = await times(320, () => client.visit("/slow/1500"));
  assertEquals(visits.filter(({ status }) => status === 200).length, 320);
  assertEquals(new Set(visits.map(({ peer }) => peer)).size, 8);
  await running.stop();
}

async function chapters6and7(lan: Lan): Promise<void> {
  const { client } = lan;
  await withGuide(lan, "6 source addresses", async () => {
    const peers: string[] = [];
    for (let i = 0; i < 16; i++) peers.push((await client.visit("/")).peer);
    const pool = Array.from({ length: 8 }, (_, i) => `10.1.2.${i + 1}`);
    const first = pool.indexOf(peers[0]!);
    assertEquals(peers, Array.from({ length: 16 }, (_, i) => pool[(first + i) % 8]));
  });
  await manyFromEachSource(lan);
  for (const name of ["7 maxconn", "7 minconn"]) {
    await withGuide(lan, name, async () => {
      const visits = await times(120, () => client.visit("/slow/20"));
      assert(visits.every(({ status }) => status === 200));
      assertEquals(Math.max(...visits.map(({ busy }) => busy)), 4, name);
      assertEquals(Object.keys(shares(visits)).sort(), ["webA", "webB", "webC"]);
    });
  }
}

networkTest(
  "the guide's chapters 1 to 3 as written, on their addresses",
  (network) => inLan(network, chapters1to3),
);
networkTest(
  "the guide's chapter 4 as written, on its addresses",
  (network) => inLan(network, chapter4),
);
networkTest(
  "the guide's chapters 6 and 7 as written, on their addresses",
  (network) => inLan(network, chapters6and7),
);
