/** `source` with ports: one connection each, and what becomes of those for whom there is none. */
import { assertEquals } from "@std/assert";
import { until } from "../until.ts";
import { runtimeName } from "../testing.ts";
import { oracle } from "./harness.ts";
import { startRaw } from "./raw.ts";
import type { Kind } from "./rig.ts";

const expected = [
  { ports: [7000, 7001], status: "HTTP/1.1 503", counts: ["SC--", "/3/2/2/2 0/0"] },
  { ports: [7100, 7101], status: "", counts: ["SC", "/3/2/2/1 0/0"] },
];

const config = (host: string, server: string) => `
listen http
  mode http
  option httplog
  retries 2
  bind ${host}:20000
  server s ${server} source ${host}:7000-7001
listen tcp
  option tcplog
  retries 1
  bind ${host}:20001
  server s ${server} source ${host}:7100-7101
`;

/** What two connections that hold the ports, and one that finds none, come to. */
async function play(kind: Kind) {
  const rig = await startRaw(kind, config);
  const seen: unknown[] = [];
  try {
    for (const door of [20000, 20001]) {
      const from = rig.arrived.length;
      const held = [];
      for (let i = 1; i <= 2; i++) {
        held.push(await rig.connect(door));
        held.at(-1)!.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
        await until(() => rig.arrived.length === from + i, "a connection to the server");
      }
      const late = await rig.connect(door);
      late.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
      await until(() => late.endOfStream || late.received !== "", "an answer");
      const lines = () => rig.log.filter((line) => line.includes(" SC"));
      await until(() => lines().length === seen.length + 1, () => `a line in ${rig.log}`);
      // How it ended, and how many there were of what; times and the process's count vary.
      const counts = / (SC(?:--)?) \d+(\/\S+ \S+)/.exec(lines().at(-1)!)!.slice(1);
      seen.push({
        ports: rig.arrived.slice(from).map(({ socket }) => socket.remotePort),
        status: late.received.slice(0, 12),
        counts,
      });
      for (const connection of [...held, late]) connection.close();
    }
    return seen;
  } finally {
    await rig.stop();
  }
}

oracle("source: a port for each connection, and none left", async () => {
  const [theirs, ours] = await Promise.all([play("haproxy"), play("sluice")]);
  assertEquals(theirs, expected);
  assertEquals(ours, expected);
});

const foreign = (host: string, server: string) => `
listen http
  mode http
  bind ${host}:20000
  source ${host} usesrc clientip
  server s ${server}
listen field
  mode http
  bind ${host}:20001
  server s ${server} source 0.0.0.0 usesrc hdr_ip(x-forwarded-for,-1)
listen fixed
  bind ${host}:20002
  server s ${server} source 0.0.0.0 usesrc 127.77.7.7
`;

/** Where the connections to the server come from: the proxy's own address is "own". */
async function playForeign(kind: Kind) {
  const rig = await startRaw(kind, foreign);
  try {
    for (
      const [door, fields] of [
        [20000, ""],
        [20001, "X-Forwarded-For: 127.66.1.1, 127.66.1.2\r\n"],
        [20002, ""],
      ] as const
    ) {
      const client = await rig.connect(door);
      client.send(`GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
      await until(() => client.received.includes("\r\n\r\n"), "an answer");
      client.close();
    }
    const own = [rig.host, "127.0.0.1"];
    return rig.arrived.map(({ socket: { remoteAddress: at } }) => own.includes(at) ? "own" : at);
  } finally {
    await rig.stop();
  }
}

// What Deno's own sockets cannot do is refused there, when the configuration is checked.
if (runtimeName !== "deno") {
  oracle("source: usesrc takes the client's address, one of a field, or any other", async () => {
    const [theirs, ours] = await Promise.all([playForeign("haproxy"), playForeign("sluice")]);
    assertEquals(ours, theirs);
    // Without the privilege for it both connect from an address of their own.
    if (!ours.includes("own")) return;
    assertEquals(ours.filter((at) => at !== "own"), ["127.66.1.2", "127.77.7.7"]);
  });
}
