/** What threads do with connections of which there are as many as may be. */
import { assert, assertEquals } from "@std/assert";
import { freshAddress } from "../binary.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";
import { client, clients, descriptors, here, onlyHere, origin, withThreads } from "./scene.ts";

const host = freshAddress();

/** Of the connections that wait at the limit, some are accepted: those of one turn of each thread. */
const fewAccepted = 20;

test(
  `at its maxconn a frontend leaves who comes in the kernel's queue, however its connections are spread${onlyHere}`,
  async () => {
    const one = await origin(host, 4802, "one");
    const text = [
      "listen web",
      "  mode http",
      `  bind ${host}:4801`,
      "  maxconn 10",
      "  timeout client 20s",
      "  timeout server 20s",
      "  timeout connect 5s",
      `  server s ${host}:4802`,
      "",
    ].join("\n");
    await withThreads(text, async ({ serving, fail, allUp, workers }) => {
      await allUp();
      const connected = (count: number) =>
        serving.report().some((line) => line.includes(`act(FE+BE): ${count}+`));
      const all = await clients(6, host, 4801);
      for (const each of all) await each.ask();
      // While the second thread is away the first gets all.
      await fail(1);
      const alive = () => all.filter(({ end }) => end === null);
      await until(() => connected(alive().length), "those of the second thread to end");
      all.push(...await clients(10 - alive().length, host, 4801));
      for (const each of alive()) await each.ask();
      assertEquals(workers.up, 1);
      await allUp();
      // One goes, and the next one is the second thread's, which knows then that there is no room.
      alive()[0]!.close();
      await until(() => connected(9), "it to go");
      all.push(await client(host, 4801));
      assertEquals(await all.at(-1)!.ask(), "one");

      const settled = descriptors();
      // One by one: of many at once the first thread would keep some, and stop accepting.
      const crowd = [];
      while (crowd.length < 60) crowd.push(...await clients(1, host, 4801));
      // Each has a descriptor of its own here.
      const accepted = () => descriptors() - settled - crowd.length;
      const due = performance.now() + 300;
      await until(() => performance.now() > due || accepted() > fewAccepted, "those accepted");
      assert(accepted() <= fewAccepted, `${accepted()} were accepted`);
      for (const each of [...all, ...crowd]) each.close();
    }, 2);
    await one.close();
  },
  { skip: !here },
);
