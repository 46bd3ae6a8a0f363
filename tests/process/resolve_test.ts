import { assert, assertEquals, assertRejects } from "@std/assert";
import { isIP } from "node:net";
import { loadConfiguration } from "#src/config/load.ts";
import { ResolveError, resolveNames, type ResolveOptions } from "#src/process/resolve.ts";
import { test } from "../testing.ts";

function configuration(...lines: string[]) {
  const text = ["listen web", "  mode tcp", "  bind :8000", ...lines].join("\n");
  const { configuration } = loadConfiguration([{ name: "x.cfg", text }], {});
  assert(configuration !== null);
  return configuration;
}
const resolve = (lines: string[], options: ResolveOptions = {}) =>
  resolveNames(configuration(...lines), options);

/** There is no resolv.conf. */
const none: ResolveOptions = { resolvConf: () => null };

// RFC 6761: nobody has a name under .invalid.
const nowhere = "no-such.invalid";

test("names of listeners and of dispatch become addresses, and nothing else changes", async () => {
  for (const line of ["  bind localhost:81", "  dispatch localhost:81"]) {
    const { configuration: resolved } = await resolve([line], none);
    const [proxy] = resolved.proxies;
    const address = proxy!.bind[1]?.address ?? proxy!.dispatch;
    assert(address?.kind === "ip" && isIP(address.host) !== 0);
    const host = address.host.includes(":") ? `[${address.host}]` : address.host;
    assertEquals(resolved, configuration(line.replace("localhost", host)));
  }
});

test("what is in files stays as it is", async () => {
  const files = new Map([["/503.http", new Uint8Array([1, 2])]]);
  const { configuration: resolved } = await resolveNames({ ...configuration(), files }, none);
  assertEquals(resolved.files, files);
});

test("names of servers stay, and their addresses come with them", async () => {
  const lines = [
    "  server a localhost:80 check inter 5s",
    "  server b 192.0.2.1:80",
    "  server c /x",
  ];
  const { configuration: resolved, addresses, warnings } = await resolve(lines, none);
  assertEquals(resolved, configuration(...lines));
  assertEquals([...addresses.keys()], ["web/a"]);
  assert(isIP(addresses.get("web/a")!) !== 0);
  assertEquals(warnings, []);
});

test("a name of one family alone", async () => {
  const { addresses } = await resolve(["  server a ipv4@localhost:80"]);
  assertEquals(addresses.get("web/a"), "127.0.0.1");
});

test("all names without an address are errors that say whose they are", async () => {
  const lines = [
    "  server a 192.0.2.1:80",
    `  server b ${nowhere}:80`,
    `  server c ${nowhere}:80 init-addr last,libc`,
    "  server d localhost:80 init-addr last",
    `  bind ${nowhere}:81`,
    `  server e 192.0.2.1:80 addr 192.0.2.2`,
  ];
  const error = await assertRejects(() => resolve(lines), ResolveError);
  assertEquals(error.message.split("\n").toSorted(), [
    `proxy 'web', bind: could not resolve the address '${nowhere}'`,
    `proxy 'web', server 'b': could not resolve the address '${nowhere}'`,
    `proxy 'web', server 'c': could not resolve the address '${nowhere}'`,
    "proxy 'web', server 'd': no method found to resolve the address 'localhost'",
  ]);
});

test("init-addr: the first way that leads to an address", async () => {
  const whose = (server: string) => `proxy 'web', server '${server}': could not resolve`;
  const { addresses, warnings } = await resolve([
    `  server none ${nowhere}:80 init-addr none`,
    `  server after ${nowhere}:80 init-addr libc,none`,
    `  server followed ${nowhere}:80 resolvers default`,
    `  server fixed ${nowhere}:80 init-addr libc,192.0.2.7`,
    "  server first localhost:80 init-addr 192.0.2.8,libc",
    `  server last ${nowhere}:80`,
    "  server service _http._tcp.test resolvers default",
  ], {
    lastAddress: (proxy, server) =>
      proxy === "web" && server === "last" ? "192.0.2.9" : server === "none" ? "192.0.2.1" : null,
    resolvConf: () => "nameserver 192.0.2.53\n",
  });
  assertEquals(Object.fromEntries([...addresses].toSorted()), {
    "web/after": null,
    "web/first": "192.0.2.8",
    "web/fixed": "192.0.2.7",
    "web/followed": null,
    "web/last": "192.0.2.9",
    "web/none": null,
    "web/service": null,
  });
  assertEquals(warnings.toSorted(), [
    `${whose("after")} '${nowhere}': it begins without address`,
    `${whose("fixed")} '${nowhere}': it begins at 192.0.2.7`,
    `${whose("followed")} '${nowhere}': it begins without address`,
  ]);
});

