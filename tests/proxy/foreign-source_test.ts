/** Whose address connections to a server come from: "source ... usesrc". */
import { assertEquals } from "@std/assert";
import { foreignSource } from "#src/proxy/foreign-source.ts";
import { listen } from "../config/support.ts";
import { test } from "../testing.ts";

const addresses = {
  remoteAddress: "192.0.2.7",
  remotePort: 4321,
  localAddress: "10.0.0.1",
  localPort: 80,
};
const head = "GET / HTTP/1.1\r\nX-For: 10.1.1.1, 10.2.2.2\r\nx-for: 10.3.3.3 \r\n" +
  "X-Bad: me\r\n\r\n";

for (
  const [usesrc, expected] of [
    ["client", ["192.0.2.7", 4321]],
    ["clientip", ["192.0.2.7", 0]],
    ["hdr_ip(x-for)", ["10.3.3.3", 0]],
    ["hdr_ip(X-FOR,1)", ["10.1.1.1", 0]],
    ["hdr_ip(x-for,-2)", ["10.2.2.2", 0]],
    ["hdr_ip(x-for,9)", null],
    ["hdr_ip(x-bad)", null],
    ["hdr_ip(x-none)", null],
    ["10.9.9.9", ["10.9.9.9", 0]],
    ["10.9.9.9:99", ["10.9.9.9", 99]],
    ["fe80::1", ["fe80::1", 0]],
  ] as [string, [string, number] | null][]
) {
  test(`usesrc ${usesrc}`, () => {
    const { source } = listen(`source 10.0.0.1 usesrc ${usesrc} interface eth0`);
    assertEquals(source?.interface, "eth0");
    const found = foreignSource(source)?.({ addresses, requestHead: head }) ?? null;
    assertEquals(found && [found.host, found.port], expected);
  });
}

test("a client of a unix socket has no address to connect from; no usesrc, no source", () => {
  const { source } = listen("source 10.0.0.1 usesrc clientip");
  const unix = { ...addresses, remoteAddress: "" };
  assertEquals(foreignSource(source)?.({ addresses: unix, requestHead: null }), null);
  assertEquals(foreignSource(listen("source 10.0.0.1").source), null);
});
