/** Health checks, and what the guide builds on them (chapters 2.2, 4.1, 4.2, 5). */
import { assert, assertEquals } from "@std/assert";
import { until } from "../until.ts";
import { oracleStory, type Says, type Site, type Story, type Visit } from "./story.ts";

/** Short intervals; what takes long on a busy machine is bounded by `timeout check`. */
const pace = "check inter 100 rise 2 fall 2";
const insert = "  cookie S insert indirect";

const show = ({ content, set, log }: Visit) => [content, set, log];

oracleStory("4.1, soft-stop by a file", async ({ host, site, withProxy, ...s }) => {
  const [s1] = await Promise.all([1, 2, 3].map((n) => site(`s${n}`, 8000 + n)));
  const seen: unknown[] = [];
  const lines = [
    "listen web",
    `  bind ${host}:20000`,
    insert,
    "  option httpchk HEAD /running HTTP/1.0",
    ...["A", "B", "C"].map((id, i) =>
      `  server s${i + 1} ${host}:${8001 + i} cookie ${id} ${pace}`
    ),
    "  option persist",
    "  option redispatch",
  ];
  await withProxy(lines, async () => {
    seen.push(await s.newcomers(), show(await s.visit("A")));
    s1!.healthy = false;
    await s.logged("Server web/s1 is DOWN");
    seen.push(await s.newcomers(), show(await s.visit("A")));
    await s1!.stop();
    const { content, set, log } = await s.visit("A");
    assertEquals(set, content === "s2" ? "S=B" : "S=C");
    seen.push(log.replace(`web/${content} `, "web/other "));
    seen.push(await s.newcomers(), show(await s.visit("B")));
    s1!.healthy = true;
    await s1!.listen();
    await s.logged("Server web/s1 is UP");
    seen.push(await s.newcomers(), show(await s.visit("A")));
  });
  assertEquals(s.events().length, 2);
  return [seen, s.events()];
});

for (const allbackups of [false, true]) {
  const name = `4.2, soft-stop by backups${allbackups ? ", allbackups" : ""}`;
  oracleStory(name, async ({ host, site, withProxy, ...s }) => {
    const a = await site("a", 8001);
    // What forwards port 81 answers as the server does.
    const checksOfA = await site("a", 8101);
    const b = await site("b", 8002);
    const checksOfB = await site("b", 8102);
    const seen: unknown[] = [];
    const server = (name: string, id: string, port: number, check: number, more = "") =>
      `  server ${name} ${host}:${port} cookie ${id} ${pace} port ${check}${more}`;
    const lines = [
      "listen web",
      `  bind ${host}:20000`,
      "  option redispatch",
      ...allbackups ? ["  option allbackups"] : [],
      insert,
      "  option httpchk HEAD / HTTP/1.0",
      server("webA", "A", 8001, 8101),
      server("webB", "B", 8002, 8102),
      server("bkpA", "A", 8001, 8001, " backup"),
      server("bkpB", "B", 8002, 8002, " backup"),
    ];
    await withProxy(lines, async () => {
      const look = async () => {
        seen.push(await s.newcomers(), show(await s.visit("A")), show(await s.visit("B")));
      };
      await look();
      await checksOfA.stop();
      await s.logged("Server web/webA is DOWN");
      await look();
      await a.stop();
      await s.logged("Server web/bkpA is DOWN");
      await look();
      await a.listen();
      await s.logged("Server web/bkpA is UP");
      await look();
      await checksOfB.stop();
      await s.logged("Server web/webB is DOWN");
      // On backup.
      seen.push(await s.newcomers(), (await s.visit("A")).content, (await s.visit("B")).content);
      await checksOfA.listen();
      await s.logged("Server web/webA is UP");
      await look();
      await b.stop();
      await s.logged("Server web/bkpB is DOWN");
      await look();
    });
    return [seen, s.events()];
  });
}

oracleStory("5, a shared cookie: its servers in order", async ({ host, site, withProxy, ...s }) => {
  const sites = new Map<string, Site>();
  for (const [i, name] of ["bkp", "one", "two"].entries()) {
    sites.set(name, await site(name, 8001 + i));
  }
  const seen: unknown[] = [];
  const lines = [
    "listen web",
    `  bind ${host}:20000`,
    insert,
    `  server bkp ${host}:8001 cookie A ${pace} backup`,
    `  server one ${host}:8002 cookie A ${pace}`,
    `  server two ${host}:8003 cookie A ${pace}`,
  ];
  await withProxy(lines, async () => {
    seen.push(show(await s.visit("A")));
    for (const name of ["bkp", "one"]) {
      await sites.get(name)!.stop();
      await s.logged(`Server web/${name} is DOWN`);
      seen.push(show(await s.visit("A")));
    }
    await sites.get("bkp")!.listen();
    await s.logged("Server web/bkp is UP");
    seen.push(show(await s.visit("A")));
  });
  return [seen, s.events()];
});

oracleStory("track", async ({ host, site, withProxy, ...s }) => {
  const one = await site("one", 8001);
  await site("two", 8002);
  const seen: unknown[] = [];
  const lines = [
    "listen web",
    `  bind ${host}:20000`,
    "  option redispatch",
    insert,
    `  server first ${host}:8001 cookie A track checked/one`,
    `  server second ${host}:8002 cookie B`,
    `  server third ${host}:8001 cookie C track first backup`,
    `  server out ${host}:8002 cookie D track checked/off`,
    "backend checked",
    `  server one ${host}:8001 ${pace}`,
    `  server off ${host}:8002 ${pace} disabled`,
  ];
  await withProxy(lines, async () => {
    const look = async () => {
      seen.push(await s.newcomers());
      for (const id of ["A", "B", "C", "D"]) {
        const { content, log } = await s.visit(id);
        // Who is balanced anew may find any.
        seen.push(log.includes("--DI") ? `${id} --DI` : [id, content, log]);
      }
    };
    await look();
    await one.stop();
    await s.logged("Server web/third is DOWN");
    await look();
    await one.listen();
    await s.logged("Server web/third is UP");
    await look();
  });
  return [seen, s.events()];
});