test("dns-accept-family: of that family alone; auto is what this machine has", async () => {
  const text = (family: string) =>
    `global\n  dns-accept-family ${family}\nlisten web\n  bind :8000\n` +
    "  server a localhost:80\n  server b ipv6@localhost:80 init-addr libc,none\n";
  const resolved = async (family: string, hasIpv6: boolean) => {
    const { configuration } = loadConfiguration([{ name: "x.cfg", text: text(family) }], {});
    const options = { ...none, hasIpv6: () => hasIpv6 };
    const { addresses, configuration: { global } } = await resolveNames(configuration!, options);
    return [addresses.get("web/a"), addresses.get("web/b"), global.dnsAcceptFamily];
  };
  assertEquals(await resolved("ipv4", true), ["127.0.0.1", null, "ipv4"]);
  assertEquals(await resolved("auto", false), ["127.0.0.1", null, "ipv4"]);
  assertEquals((await resolved("auto", true))[2], "ipv4,ipv6");
});

test("leniently, a server without an address is no error", async () => {
  const { addresses } = await resolve([`  server a ${nowhere}:80`], { lenient: true });
  assertEquals([...addresses], [["web/a", null]]);
});

test("a syslog server's name becomes an address; one that has none yet does not hold the start", async () => {
  const targets = async (host: string) => {
    const logs = configuration(`  log ${host}:514 local0`, "  server a 192.0.2.1:80");
    const { configuration: { proxies } } = await resolveNames({
      ...logs,
      global: { ...logs.global, log: logs.proxies[0]!.log },
    });
    return proxies[0]!.log.map(({ target }) => target.kind === "udp" ? target.host : "");
  };
  const [host] = await targets("localhost");
  assert(isIP(host!) !== 0, host);
  assertEquals(await targets(nowhere), [nowhere]);
});

test("name servers of /etc/resolv.conf, where a section asks for them", async () => {
  const section = ["resolvers r", "  nameserver 10.0.0.2 10.0.0.9:53", "  parse-resolv-conf"];
  const file = "# a comment\nsearch test\nnameserver 10.0.0.1\nnameserver\t10.0.0.2 \r\n" +
    "nameserver fe80::1%eth0\nnameserver\nnameserver ::1\n nameserver 10.9.9.9\n";
  const read = { resolvConf: () => file };
  const { configuration: { resolvers }, warnings } = await resolve(section, read);
  assertEquals(resolvers[0]!.nameservers.map(({ name, address }) => `${name} ${address.host}`), [
    "10.0.0.2 10.0.0.9",
    "10.0.0.1 10.0.0.1",
    "::1 ::1",
  ]);
  const line = "resolvers 'r': /etc/resolv.conf, line";
  assertEquals(warnings, [
    `${line} 4: '10.0.0.2' is there already: it is left out`,
    `${line} 5: 'fe80::1%eth0' is not an IP address: it is left out`,
    `${line} 6: no address`,
  ]);
  await assertRejects(
    () => resolve(section, { resolvConf: () => null }),
    ResolveError,
    "resolvers 'r': /etc/resolv.conf cannot be read",
  );
});

test("the default section is made unless it is given", async () => {
  const read = { resolvConf: () => "nameserver 10.0.0.1\n" };
  const names = async (...lines: string[]) =>
    (await resolve(lines, read)).configuration.resolvers.map(({ name, nameservers }) =>
      [name, ...nameservers.map(({ address }) => address.host)].join(" ")
    );
  assertEquals(await names("  server a 10.0.0.1:80"), ["default 10.0.0.1"]);
  const absent = { resolvConf: () => null };
  assertEquals((await resolve(["  server a 10.0.0.1:80"], absent)).configuration.resolvers, []);
  await assertRejects(
    () => resolve(["  server a localhost:80 resolvers default"], absent),
    ResolveError,
    "resolvers 'default': /etc/resolv.conf cannot be read",
  );
  assertEquals(await names("  server a localhost:80 resolvers default"), ["default 10.0.0.1"]);
  const own = ["resolvers default", "  nameserver n 10.0.0.7:53"];
  assertEquals(await names("  server a localhost:80 resolvers default", ...own), [
    "default 10.0.0.7",
  ]);
});

test("a name server's own name becomes an address", async () => {
  const { configuration } = await resolve(["resolvers r", "  nameserver n ipv4@localhost:53"]);
  assertEquals(configuration.resolvers[0]!.nameservers[0]!.address.host, "127.0.0.1");
});
