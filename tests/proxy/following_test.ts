/** Servers that follow their names, by a DNS server on the memory network. */
import { assert, assertEquals } from "@std/assert";
import { request } from "#src/simulate/message.ts";
import { test } from "../testing.ts";
import { readQuery, respond, type ResponseOptions, type Zone } from "../dns/zone.ts";
import { type ProxyInput, type Scene, scene, type SceneOptions, web } from "./harness.ts";

type ServerInput = NonNullable<ProxyInput["servers"]>[number];

/** A name server at 10.0.0.53 that knows `zone`. */
function serve(w: Scene, zone: Zone, options: ResponseOptions = {}): void {
  const at = { kind: "ip", host: "10.0.0.53", port: 53 } as const;
  w.network.receiveDatagrams(at, (bytes, answer) => {
    const response = respond(zone, bytes, options);
    if (response !== null) answer(response);
  });
}

const nameservers = [{ name: "n1", address: { host: "10.0.0.53", port: 53 } }];
const holds = { holdNx: 500, holdOther: 500, holdRefused: 500, holdTimeout: 500 };
const section = { name: "r", nameservers, timeoutResolve: 100, timeoutRetry: 50, ...holds };
const options: SceneOptions = { sections: { resolvers: [section] } };

const named = (name: string, host: string, more: Partial<ServerInput> = {}): ServerInput => ({
  name,
  address: { kind: "ip", host, port: 80 },
  resolvers: "r",
  ...more,
});
const service = (name: string, more: Partial<ServerInput> = {}): ServerInput => ({
  name,
  address: { kind: "ip", host: "_http._tcp.test", port: null },
  resolvers: "r",
  ...more,
});

/** What the log said since it was last asked. */
const said = (w: Scene) => w.events.splice(0).map(({ level, text }) => `${level} ${text}`);
const plain = (w: Scene) => said(w).map((line) => line.replace(/ \d+ active and .*$/, ""));
const content = (w: Scene, path = "/") => {
  const client = w.client().request(request(path, null));
  w.run();
  const whole = client.responses.whole[0]?.content;
  client.close();
  w.run();
  return whole;
};

test(
  "a server without an address is down until its name has one, and then follows it",
  scene(web({ servers: [named("s1", "a.test")] }), (w) => {
    w.origin("s1");
    w.origin("s2");
    const zone: Zone = {};
    serve(w, zone);
    w.advance(10);
    assertEquals([...w.instance.servers()].map(({ up }) => up), [true]);
    assert(content(w)!.startsWith("<html><body><h1>503"), "no server");
    assertEquals(said(w), []);
    zone["a.test"] = ["A 10.0.1.1"];
    w.advance(400);
    assertEquals(said(w), [
      "notice web/s1 changed its IP from (none) to 10.0.1.1 by r/n1.",
      "notice Server web/s1 ('a.test') is UP/READY (resolves again).",
      "notice Server web/s1 administratively READY thanks to valid DNS answer.",
    ]);
    assertEquals(content(w), "s1");
    zone["a.test"] = ["A 10.0.1.2"];
    w.advance(200);
    assertEquals(said(w), ["notice web/s1 changed its IP from 10.0.1.1 to 10.0.1.2 by r/n1."]);
    assertEquals(content(w), "s2", "no idle connection to the old address is used");
  }, options),
);

for (
  const [what, reason] of [
    ["nx", "DNS NX status"],
    ["refused", "DNS refused status"],
    ["drop", "DNS timeout status"],
    ["servfail", "unspecified DNS error"],
  ] as const
) {
  test(
    `${what}: the address is kept for the hold time, and then it is lost`,
    scene(web({ servers: [named("s1", "a.test")] }), (w) => {
      w.origin("s1");
      const zone: Zone = { "a.test": ["A 10.0.1.1"] };
      serve(w, zone);
      w.advance(20);
      said(w);
      zone["a.test"] = what;
      w.advance(400);
      assertEquals([said(w), content(w)], [[], "s1"]);
      w.advance(500);
      assertEquals(said(w), [
        `alert Server web/s1 is going DOWN for maintenance (${reason}). ` +
        "0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
        "emerg proxy web has no server available!",
      ]);
      zone["a.test"] = ["A 10.0.1.1"];
      w.advance(400);
      assertEquals(plain(w)[0], "notice web/s1 changed its IP from (none) to 10.0.1.1 by r/n1.");
      assertEquals(content(w), "s1");
    }, options),
  );
}

