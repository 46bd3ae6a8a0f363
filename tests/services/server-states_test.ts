/** States of servers that another process takes over, by a reload or by a file. */
import { assertEquals } from "@std/assert";
import process from "node:process";
import { inheritStates, keepStates, statesOfProcesses } from "#src/process/server-states.ts";
import type { Control } from "#src/services/control.ts";
import { applyStates } from "#src/services/server-states.ts";
import { scene, server, web } from "../proxy/harness.ts";
import { test } from "../testing.ts";
import { facts } from "./facts.ts";

const checked = { check: true, inter: 60_000, rise: 2, fall: 3 } as const;
const farm = web({
  servers: [
    server("s1", checked),
    server("s2", { weight: 10 }),
    server("s3"),
    server("s4"),
    server("s5", { disabled: true }),
    server("s6"),
  ],
});

const serversOf = (control: Control) => control.proxies[0]!.backend!.servers;

/** What operators and checks decide, of each server. */
const seen = (control: Control) =>
  serversOf(control).map(({ name, up, maintained, draining, weight, maxconn, host, port }) =>
    [name, up ? "up" : "down", maintained, draining, weight, maxconn, `${host}:${port}`].join(" ")
  );

/** Plays with the control of the farm, whose states are kept meanwhile. */
async function play(act: (control: Control) => void | Promise<void>): Promise<void> {
  await scene(farm, async (w) => {
    await act(w.instance.control(facts));
  })();
}

test("states over a reload: what was set by hand, and who is down", async () => {
  await play(async (control) => {
    const keeper = keepStates(control);
    const [s1, s2, s3, s4, s5, s6] = serversOf(control);
    assertEquals(statesOfProcesses([process.pid]), [], "nothing has changed yet");
    s1!.setHealth("down");
    s2!.setWeight(5);
    s2!.setMaxconn(7);
    s3!.setState("drain");
    s4!.setMaintenance(true);
    s5!.setMaintenance(false);
    s6!.setAddress("10.1.2.3", 99);
    keeper.changed();
    await Promise.resolve();
    const expected = seen(control);
    const left = statesOfProcesses([process.pid, 2 ** 22 + 1]);
    await play((next) => {
      inheritStates(left, next);
      assertEquals(seen(next), expected);
    });
    keeper.close();
    assertEquals(statesOfProcesses([process.pid]), []);
  });
});

/** A line of a state, as haproxy 2.6 writes it. */
const line = (name: string, state: number, admin: number, weight: number, initial: number) =>
  `3 web 1 ${name} 10.9.9.9 ${state} ${admin} ${weight} ${initial} 2 8 2 0 6 0 0 0 - 0 - 0 0 - - 0`;

test("states of a file: of servers that are there, where the configuration says the same weight", () =>
  play((control) => {
    const text = [
      "1",
      "# be_id be_name ...",
      line("s1", 0, 0, 1, 1),
      line("s2", 2, 0, 5, 10),
      line("s3", 2, 0, 5, 10),
      line("s4", 2, 8, 1, 1),
      line("s6", 0, 1, 1, 1),
      line("gone", 0, 1, 1, 1),
      "short line",
      "",
    ].join("\n");
    const odd = applyStates(text, control.proxies.flatMap(({ backend }) => backend ?? []));
    assertEquals(odd, ["states of servers: a line has 2 words: 'short line'"]);
    assertEquals(
      serversOf(control).map(({ name, up, maintained, draining, weight }) =>
        [name, up, maintained, draining, weight].join(" ")
      ),
      [
        "s1 false false false 1",
        "s2 true false false 5",
        "s3 true false false 1",
        "s4 true false true 1",
        "s5 true true false 1",
        "s6 true true false 1",
      ],
    );
  }));

test("states of a file: another version is not read", () =>
  play((control) => {
    const backends = control.proxies.flatMap(({ backend }) => backend ?? []);
    assertEquals(applyStates("2\nx\n", backends), ["states of servers of version '2': not read"]);
    assertEquals(applyStates("", backends), []);
  }));
