/** What operators see and change of the names of servers. */
import { assert, assertEquals } from "@std/assert";
import { commands } from "#src/services/commands/table.ts";
import type { Control } from "#src/services/control.ts";
import { respond, type Zone } from "../dns/zone.ts";
import { scene, web } from "../proxy/harness.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";
import { facts } from "./facts.ts";

/** The answer to a command of these words. */
async function ask(control: Control, line: string): Promise<string> {
  const command = commands.find(({ name }) => `${line} `.startsWith(`${name} `))!;
  const args = line.slice(command.name.length).split(" ").filter((word) => word !== "");
  const session = {
    level: "admin",
    timeout: 0,
    prompt: false,
    severity: "none",
    expert: false,
    experimental: false,
  } as const;
  try {
    const answer = await command.run({
      clock: virtualClock(),
      args,
      payload: null,
      control,
      session: { ...session },
      sockets: [],
    });
    if (typeof answer === "string") return answer;
    let text = "";
    for await (const bytes of answer) text += new TextDecoder().decode(bytes);
    return text;
  } catch (error) {
    return (error as Error).message;
  }
}

const at = { kind: "ip", host: "10.0.0.53", port: 53 } as const;
const sections = {
  resolvers: [
    {
      name: "r",
      nameservers: [{ name: "n1", address: { host: "10.0.0.53", port: 53 } }],
      timeoutResolve: 100,
      timeoutRetry: 50,
    },
    { name: "unused", nameservers: [{ name: "x", address: { host: "10.0.0.54", port: 53 } }] },
  ],
};
const named = (name: string, host: string, resolvers: string | null) => ({
  name,
  address: { kind: "ip", host, port: 80 } as const,
  resolvers,
});
const servers = [
  named("s1", "a.test", "r"),
  named("s2", "a.test", null),
  named("s3", "_http._tcp.test", "r"),
];
const zone: Zone = {
  "a.test": ["A 10.0.1.1"],
  "b.test": ["A 10.0.1.2"],
  "_http._tcp.test": ["SRV 1 8080 c.test"],
  "c.test": ["A 10.0.1.3"],
};

test(
  "show resolvers, show servers state, set server fqdn and addr: as HAProxy answers",
  scene(web({ servers }), async (w) => {
    w.network.receiveDatagrams(at, (bytes, answer) => {
      const response = respond(zone, bytes);
      if (response !== null) answer(response);
    });
    const control = w.instance.control(facts);
    w.advance(60);
    const shown = await ask(control, "show resolvers");
    assertEquals(
      shown.replace(/ +\d+$/gm, ""),
      ["r\n nameserver n1", "unused\n nameserver x"].map((head) =>
        `Resolvers section ${head}:\n` + [
          "sent",
          "snd_error",
          "valid",
          "update",
          "cname",
          "cname_error",
          "any_err",
          "nx",
          "timeout",
          "refused",
          "other",
          "invalid",
          "too_big",
          "truncated",
          "outdated",
        ].map((label) => `  ${label}:\n`).join("")
      ).join(""),
    );
    assert(/\n {2}sent: {8}[1-9]\d*\n.*\n {2}valid: {7}3\n {2}update: {6}2\n/.test(shown), shown);
    assert((await ask(control, "show resolvers unused")).startsWith("Resolvers section unused\n"));
    assertEquals(await ask(control, "show resolvers no"), "Can't find that resolvers section\n");

    const columns = async () =>
      (await ask(control, "show servers state")).split("\n").slice(2, 5)
        .map((line) => line.split(" "))
        .map((words) => [3, 4, 5, 6, 17, 18, 19].map((i) => words[i]).join(" "));
    assertEquals(await columns(), [
      "s1 10.0.1.1 2 0 a.test 80 -",
      "s2 - 0 32 a.test 80 -",
      "s3 10.0.1.3 2 64 c.test 8080 _http._tcp.test",
    ]);

    const by = "by 'stats socket command'\n";
    const failed = "set server <b>/<s> fqdn failed because";
    for (
      const [command, expected] of [
        ["s1 fqdn", "set server <b>/<s> fqdn requires a FQDN.\n"],
        ["s1 fqdn a..b", `could not update web/s1 FQDN ${by}`],
        ["s1 fqdn a.test", `no need to change the FDQN ${by}`],
        ["s1 fqdn b.test", `web/s1 changed its FQDN from a.test to b.test ${by}`],
        ["s1 fqdn b.test", `no need to change the FDQN ${by}`],
        ["s2 fqdn b.test", `${failed} no resolution is configured.\n`],
        ["s3 fqdn b.test", `${failed} SRV resolution is configured.\n`],
      ] as const
    ) assertEquals(await ask(control, `set server web/${command}`), expected);
    w.advance(200);
    assertEquals((await columns())[0], "s1 10.0.1.2 2 0 b.test 80 -");

    w.events.length = 0;
    await ask(control, "set server web/s2 addr 10.0.1.9 port 81");
    assertEquals((await columns())[1], "s2 10.0.1.9 2 0 a.test 81 -");
    assertEquals(w.events.map(({ text }) => text), [
      "Server web/s2 ('a.test') is UP/READY (resolves again).",
    ]);
  }, { sections }),
);