test(
  "the first address of the start holds until the name is resolved",
  scene(web({ servers: [named("s1", "a.test")] }), (w) => {
    w.origin("s1");
    serve(w, { "a.test": ["A 10.0.1.1"] });
    assertEquals(content(w), "s1");
    w.advance(300);
    assertEquals(said(w), []);
  }, { ...options, addresses: new Map([["web/s1", "10.0.1.1"]]) }),
);

const three = [1, 2, 3].map((n) => named(`s${n}`, "a.test"));

test(
  "servers of one name share its addresses; who has none is down",
  scene(web({ servers: three }), (w) => {
    for (const name of ["s1", "s2", "s3"]) w.origin(name);
    const zone: Zone = { "a.test": ["A 10.0.1.1", "A 10.0.1.2"] };
    serve(w, zone);
    w.advance(50);
    const lines = plain(w).filter((line) => line.includes("changed its IP"));
    assertEquals(lines.length, 2);
    assert(lines[0]!.endsWith(" by r/n1.") && lines[1]!.endsWith(" by DNS cache."), lines[1]);
    assertEquals([content(w), content(w)].toSorted(), ["s1", "s2"]);
    zone["a.test"] = ["A 10.0.1.3", "A 10.0.1.1", "A 10.0.1.2"];
    w.advance(150);
    assertEquals(plain(w), [
      "notice web/s3 changed its IP from (none) to 10.0.1.3 by DNS cache.",
      "notice Server web/s3 ('a.test') is UP/READY (resolves again).",
      "notice Server web/s3 administratively READY thanks to valid DNS answer.",
    ]);
    zone["a.test"] = ["A 10.0.1.3"];
    w.advance(150);
    assertEquals(
      plain(w).map((line) => line.replace(/s[12] /, "s? ")),
      new Array(2).fill(
        "alert Server web/s? is going DOWN for maintenance (No IP for server ).",
      ),
    );
    assertEquals(new Set([content(w), content(w)]), new Set(["s3"]));
  }, options),
);

test(
  "allow-dup-ip: all of them have the only address",
  scene(
    web({ servers: three.map((each) => ({ ...each, resolveOpts: ["allow-dup-ip"] })) }),
    (w) => {
      w.origin("s1");
      serve(w, { "a.test": ["A 10.0.1.1"] });
      w.advance(50);
      assertEquals(plain(w).filter((line) => line.includes("to 10.0.1.1")).length, 3);
    },
    options,
  ),
);

test(
  "resolve-prefer and resolve-net choose among the addresses",
  scene(
    web({
      servers: [
        named("s1", "a.test"),
        named("s2", "b.test", { resolvePrefer: "ipv4", resolveNet: ["10.0.1.0/24"] }),
        named("s3", "c.test"),
      ],
    }),
    (w) => {
      serve(w, {
        "a.test": ["A 10.0.1.1", "AAAA 2001:db8::1"],
        "b.test": ["A 192.0.2.1", "A 10.0.1.2", "A 192.0.2.2", "AAAA ::1"],
        "c.test": ["CNAME d.test"],
        "d.test": ["A 10.0.1.4"],
      });
      w.advance(50);
      assertEquals(plain(w).filter((line) => line.includes("changed its IP")).toSorted(), [
        "notice web/s1 changed its IP from (none) to 2001:db8::1 by r/n1.",
        "notice web/s2 changed its IP from (none) to 10.0.1.2 by r/n1.",
        "notice web/s3 changed its IP from (none) to 10.0.1.4 by r/n1.",
      ]);
    },
    options,
  ),
);

