import { assert, assertEquals, assertRejects } from "@std/assert";
import { isIP } from "node:net";
import { loadConfiguration } from "#src/config/load.ts";
import { ResolveError, resolveNames } from "#src/process/resolve.ts";
import { test } from "../testing.ts";

function configuration(...lines: string[]) {
  const text = ["listen web", "  mode tcp", "  bind :8000", ...lines].join("\n");
  const { configuration } = loadConfiguration([{ name: "x.cfg", text }], {});
  assert(configuration !== null);
  return configuration;
}

test("the names of servers and of dispatch become addresses, and nothing else changes", async () => {
  const cases = [["  server a localhost:80 check inter 5s", "  server b 192.0.2.1:80"], [
    "  dispatch localhost:81",
  ]];
  for (const lines of cases) {
    const resolved = await resolveNames(configuration(...lines));
    const address = resolved.proxies[0]!.servers[0]?.address ?? resolved.proxies[0]!.dispatch;
    assert(address?.kind === "ip" && isIP(address.host) !== 0);
    const host = address.host.includes(":") ? `[${address.host}]` : address.host;
    const written = lines.map((line) => line.replace("localhost", host));
    assertEquals(resolved, configuration(...written));
  }
});

test("what is an address already, or a path, stays as it is", async () => {
  const plain = configuration(
    "  server a 192.0.2.1:80",
    "  server b [2001:db8::1]:80",
    "  server c /x",
  );
  assertEquals(await resolveNames(plain), plain);
});

test("a name without an address is an error that says whose it is", async () => {
  // RFC 6761: nobody has a name under .invalid.
  const wrong = configuration("  server a 192.0.2.1:80", "  server b no-such.invalid:80");
  await assertRejects(
    () => resolveNames(wrong),
    ResolveError,
    "proxy 'web', server 'b': could not resolve the address 'no-such.invalid'",
  );
});

test("a syslog server's name becomes an address; one that has none yet does not hold the start", async () => {
  const targets = async (host: string) => {
    const logs = configuration(`  log ${host}:514 local0`, "  server a 192.0.2.1:80");
    const { proxies } = await resolveNames({
      ...logs,
      global: { ...logs.global, log: logs.proxies[0]!.log },
    });
    return proxies[0]!.log.map(({ target }) => target.kind === "udp" ? target.host : "");
  };
  const [host] = await targets("localhost");
  assert(isIP(host!) !== 0, host);
  assertEquals(await targets("no-such.invalid"), ["no-such.invalid"]);
});
