/** Threads that serve together, and what becomes of it when they fail. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createSocket } from "node:dgram";
import { freshAddress } from "../binary.ts";
import { test as declare } from "../testing.ts";
import { until } from "../until.ts";
import {
  type Client,
  client,
  clients,
  configurationOf,
  descriptors,
  here,
  isQuiet,
  onlyHere,
  origin,
  start,
  type Threads,
  withThreads,
} from "./scene.ts";

const host = freshAddress();
const at = (port: number) => `${host}:${port}`;

function test(name: string, body: () => Promise<void>): void {
  declare(name + onlyHere, body, { skip: !here });
}

/** A proxy on `port` with these lines, and generous time-outs. */
const web = (port: number, ...lines: string[]) =>
  [
    `listen web${port}`,
    "  mode http",
    `  bind ${at(port)}`,
    "  timeout client 20s",
    "  timeout server 20s",
    "  timeout connect 5s",
    "  timeout queue 20s",
    ...lines.map((line) => `  ${line}`),
    "",
  ].join("\n");

test("a thread that fails is reported, its connections end, and the others' go on", async () => {
  const one = await origin(host, 4001, "one");
  await withThreads(web(4000, `server s ${at(4001)}`), async ({ fail, allUp, complaints }) => {
    for (let thread = 0; thread < 3; thread++) {
      await allUp();
      const six = await clients(6, host, 4000);
      for (const each of six) assertEquals(await each.ask(), "one");
      await fail(thread);
      assertStringIncludes(complaints.at(-1)!, `thread ${thread + 1} has failed`);
      assertStringIncludes(complaints.at(-1)!, "a test makes it fail");
      const rest = () => six.filter(({ end }) => end === null);
      // They are spread about evenly; those of one thread end together.
      await until(() => rest().length < 6, "some to end");
      assert(rest().length >= 3, `${rest().length} go on`);
      for (const each of rest()) assertEquals(await each.ask(), "one");
      const next = await client(host, 4000);
      assertEquals(await next.ask(), "one");
      for (const each of [...rest(), next]) each.close();
    }
    await allUp();
    const three = await clients(3, host, 4000);
    for (const each of three) assertEquals(await each.ask(), "one");
    for (const each of three) each.close();
    assertEquals(complaints.length, 3);
  });
  await one.close();
});

test("a thread that fails again and again costs no descriptor", async () => {
  const one = await origin(host, 4004, "x".repeat(300_000));
  const text = `global\n  log ${at(4005)} local0\n` +
    web(4003, `server s ${at(4004)}`, "option splice-auto", "log global", "option httplog");
  await withThreads(text, async ({ fail, allUp, complaints }) => {
    const after: number[] = [];
    for (let round = 0; round < 3; round++) {
      const each = await client(host, 4003);
      assertEquals((await each.ask()).length, 300_000);
      each.close();
      await fail(0);
      await allUp();
      await until(() => one.inHand === 0, "rest");
      after.push(descriptors());
    }
    assertEquals(complaints.length, 3);
    // The first round may open what stays.
    assert(after[2]! <= after[0]!, `descriptors: ${after.join(", ")}`);
  }, 1);
  await one.close();
});

/**
 * Asks, and leaves: of those that wait for a place anybody may be next, so that nobody who is served
 * may keep one. Tells whether the connection had ended before.
 */
async function askOnce(each: Client): Promise<{ content: string; ended: boolean }> {
  const content = await each.ask();
  const ended = each.end !== null;
  each.close();
  return { content, ended };
}

test("what a thread held when it failed serves the others: slots, places and who waits", async () => {
  const one = await origin(host, 4011, "one");
  const text = web(4010, "maxconn 7", `server s ${at(4011)} maxconn 2`);
  let lost = 0;
  await withThreads(text, async ({ serving, fail, allUp }) => {
    for (let thread = 0; thread < 3; thread++) {
      await allUp();
      await until(() => isQuiet(serving), "those of the last time to be gone");
      one.holds = true;
      const seven = await clients(7, host, 4010);
      const answers = seven.map(askOnce);
      await until(() => one.inHand === 2, "two to be served");
      // They wait for a place, in the kernel's queue or in a thread.
      const late = await clients(3, host, 4010);
      const more = late.map(askOnce);
      await fail(thread);
      one.holds = false;
      const deadline = setInterval(() => one.release(), 20);
      const outcomes = await Promise.all(answers);
      const ended = outcomes.filter(({ ended }) => ended).length;
      lost += ended;
      assert(outcomes.filter(({ content }) => content === "one").length >= 7 - ended);
      await Promise.all(more);
      clearInterval(deadline);
      assert(one.most <= 2, `${one.most} requests at once`);
    }
    // Each thread had some of three times seven.
    assert(lost >= 3 && lost < 21, `${lost} connections ended`);
  });
  await one.close();
});

test("threads that all fail come back, and who knocks meanwhile is served", async () => {
  const one = await origin(host, 4016, "one");
  await withThreads(web(4015, `server s ${at(4016)}`), async ({ workers, allUp, complaints }) => {
    for (let thread = 0; thread < 3; thread++) workers.fail(thread);
    await until(() => complaints.length === 3, "all to fail");
    const several = await clients(5, host, 4015);
    for (const each of several) assertEquals(await each.ask(), "one");
    for (const each of several) each.close();
    await allUp();
  });
  await one.close();
});

