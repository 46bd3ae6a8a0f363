/** Chapter 4: a server leaves gently. */
import { assert, assertEquals } from "@std/assert";
import { readMessage } from "#src/simulate/message.ts";
import { withProxy } from "../binary.ts";
import { until } from "../until.ts";
import {
  type Fixture,
  logged,
  type ScenarioTest,
  sections,
  startFarm,
  untilVisit,
  type Visit,
} from "./fixture.ts";
import { response } from "./wire.ts";

const letters = ["A", "B", "C", "D"] as const;

/** Servers webA to webD with a check port each, which can be ended by itself. */
async function startCheckedFarm(fixture: Fixture): Promise<void> {
  await startFarm(fixture);
  await Promise.all(letters.map((letter, i) => fixture.origin(`check${letter}`, 11 + i, 8001)));
}

/** Visits of people without cookies, until many in a row have not met a server. */
async function nobodyNewAt(visit: () => Promise<Visit>, server: string): Promise<void> {
  let without = 0;
  await until(async () => {
    without = (await visit()).server === server ? 0 : without + 1;
    return without === 12;
  }, `visitors to avoid ${server}`);
}

/** The servers that eight people without cookies meet, one after the other. */
async function met(visit: () => Promise<Visit>): Promise<string[]> {
  const found = new Set<string>();
  for (let i = 0; i < 8; i++) found.add((await visit()).server);
  return [...found].sort();
}

const all = letters.map((letter) => `web${letter}`);
const cookie = (letter: string) => [`Cookie: SERVERID=${letter}`];
const isNew = ({ status, setCookie, server }: Visit) =>
  status === 200 && setCookie.includes(`SERVERID=${server.at(-1)}; path=/`);