test(
  "hold obsolete: an address stays while some answers leave it out",
  scene(web({ servers: [named("s1", "a.test")] }), (w) => {
    w.origin("s1");
    const zone: Zone = { "a.test": ["A 10.0.1.1"] };
    serve(w, zone);
    w.advance(50);
    said(w);
    zone["a.test"] = ["A 10.0.1.2"];
    w.advance(250);
    zone["a.test"] = ["A 10.0.1.1"];
    w.advance(500);
    assertEquals(said(w), []);
  }, { sections: { resolvers: [{ ...section, holdObsolete: 400 }] } }),
);

test(
  "a server with checks: they pause without an address, and begin anew with the next one",
  scene(web({ servers: [named("s1", "a.test", { check: true, inter: 100, fall: 2 })] }), (w) => {
    const origin = w.origin("s1");
    const zone: Zone = { "a.test": "nx" };
    serve(w, zone);
    w.advance(1000);
    assertEquals(said(w), []);
    zone["a.test"] = ["A 10.0.1.1"];
    w.advance(500);
    assertEquals(
      plain(w).at(-1),
      "notice Server web/s1 administratively READY thanks to valid DNS answer.",
    );
    assertEquals(content(w), "s1");
    origin.kill();
    w.advance(500);
    assert(plain(w)[0]!.startsWith("alert Server web/s1 is DOWN, reason: Layer4 connection"), "");
    zone["a.test"] = "nx";
    w.advance(1000);
    assertEquals(plain(w), [
      "notice Server web/s1 was DOWN and now enters maintenance (DNS NX status).",
    ]);
    w.origin("s2");
    zone["a.test"] = ["A 10.0.1.2"];
    w.advance(500);
    assertEquals(content(w), "s2");
  }, options),
);

const services = [1, 2, 3].map((n) => service(`s${n}`));

test(
  "a service: hosts, ports and weights by SRV, the hosts' addresses followed in their turn",
  scene(web({ servers: services }), (w) => {
    for (const name of ["s1", "s2", "s3"]) w.origin(name);
    const zone: Zone = {
      "_http._tcp.test": ["SRV 100 80 x.test", "SRV 600 80 y.test"],
      "x.test": ["A 10.0.1.1"],
      "y.test": ["A 10.0.1.2"],
    };
    serve(w, zone);
    w.advance(60);
    const lines = plain(w);
    assertEquals(lines.slice(0, 2).map((line) => line.replace(/s\d/, "s?").replace(/[xy]/, "?")), [
      "notice web/s? changed its FQDN from (null) to ?.test by 'SRV record'",
      "notice web/s? changed its FQDN from (null) to ?.test by 'SRV record'",
    ]);
    const ofX = /web\/(s\d) changed its FQDN from \(null\) to x.test/.exec(lines.join())?.[1];
    assert(lines.includes(`notice web/${ofX} changed its IP from (none) to 10.0.1.1 by r/n1.`));
    // 100 and 600 of 65535 are 1 and 3 of 256.
    const served = Array.from({ length: 8 }, () => content(w));
    assertEquals(served.filter((each) => each === "s1").length, 2);
    assertEquals(served.filter((each) => each === "s2").length, 6);
    zone["_http._tcp.test"] = ["SRV 0 80 x.test", "SRV 600 80 y.test", "SRV 1 80 z.test"];
    zone["z.test"] = ["A 10.0.1.3"];
    w.advance(250);
    assert(plain(w).includes("notice web/s3 changed its IP from (none) to 10.0.1.3 by r/n1."));
    const after = Array.from({ length: 8 }, () => content(w));
    assertEquals(new Set(after), new Set(["s2", "s3"]), "weight 0 takes nothing new");
    zone["_http._tcp.test"] = ["SRV 1 80 z.test"];
    w.advance(250);
    assertEquals(
      plain(w).map((line) => line.replace(/s[12] /, "s? ")),
      new Array(2).fill(
        "alert Server web/s? is going DOWN for maintenance (entry removed from SRV record).",
      ),
    );
    assertEquals(new Set([content(w), content(w)]), new Set(["s3"]));
    zone["_http._tcp.test"] = ["SRV 1 80 x.test"];
    w.advance(250);
    assertEquals(content(w), "s1");
  }, options),
);

