/** The section `resolvers`. */
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { errors, only, valid, warnings } from "./support.ts";

const proxy = "listen l\n bind :80\n timeout client 1s\n";
const nameserver = (line: string) =>
  only(only(valid(`resolvers r\n nameserver ${line}\n${proxy}`).resolvers).nameservers);

test("name servers: over UDP, or TCP by the prefix", () => {
  const at = (host: string, transport: string, more: object = {}) => ({
    name: "n",
    address: { transport, host, port: 53, source: null, ...more },
  });
  for (
    const [line, expected] of [
      ["10.0.0.1:53", at("10.0.0.1", "udp")],
      ["udp@10.0.0.1:53", at("10.0.0.1", "udp")],
      ["udp6@::1:53", at("::1", "udp")],
      ["dgram+ipv4@10.0.0.1:53", at("10.0.0.1", "udp")],
      ["tcp@[::1]:53", at("::1", "tcp")],
      ["stream+ipv4@ns.test:53", at("ns.test", "tcp", { family: 4 })],
      [
        "tcp4@10.0.0.1:53 maxconn 4 source 10.0.0.9",
        at("10.0.0.1", "tcp", { source: { host: "10.0.0.9", port: 0, lastPort: null } }),
      ],
    ] as const
  ) assertEquals(nameserver(`n ${line}`), expected as ReturnType<typeof nameserver>, line);
});

test("mistakes of name servers", () => {
  for (
    const [line, expected] of [
      ["n", "'n' expects an address - usage: nameserver <name> <address>:<port> [param*]"],
      ["n 10.0.0.1", "the port is missing in '10.0.0.1' - as in 10.0.0.1:53"],
      [
        "n 10.0.0.1:53-54",
        "'53-54' is not a port, in '10.0.0.1:53-54' - a port is from 1 to 65535",
      ],
      ["n udp6@10.0.0.1:53", "'10.0.0.1' is not an IPv6 address"],
      ["n /run/dns", "'/run/dns' is not the address of a name server - as in udp@10.0.0.1:53"],
      [
        "a/b 10.0.0.1:53",
        "'a/b' is not a name server's name - letters, digits, '-', '_', '.', ':'",
      ],
      ["n tcp@10.0.0.1:53 ssl", "sluice does not support 'ssl' for name servers - source, maxconn"],
    ] as const
  ) {
    const [first = ""] = errors(`resolvers r\n nameserver ${line}\n${proxy}`);
    assertEquals(first.replace(/^\S+ error /, ""), expected);
  }
  const twice = "resolvers r\n nameserver n 10.0.0.1:53\n nameserver n 10.0.0.2:53\n";
  assertEquals(errors(twice + proxy), [
    "3:13 error resolvers 'r' has another name server named 'n' - the other one: x.cfg:2",
  ]);
});

test("words after a name server over UDP are ignored, as HAProxy does, and that is said", () => {
  const text = `resolvers r\n nameserver n 10.0.0.1:53 maxconn 4\n${proxy}`;
  const hint = "parameters are for name servers over TCP: tcp@ before the address";
  assertEquals(warnings(text).slice(0, 2), [
    `2:27 warning 'maxconn' is ignored - ${hint}`,
    `2:35 warning '4' is ignored - ${hint}`,
  ]);
});

test("times, tries and sizes", () => {
  const text = `resolvers r
  parse-resolv-conf
  resolve_retries 5
  timeout resolve 2s
  timeout retry 500
  hold nx 1s
  hold other 2s
  hold refused 3s
  hold timeout 4s
  hold valid 5s
  hold obsolete 6s
  accepted_payload_size 8192
${proxy}`;
  assertEquals(only(valid(text).resolvers), {
    name: "r",
    nameservers: [],
    parseResolvConf: true,
    resolveRetries: 5,
    timeoutResolve: 2000,
    timeoutRetry: 500,
    holdNx: 1000,
    holdOther: 2000,
    holdRefused: 3000,
    holdTimeout: 4000,
    holdValid: 5000,
    holdObsolete: 6000,
    acceptedPayloadSize: 8192,
  });
  for (
    const [line, expected] of [
      ["accepted_payload_size 11", "'11' is not an integer from 12 to 65535"],
      ["accepted_payload_size 65536", "'65536' is not an integer from 12 to 65535"],
      ["hold nx x", "'x' is not a time"],
      ["hold foo 3s", "unknown keyword 'hold foo' in a 'resolvers' section"],
      ["timeout connect 3s", "unknown keyword 'timeout connect' in a 'resolvers' section"],
    ] as const
  ) {
    const [first = ""] = errors(`resolvers r\n ${line}\n${proxy}`);
    assertEquals(first.replace(/^\S+ error /, "").replace(/ - .*/, ""), expected);
  }
});