/** Says nothing, and takes everything. */
const mute: Says = () => null;
const hello = "\x16\x03\x03\0\x2a\x02\0\0\x26\x03\x03" + "r".repeat(36);
const tls: Readonly<Record<string, Says>> = {
  hello: () => hello,
  alert: () => "\x15\x03\x03\0\x02\x02\x28",
  http: () => "HTTP/1.1 400 Bad Request\r\n\r\n",
  mute,
  "other-record": () => "\x17\x03\x03\0\x02ab",
};

oracleStory("ssl-hello-chk", async ({ host, site, withProxy, ...s }) => {
  const names = Object.keys(tls);
  const sites = await Promise.all(names.map((name, i) => site(name, 8001 + i, tls[name])));
  const lines = names.flatMap((name, i) => [
    `listen ${name}`,
    `  bind ${host}:${20000 + i}`,
    "  mode tcp",
    "  option tcplog",
    "  option ssl-hello-chk",
    `  server s ${host}:${8001 + i} ${pace}`,
  ]);
  await withProxy(lines, async () => {
    for (const name of ["http", "mute", "other-record"]) await s.logged(`Server ${name}/s is DOWN`);
    await until(() => sites.every(({ visits }) => visits.length > 2), "three checks of each");
  });
  for (const { visits } of sites) assert(visits[0]!.received.startsWith("\x16\x03"));
  const events = s.events();
  assertEquals(events.filter((line) => / (hello|alert)/.test(line)), []);
  return events.sort();
});

/** A check of HTTP, and a PROXY header of either version, whole: they may come in any pieces. */
const whole = {
  http: (received: string) => /HEAD \S+ HTTP\/1\.0\r\n(.+\r\n)*\r\n$/.test(received),
  tcp: (received: string) =>
    received.startsWith("PROXY") ? received.endsWith("\r\n") : received.length >= 16 &&
      received.length >= 16 + received.charCodeAt(14) * 256 + received.charCodeAt(15),
};

/**
 * What checks bring to a server, ports of the kernel's choice aside. (Not from where: haproxy resets
 * its checks of TCP, and the system then forgets the address.)
 */
async function brought({ visits }: Site, host: string, kind: "http" | "tcp"): Promise<string> {
  const isWhole = ({ received }: Site["visits"][number]) => whole[kind](received);
  await until(() => visits.some(isWhole), "a check");
  const { received } = visits.find(isWhole)!;
  return received.replace(/^(PROXY \S+ \S+ \S+) \d+/, "$1 PORT").replaceAll(host, "HOST");
}

/** Server lines, and which of their options make a header. */
const proxied: readonly (readonly [options: string, header: boolean])[] = [
  ["send-proxy", true],
  ["send-proxy-v2", true],
  ["check-send-proxy", true],
  ["send-proxy-v2 check-send-proxy", true],
  ["send-proxy port PORT", false],
  ["send-proxy addr HOST", false],
  ["send-proxy-v2 port PORT check-send-proxy", true],
  ["send-proxy source 127.45.0.9", true],
];

/** Sites that hear checks of the lines: over HTTP, and of TCP alone where these send something. */
async function checkedBy(story: Story, kind: "http" | "tcp"): Promise<string[]> {
  const { host, site, withProxy } = story;
  const chosen = proxied.filter(([, header]) => header || kind === "http");
  const sites = await Promise.all(
    chosen.map((_, i) => kind === "http" ? site("s", 8001 + i) : site("s", 8001 + i, mute)),
  );
  const lines = [
    "listen web",
    `  bind ${host}:20000`,
    ...kind === "http" ? ["  option httpchk HEAD / HTTP/1.0"] : [],
    ...chosen.map(([options], i) => {
      const port = String(8001 + i);
      const own = options.replace("PORT", port).replace("HOST", host);
      return `  server s${i} ${host}:${port} ${pace} ${own}`;
    }),
  ];
  const seen: string[] = [];
  await withProxy(lines, async () => {
    for (const each of sites) seen.push(await brought(each, host, kind));
  });
  return seen;
}

oracleStory("HTTP checks with the PROXY header", (story) => checkedBy(story, "http"));
oracleStory("TCP checks with the PROXY header", (story) => checkedBy(story, "tcp"));

oracleStory("checks come from the source address", async ({ host, site, withProxy }) => {
  const sites = await Promise.all([1, 2].map((n) => site(`s${n}`, 8000 + n)));
  const lines = [
    "listen web",
    `  bind ${host}:20000`,
    "  option httpchk HEAD / HTTP/1.0",
    "  source 127.45.0.10",
    `  server s1 ${host}:8001 ${pace}`,
    `  server s2 ${host}:8002 ${pace} source 127.45.0.11`,
  ];
  await withProxy(
    lines,
    () => until(() => sites.every(({ visits }) => visits.length > 1), "two checks of each"),
  );
  const from = sites.map(({ visits }) => [...new Set(visits.map(({ from }) => from))]);
  assertEquals(from, [["127.45.0.10"], ["127.45.0.11"]]);
  return from;
});