test(
  "a service whose hosts' addresses come with it asks for no other name",
  scene(web({ servers: services.slice(0, 1) }), (w) => {
    w.origin("s1");
    const asked = new Set<string>();
    const zone: Zone = { "_http._tcp.test": ["SRV 1 80 x.test"], "x.test": ["A 10.0.1.1"] };
    const at = { kind: "ip", host: "10.0.0.53", port: 53 } as const;
    w.network.receiveDatagrams(at, (bytes, answer) => {
      asked.add(new TextDecoder().decode(bytes.subarray(13, 14)));
      answer(respond(zone, bytes, { additional: true })!);
    });
    w.advance(350);
    assertEquals([...asked], ["_"]);
    assertEquals(plain(w), [
      "notice web/s1 changed its IP from (none) to 10.0.1.1 by DNS additional record.",
      "notice web/s1 changed its FQDN from (null) to x.test by 'SRV record'",
      "notice Server web/s1 ('x.test') is UP/READY (resolves again).",
      "notice Server web/s1 administratively READY thanks to valid DNS answer.",
    ]);
    assertEquals(content(w), "s1");
  }, options),
);

test(
  "a service on two ports of one host; when it is gone, all its servers are",
  scene(
    web({ servers: services.map((each) => ({ ...each, resolveOpts: ["ignore-weight"] })) }),
    (w) => {
      w.origin("s1");
      const zone: Zone = {
        "_http._tcp.test": ["SRV 0 80 x.test", "SRV 0 81 x.test"],
        "x.test": ["A 10.0.1.1"],
      };
      serve(w, zone, { additional: true });
      w.advance(250);
      const lines = plain(w);
      assertEquals(lines.filter((line) => line.includes("changed its IP")).length, 2, lines.join());
      delete zone["_http._tcp.test"];
      w.advance(1000);
      assertEquals(
        plain(w).filter((line) => line.includes("entry removed from SRV record")).length,
        2,
      );
    },
    options,
  ),
);

test(
  "a server that tracks one without an address is down with it",
  scene(
    [
      web({
        servers: [named("s1", "a.test", { check: true }), {
          ...named("s2", "10.0.1.2"),
          track: "s1",
        }],
      }),
    ],
    (w) => {
      w.origin("s1");
      w.origin("s2");
      const zone: Zone = {};
      serve(w, zone);
      assert(content(w)!.includes("503"));
      zone["a.test"] = ["A 10.0.1.1"];
      w.advance(400);
      assertEquals(new Set([content(w), content(w)]), new Set(["s1", "s2"]));
      zone["a.test"] = "nx";
      w.advance(1000);
      assert(content(w)!.includes("503"));
    },
    options,
  ),
);

for (const additional of [false, true]) {
  test(
    `dns-accept-family ipv4: no address of IPv6 is asked for or taken, additional: ${additional}`,
    scene(web({ servers: [named("s1", "a.test"), service("s2")] }), (w) => {
      const asked = new Set<string>();
      const zone: Zone = {
        "a.test": ["AAAA ::1", "A 10.0.1.1"],
        "b.test": ["AAAA ::2", "A 10.0.1.2"],
        "_http._tcp.test": ["SRV 1 80 b.test"],
      };
      const at = { kind: "ip", host: "10.0.0.53", port: 53 } as const;
      w.network.receiveDatagrams(at, (bytes, answer) => {
        asked.add(readQuery(bytes).type);
        answer(respond(zone, bytes, { additional })!);
      });
      w.advance(250);
      assertEquals(plain(w).filter((line) => line.includes("changed its IP")).toSorted(), [
        "notice web/s1 changed its IP from (none) to 10.0.1.1 by r/n1.",
        "notice web/s2 changed its IP from (none) to 10.0.1.2 by r/n1.",
      ]);
      assertEquals(asked, new Set(["A", "SRV"]));
    }, { ...options, global: { dnsAcceptFamily: "ipv4" } }),
  );
}
