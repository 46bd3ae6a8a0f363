/** Servers that follow their names (manual, chapter 5.3), by a DNS server of the test's. */
import { freshAddress } from "../binary.ts";
import { startDns } from "../dns/server.ts";
import type { Zone } from "../dns/zone.ts";
import { oracleStory, type Story } from "./story.ts";

/** The same addresses for both, since their order depends on them; the port is each one's own. */
const addresses = Array.from({ length: 4 }, freshAddress);
const [a, b, c, d] = addresses as [string, string, string, string];
const portOf = ({ kind }: Story) => kind === "haproxy" ? 8001 : 8002;

/** A section of short times; what silence costs is bounded by few tries. */
const section = (host: string, port: number) => [
  "resolvers dns",
  `  nameserver n1 ${host}:${port}`,
  "  timeout resolve 200ms",
  "  timeout retry 500ms",
  "  resolve_retries 2",
  "  hold nx 400ms",
  "  hold other 400ms",
  "  hold refused 400ms",
  "  hold timeout 400ms",
];

/** What the log says of names and of servers that come and go. */
const told = / changed its | resolves again|administratively READY|going DOWN for|no server avail/;

/** Declares a story with a DNS server, and with sites at all addresses, named by them. */
function namesStory(
  name: string,
  lines: (port: number) => string[],
  tell: (story: Story, zone: Zone) => Promise<unknown>,
): void {
  oracleStory(name, async (story) => {
    const { host, site, withProxy, said } = story;
    const port = portOf(story);
    const names = ["A", "B", "C", "D"];
    await Promise.all(names.map((name, i) => site(name, port, undefined, addresses[i]!)));
    const dns = await startDns(host, {});
    try {
      let outcome: unknown;
      const own = ["listen web", `  bind ${host}:20000`, ...lines(port)];
      await withProxy([...section(host, dns.port), ...own], async () => {
        outcome = await tell(story, dns.zone);
      });
      // Names apart from one another are resolved in no order.
      return [outcome, said(told).toSorted()];
    } finally {
      await dns.stop();
    }
  });
}

namesStory(
  "a server gets an address, another one, and loses it",
  (port) => [`  server s one.test:${port} resolvers dns init-addr none`],
  async ({ newcomers, visit, logged }, zone) => {
    const seen: unknown[] = [(await visit()).log];
    zone["one.test"] = [`A ${a}`];
    await logged("web/s administratively READY");
    seen.push(await newcomers());
    zone["one.test"] = [`A ${b}`];
    await logged(`to ${b} by dns/n1`);
    seen.push(await newcomers());
    zone["one.test"] = "nx";
    await logged("going DOWN for maintenance (DNS NX status)");
    seen.push((await visit()).log);
    zone["one.test"] = ["CNAME two.test"];
    zone["two.test"] = [`A ${c}`];
    await logged(`from (none) to ${c} by dns/n1`);
    seen.push(await newcomers());
    zone["one.test"] = "refused";
    await logged("going DOWN for maintenance (DNS refused status)");
    return seen;
  },
);

namesStory(
  "the servers of a template share the addresses of a name",
  (port) => [`  server-template t 3 all.test:${port} resolvers dns init-addr none`],
  async ({ newcomers, logged, said }, zone) => {
    const seen: unknown[] = [];
    zone["all.test"] = [`A ${a}`, `A ${b}`];
    await logged("web/t2 administratively READY");
    seen.push(await newcomers(), said(/ changed its IP/));
    zone["all.test"] = [d, c, b, a].map((each) => `A ${each}`);
    await logged("web/t3 administratively READY");
    seen.push(await newcomers(), said(/ changed its IP/));
    zone["all.test"] = [`A ${d}`];
    await logged("(No IP for server )");
    await logged("1 active and 0 backup servers left");
    seen.push(await newcomers());
    return seen;
  },
);

namesStory(
  "allow-dup-ip, resolve-net and resolve-prefer",
  (port) => [
    `  server-template t 2 one.test:${port} resolvers dns init-addr none resolve-opts allow-dup-ip`,
    `  server net net.test:${port} resolvers dns init-addr none resolve-net ${c}/32 ` +
    "resolve-prefer ipv4",
  ],
  async ({ newcomers, logged }, zone) => {
    zone["one.test"] = [`A ${a}`];
    zone["net.test"] = [d, c, b].map((each) => `A ${each}`);
    for (const name of ["t1", "t2", "net"]) await logged(`web/${name} administratively READY`);
    return await newcomers();
  },
);

namesStory(
  "the servers of a service: hosts, ports and weights",
  () => ["  server-template v 3 _http._tcp.test resolvers dns init-addr none"],
  async (story, zone) => {
    const { newcomers, logged, said } = story;
    const port = portOf(story);
    const seen: unknown[] = [];
    zone["a.test"] = [`A ${a}`];
    zone["b.test"] = [`A ${b}`];
    zone["c.test"] = [`A ${c}`];
    zone["_http._tcp.test"] = [`SRV 1 ${port} a.test`, `SRV 300 ${port} b.test`];
    for (const name of ["v1", "v2"]) await logged(`web/${name} administratively READY`);
    seen.push(await newcomers(), said(/ changed its FQDN/).toSorted());
    zone["_http._tcp.test"] = [`SRV 0 ${port} a.test`, `SRV 1 ${port} c.test`];
    await logged("(entry removed from SRV record)");
    await logged(`to ${c} by dns/n1`);
    await logged("c.test') is UP/READY");
    seen.push(await newcomers());
    return seen;
  },
);

oracleStory("servers where the client wanted to: '*', '' and 0.0.0.0", async (story) => {
  const { host, site, withProxy, newcomers, logged } = story;
  await site("here", 8001);
  const lines = [
    "listen web",
    `  bind ${host}:20000`,
    "  server star *:8001",
    "  server none :8001",
    "  server zero 0.0.0.0:8001",
    // Of checks the address is this machine's, where nobody listens.
    "  server checked 0.0.0.0:8001 check inter 100",
  ];
  let seen: unknown;
  await withProxy(lines, async () => {
    await logged("Server web/checked is DOWN");
    seen = await newcomers();
  });
  return [seen, story.events()];
});
