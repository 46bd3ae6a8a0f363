/** A thread that is stuck: nobody waits for it, and it is reported. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freshAddress } from "../binary.ts";
import { test as declare } from "../testing.ts";
import { until } from "../until.ts";
import { type Client, clients, here, onlyHere, origin, withThreads } from "./scene.ts";

const host = freshAddress();
const at = (port: number) => `${host}:${port}`;

function test(name: string, body: () => Promise<void>): void {
  declare(name + onlyHere, body, { skip: !here });
}

/** A proxy whose servers are checked ten times a second. */
const web = (port: number, ...servers: number[]) =>
  [
    "listen web",
    "  mode http",
    `  bind ${at(port)}`,
    "  timeout client 20s",
    "  timeout server 20s",
    "  timeout connect 5s",
    "  option httpchk GET /check",
    ...servers.map((server) => `  server s${server} ${at(server)} check inter 100 fall 2`),
    "",
  ].join("\n");

/** Asks with a connection of its own. @returns how long the answer took, ms */
async function ask(port: number): Promise<number> {
  const began = performance.now();
  const [one] = await clients(1, host, port);
  await one!.ask();
  one!.close();
  return performance.now() - began;
}

/** Which clients a thread has that is stuck: their requests are not answered soon. */
async function pending(all: readonly Client[], answers: readonly Promise<string>[]) {
  const answered = new Set<Client>();
  answers.forEach((answer, i) => void answer.then(() => answered.add(all[i]!)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  return all.filter((each) => !answered.has(each));
}

for (const asleep of [false, true]) {
  const how = asleep ? "asleep in the kernel" : "in a busy loop";
  test(`a thread is stuck for 6 s ${how}: checks go on, others serve, and it is reported`, async () => {
    const port = asleep ? 4910 : 4900;
    const all = await Promise.all([1, 2, 3].map((i) => origin(host, port + i, "one")));
    const text = web(port, port + 1, port + 2, port + 3);
    await withThreads(text, async ({ serving, workers, allUp, complaints }) => {
      await allUp();
      const nine = await clients(9, host, port);
      for (const each of nine) await each.ask();
      const checks = () => all.map(({ paths }) => paths.filter((path) => path === "/check").length);
      await until(() => checks().every((count) => count > 2), "checks");

      const began = performance.now();
      workers.stall(1, 6000, asleep);
      const answers = nine.map((each) => each.ask());
      const waiting = await pending(nine, answers);
      assert(waiting.length > 0 && waiting.length < 9, `${waiting.length} of 9 wait`);

      const before = checks();
      const times: number[] = [];
      let downs = 0;
      while (performance.now() - began < 5500) {
        times.push(await ask(port));
        downs += [...serving.servers()].filter(({ up }) => !up).length;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assertEquals(downs, 0, "no server is down");
      const made = checks().map((count, i) => count - before[i]!);
      assert(made.every((count) => count > 20), `${made} checks in 5 s`);
      // A connection that was given to it before it was known to be stuck is another's within 1 s.
      const [middle] = times.toSorted((a, b) => a - b).slice(times.length / 2);
      assert(Math.max(...times) < 3000, `an answer took ${Math.max(...times)} ms`);
      assert(middle! < 300, times.map(Math.round).join());
      assertEquals(complaints.length, 1, complaints.join("\n"));
      assertMatch(complaints[0]!, /^thread 2 has not answered for \d\.\d s: /);

      await Promise.all(answers);
      assert(performance.now() - began >= 6000);
      await until(() => complaints.length === 2, "the word that it answers");
      assertMatch(complaints[1]!, /^thread 2 answers again, after [56]\.\d s$/);
      const more = await clients(9, host, port);
      for (const each of more) await each.ask();
      for (const each of [...nine, ...more]) each.close();
      // It serves again: clients that come one by one are spread about.
      await until(() => workers.up === 3, "all up");
    });
    for (const each of all) await each.close();
  });
}

test("a thread is stuck: pause, resume, soft-stop and stop do without it", async () => {
  const one = await origin(host, 4921, "one");
  await withThreads(web(4920, 4921), async ({ serving, workers, allUp }) => {
    await allUp();
    const gone = async () => {
      let refused = false;
      await ask(4920).catch(() => refused = true);
      assert(refused, "it refuses");
    };
    const began = performance.now();
    workers.stall(1, 4000, true);
    serving.pause();
    await gone();
    serving.resume();
    assert(await ask(4920) < 2000);
    const finished = serving.finish();
    await finished;
    const took = performance.now() - began;
    assert(took < 3500, `${took} ms`);
    await gone();
  });
  await one.close();
});

test("a thread that is stuck as another ends, and as it is told to end itself", async () => {
  const one = await origin(host, 4931, "one");
  await withThreads(web(4930, 4931), async ({ workers, fail, allUp }) => {
    await allUp();
    workers.stall(1, 1500, true);
    await fail(0);
    await allUp();
    for (let i = 0; i < 5; i++) assert(await ask(4930) < 2500);
    workers.stall(2, 300, false);
  });
  await one.close();
});
