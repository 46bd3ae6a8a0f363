/**
 * High availability (the guide's chapter 2): two balancers, one address, which Debian's keepalived
 * moves from one to the other. A user asks all the time; what he lost is counted, and printed.
 */
import { assert, assertEquals } from "@std/assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { inFolder } from "../binary.ts";
import { guide } from "../cli/guide.ts";
import { missingOf } from "../programs.ts";
import { until } from "../until.ts";
import { type House, houseObstacle, settle } from "./house.ts";
import { type Network, networkTest } from "./network.ts";
import { type Attempt, startStream, startVisitor, startWeb } from "./people.ts";

const ADDRESS = "192.168.1.1";
const root = join(import.meta.dirname!, "../..");
const binary = process.env["SLUICE_BINARY"] ?? join(root, "dist/sluice");
const shipped = join(root, "scenarios/high-availability.keepalived.conf");

/** keepalived's configuration as it is shipped, and with the changes for LB2 that it names. */
function keepalivedFile(balancer: "LB1" | "LB2"): string {
  const text = readFileSync(shipped, "utf8");
  if (balancer === "LB1") return text;
  return text.replace(/\b(state +)MASTER( +# LB2: )BACKUP/, "$1BACKUP$2")
    .replace(/\b(priority +)101( +# LB2: )100/, "$1100$2");
}

/** The guide's configuration. LB2 has no leave to listen on an address that is not its own. */
function proxyFile(balancer: "LB1" | "LB2"): string {
  const text = guide["2 cookie prefix"]!;
  if (balancer === "LB1") return text;
  return text.replace(` ${ADDRESS}:80\n`, `\n   bind ${ADDRESS}:80 transparent\n`);
}

interface Balancer {
  readonly house: House;
  /** Whether the address is here. */
  holds(): boolean;
  /** Starts the proxy: as a daemon, or in the foreground of its terminal. */
  start(how: "-D" | "-db"): Promise<void>;
  kill(): void;
}

async function startBalancer(
  network: Network,
  name: "LB1" | "LB2",
  own: string,
  folder: string,
): Promise<Balancer> {
  const box = network.box(name, { lan: own });
  const house = await settle(box);
  if (name === "LB1") box.shell("echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind");
  const [proxy, keepalived] = [join(folder, `${name}.cfg`), join(folder, `${name}.conf`)];
  writeFileSync(proxy, proxyFile(name));
  writeFileSync(keepalived, keepalivedFile(name));
  const found = () => house.run("killall", "-0", "sluice").status === 0;
  const balancer: Balancer = {
    house,
    holds: () => house.run("ip", "-4", "address", "show").output.includes(` ${ADDRESS}/`),
    async start(how) {
      const words = [binary, how, "-f", proxy, "-p", "/run/sluice.pid"] as const;
      if (how === "-db") house.spawn(...words);
      else {
        const { status, output } = house.run(...words);
        assertEquals(status, 0, output);
      }
      await until(found, `killall to find the sluice of ${name}`);
    },
    kill: () => void assertEquals(house.run("killall", "-KILL", "sluice").status, 0),
  };
  await balancer.start("-D");
  const words = ["--dont-fork", "--log-console", "--log-detail", "--vrrp", "-f", keepalived];
  const child = house.spawn("keepalived", ...words);
  let said = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (text) => said += text);
  child.on("exit", (status) => {
    if (status !== null) process.stderr.write(`keepalived of ${name} ended:\n${said}\n`);
  });
  return balancer;
}

/** What was lost of the visits that began in a span of time. */
function lossOf(attempts: readonly Attempt[], from: number, to: number) {
  const all = attempts.filter(({ at }) => at >= from && at < to);
  const good = all.filter(({ result }) => !(result instanceof Error) && result.status === 200);
  let gap = 0;
  [from, ...good.map(({ at }) => at)].reduce((last, at) => {
    gap = Math.max(gap, at - last);
    return at;
  });
  const reasons = all.filter((each) => !good.includes(each))
    .map(({ result }) => result instanceof Error ? result.message : `${result.status}`);
  return { visits: all.length, lost: all.length - good.length, gap, reasons: new Set(reasons) };
}

async function play(network: Network, folder: string): Promise<void> {
  const webs = ["A", "B", "C", "D"].map((letter, i) =>
    network.box(`web${letter}`, { lan: `192.168.1.${11 + i}/24` })
  );
  await Promise.all(webs.map((web) => startWeb(web)));
  const [one, two] = await Promise.all([
    startBalancer(network, "LB1", "192.168.1.3/24", folder),
    startBalancer(network, "LB2", "192.168.1.4/24", folder),
  ]);
  const client = network.box("client", { lan: "192.168.1.100/24" });
  const visitor = startVisitor(client, { host: ADDRESS, timeout: 1000 });
  const served = () => visitor.visit("/").then(({ status }) => status === 200, () => false);

  /** Waits until a balancer, and it alone, has the address. */
  const moved = (to: Balancer, from: Balancer) =>
    until(
      async () => to.holds() && !from.holds() && await served(),
      () => `the address to be with ${to.house.box.name}`,
      20_000,
    );
  await moved(one, two);

  // A user with a session on webC, and one who never accepts a cookie.
  const users = [
    startStream(visitor, 20, "Cookie: JSESSIONID=C~77"),
    startStream(visitor, 20),
  ];
  const events: { what: string; at: number }[] = [];
  const event = async (what: string, act: () => void | Promise<void>, ...to: Balancer[]) => {
    events.push({ what, at: performance.now() });
    await act();
    await moved(to[0]!, to[1]!);
    for (let i = 0; i < 50; i++) assert(await served(), `${what}: the address stays there`);
  };
  await event("LB1's sluice is killed", () => one.kill(), two, one);
  await event("LB1's sluice is started again", () => one.start("-db"), one, two);
  await event("LB1's link goes down", () => one.house.box.link("eth0", "down"), two, one);
  await event("LB1's link comes back", () => one.house.box.link("eth0", "up"), one, two);
  const [holder, stranger] = await Promise.all(users.map((user) => user.stop()));
  const attempts = [...holder!, ...stranger!].sort((a, b) => a.at - b.at);

  const lines = events.map(({ what, at }, i) => {
    const { visits, lost, gap, reasons } = lossOf(attempts, at, events[i + 1]?.at ?? Infinity);
    const seconds = (gap / 1000).toFixed(1);
    const why = lost === 0 ? "" : ` (${[...reasons].join(", ")})`;
    return { gap, text: `${what}: ${lost} of ${visits} visits lost, ${seconds} s without${why}` };
  });
  process.stdout.write(`${lines.map(({ text }) => text).join("\n")}\n`);
  for (const { gap, text } of lines) assert(gap < 10_000, text);
  // Who is served is served by his own server, whoever has the address.
  for (const { result } of holder!) {
    if (result instanceof Error || result.status !== 200) continue;
    assertEquals([result.server, result.cookies], ["webC", ["JSESSIONID=77"]]);
  }
  const servers = new Set(
    stranger!.map(({ result }) => result instanceof Error ? "" : result.server),
  );
  for (const web of webs) assert(servers.has(web.name), web.name);
}

networkTest(
  "high availability: keepalived moves the address, and sessions go on",
  (network) => inFolder((folder) => play(network, folder)),
  missingOf({
    keepalived: "keepalived",
    killall: "psmisc",
    nsenter: "util-linux",
    unshare: "util-linux",
  }) ?? houseObstacle(),
);