export const softStops: Readonly<Record<string, ScenarioTest>> = {
  async "soft-stop-file"(fixture) {
    const { visit, server, address, origin } = fixture;
    for (const [i, letter] of ["B", "C", "D"].entries()) await origin(`web${letter}`, 12 + i);
    const machine = { file: true, requests: 0 };
    const serve = () =>
      server("webA", { host: address(11), port: 8000 }, async (connection) => {
        const request = await readMessage(connection, "request");
        if (request !== null) {
          const check = request.line.startsWith("HEAD /running ");
          if (!check) machine.requests++;
          const found = !check || machine.file ? response(check ? "" : "webA") : null;
          connection.send(found ?? "HTTP/1.0 404 Not Found\r\n\r\n");
        }
        connection.fin();
      });
    await serve();
    await fixture.run(async (proxy) => {
      const stranger = () => visit("/");
      assertEquals(await met(stranger), all);

      // The file goes. After `inter` x `fall` no new visitor comes, and the known ones still do.
      machine.file = false;
      await logged(proxy, /^Server webfarm\/webA is DOWN, /);
      const before = machine.requests;
      assertEquals(await met(stranger), ["webB", "webC", "webD"]);
      assertEquals(machine.requests, before);
      for (let i = 0; i < 4; i++) {
        const known = await visit("/known", cookie("A"));
        assertEquals([known.server, known.setCookie], ["webA", []]);
      }
      await logged(proxy, / webfarm\/webA .* 200 .* --DN .* "GET \/known /);

      // The server goes. The known ones get another one, and its cookie.
      await fixture.stop("webA");
      const moved = await visit("/moved", cookie("A"));
      assert(isNew(moved) && moved.server !== "webA", `${moved.server}: ${moved.setCookie}`);

      machine.file = true;
      await serve();
      await untilVisit(stranger, ({ server }) => server === "webA", "webA to return");
    });
  },

  async "soft-stop-backup"(fixture) {
    const { visit, stop, origin } = fixture;
    await startCheckedFarm(fixture);
    await fixture.run(async (proxy) => {
      const stranger = () => visit("/");
      assertEquals(await met(stranger), all);
      // The check port alone goes: strangers stay away, known visitors do not notice.
      await stop("checkA");
      await nobodyNewAt(stranger, "webA");
      assertEquals(await met(stranger), ["webB", "webC", "webD"]);
      const known = await visit("/known", cookie("A"));
      assertEquals([known.server, known.setCookie], ["webA", []]);
      await logged(proxy, / webfarm\/bkpA .* 200 .* --VN .* "GET \/known /);
      // The server goes, too: nobody waits for it, and who knew it gets another one.
      await stop("webA");
      await logged(proxy, /^Backup Server webfarm\/bkpA is DOWN, /);
      assert(isNew(await visit("/", cookie("A"))));
      // It returns, first for nobody but those who know it.
      await origin("webA", 11);
      await logged(proxy, /^Backup Server webfarm\/bkpA is UP, /);
      assertEquals(await met(stranger), ["webB", "webC", "webD"]);
      await origin("checkA", 11, 8001);
      await untilVisit(stranger, ({ server }) => server === "webA", "webA to return");
      // No main server at all: the first backup takes the strangers, each takes its own.
      for (const letter of letters) await stop(`check${letter}`);
      for (const letter of letters) {
        await logged(proxy, new RegExp(`^Server webfarm/web${letter} is DOWN, `));
      }
      await untilVisit(stranger, ({ status }) => status === 200, "the backup");
      assertEquals(await met(stranger), ["webA"]);
      for (const letter of letters) {
        assertEquals((await visit("/", cookie(letter))).server, `web${letter}`);
      }
      await stop("webA");
      await nobodyNewAt(stranger, "webA");
      assertEquals(await met(stranger), ["webB"]);
    });
  },

  async "check-forwarder"(fixture) {
    const { visit, stop, configuration } = fixture;
    await startFarm(fixture);
    const stranger = () => visit("/");
    // As the guide has it on each server: the forwarder of A is a process, which is killed.
    const mine = (name: string) => name === "checkA";
    await withProxy(sections(configuration, (name) => !mine(name)), async () => {
      const forwarder = () =>
        withProxy(sections(configuration, mine), async () => {
          assertEquals((await visit("/", [], { host: 11, port: 8001 })).server, "webA");
          await untilVisit(stranger, ({ server }) => server === "webA", "webA to be used");
        });
      await forwarder();
      await nobodyNewAt(stranger, "webA");
      const known = await visit("/", cookie("A"));
      assertEquals([known.server, known.setCookie], ["webA", []]);
      await forwarder();

      // An application that is dead is found out, though its forwarder lives.
      await stop("webC");
      await untilVisit(() => visit("/", cookie("C")), isNew, "another server than webC");
      await nobodyNewAt(stranger, "webC");
    });
  },

  async "shared-checks"(fixture) {
    const { visit, stop, origin } = fixture;
    await startCheckedFarm(fixture);
    const secure = { port: 8081 };
    await fixture.run(async (proxy) => {
      const stranger = () => visit("/", [], secure);
      assertEquals(await met(stranger), all);
      // What the check of one proxy finds, the other knows: main server, then backup.
      await stop("checkA");
      await logged(proxy, /^Server webfarm\/webA is DOWN, /);
      await logged(proxy, /^Server secure\/webA is DOWN via webfarm\/webA/);
      assertEquals(await met(stranger), ["webB", "webC", "webD"]);
      const known = await visit("/", cookie("A"), secure);
      assertEquals([known.server, known.setCookie], ["webA", []]);
      await stop("webA");
      await logged(proxy, /^Backup Server secure\/bkpA is DOWN via webfarm\/bkpA/);
      assert(isNew(await visit("/", cookie("A"), secure)));
      await origin("webA", 11);
      await origin("checkA", 11, 8001);
      await logged(proxy, /^Server secure\/webA is UP via webfarm\/webA/);
      assertEquals(await met(stranger), all);
    });
  },
};