test("a thread that is down misses no pause, no resume and no soft-stop", async () => {
  const one = await origin(host, 4021, "one");
  const text = web(4020, `server s ${at(4021)}`);
  await withThreads(text, async ({ serving, workers, fail, allUp }) => {
    await fail(0);
    serving.pause();
    await allUp();
    let refused = false;
    await client(host, 4020).catch(() => refused = true);
    assert(refused, "paused, it refuses");
    await fail(1);
    serving.resume();
    const six = await clients(6, host, 4020);
    for (const each of six) assertEquals(await each.ask(), "one");
    await allUp();
    await fail(2);
    const finished = serving.finish();
    await allUp();
    assertEquals(workers.up, 3);
    for (const each of six) each.close();
    await finished;
  });
  await one.close();
});

test("stop() while threads start, and while one is to start again, leaves nothing", async () => {
  const before = descriptors();
  for (let round = 0; round < 3; round++) {
    const { serving, workers } = await start(web(4025, `server s ${at(4026)}`));
    if (round === 1) await new Promise((resolve) => setTimeout(resolve, 20));
    if (round === 2) {
      await serving.begun;
      workers.fail(1);
    }
    serving.stop();
    await until(() => descriptors() <= before, () => `descriptors: ${before}, ${descriptors()}`);
    await until(() => workers.up === 0, "no thread to be up");
  }
});

test("a thread that fails at the start is told, and nothing is left of the others", async () => {
  const before = descriptors();
  const text = web(4028, `server s ${at(4029)}`);
  const other = configurationOf(text + web(4027, `server s ${at(4029)}`));
  const { serving, complaints } = await start(text, 3, (engine) => ({
    ...engine,
    // The memory is laid out for another configuration than they are given.
    createWorkerPool: (options) => engine.createWorkerPool!({ ...options, configuration: other }),
  }));
  let failure = "";
  await serving.begun.catch((error: Error) => failure = `${error.name}: ${error.message}`);
  assertStringIncludes(failure, "StartError: thread ");
  assertStringIncludes(failure, "is another one");
  serving.stop();
  assert(complaints.length <= 3, complaints.join("\n"));
  await until(() => descriptors() <= before, () => `descriptors: ${before}, ${descriptors()}`);
});

for (const name of [host, "localhost"]) {
  const kind = name === host ? "an address" : "a name";
  test(`all threads' log lines arrive, the target being ${kind}`, async () => {
    const lines: string[] = [];
    const sink = createSocket("udp4");
    sink.on("message", (line) => lines.push(line.toString()));
    const bindTo = name === "localhost" ? "127.0.0.1" : name;
    await new Promise<void>((resolve) => sink.bind(0, bindTo, resolve));
    const one = await origin(host, 4031, "one");
    const text = `global\n  log ${name}:${sink.address().port} local0\n` +
      web(4030, `server s ${at(4031)}`, "log global", "option httplog");
    await withThreads(text, async ({ allUp }) => {
      await allUp();
      const nine = await clients(9, host, 4030);
      for (const [i, each] of nine.entries()) await each.ask(`/${i}`);
      const paths = () => lines.flatMap((line) => /"GET (\S+) /.exec(line)?.[1] ?? []).sort();
      await until(() => paths().length >= 9, () => `nine lines, not ${lines.join("")}`);
      assertEquals(paths(), Array.from({ length: 9 }, (_, i) => `/${i}`));
      for (const each of nine) each.close();
    });
    sink.close();
    await one.close();
  });
}

test("a server's maxconn 1 holds for three threads and 200 clients, and all are served", async () => {
  const one = await origin(host, 4036, "one");
  await withThreads(web(4035, `server s ${at(4036)} maxconn 1`), async () => {
    const crowd = await clients(200, host, 4035);
    const answers = await Promise.all(crowd.map((each, i) => each.ask(`/${i}`)));
    assertEquals(answers.filter((answer) => answer === "one").length, 200);
    for (const each of crowd) each.close();
  });
  assertEquals([one.most, one.paths.length], [1, 200]);
  await one.close();
});

test("a frontend's maxconn holds for three threads, and all are served", async () => {
  const one = await origin(host, 4041, "one", 2);
  await withThreads(web(4040, "maxconn 5", `server s ${at(4041)}`), async () => {
    const crowd = await clients(60, host, 4040);
    await Promise.all(crowd.map(async (each, i) => {
      assertEquals(await each.ask(`/${i}`, "Connection: close"), "one");
      each.close();
    }));
  });
  assert(one.most <= 5 && one.most > 1, `${one.most} at once`);
  assertEquals(one.paths.length, 60);
  await one.close();
});

test("roundrobin alternates over all threads where requests come one by one", async () => {
  const names = ["a", "b", "c"];
  const all = await Promise.all(names.map((name, i) => origin(host, 4046 + i, name)));
  const servers = names.map((name, i) => `server ${name} ${at(4046 + i)}`);
  await withThreads(web(4045, "balance roundrobin", ...servers), async ({ allUp }: Threads) => {
    await allUp();
    const four = await clients(4, host, 4045);
    const got: string[] = [];
    for (let i = 0; i < 24; i++) got.push(await four[i % 4]!.ask());
    const first = names.indexOf(got[0]!);
    assertEquals(got, got.map((_answer, i) => names[(first + i) % 3]!));
    for (const each of four) each.close();
  });
  for (const each of all) await each.close();
});
