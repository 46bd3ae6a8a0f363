/** Chapter 4.3: a new process takes over. */
import { assertEquals } from "@std/assert";
import { readMessage } from "#src/simulate/message.ts";
import { type Proxy, withProxy } from "../binary.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";
import type { Fixture, ScenarioTest } from "./fixture.ts";
import { type Client, open, response, statusOf, valuesOf } from "./wire.ts";

/** A server whose responses come when they are let go. */
async function slowServer(fixture: Fixture, name: string, last: number) {
  const waiting: (() => void)[] = [];
  await fixture.server(name, { host: fixture.address(last), port: 8000 }, async (connection) => {
    for (;;) {
      const request = await readMessage(connection, "request");
      if (request === null) break;
      const answer = () => void connection.send(response(name));
      if (request.line.startsWith("HEAD")) {
        connection.send("HTTP/1.0 200 OK\r\n\r\n");
        break;
      }
      if (request.line.includes("/slow")) waiting.push(answer);
      else answer();
    }
    connection.fin();
  });
  return { waiting };
}

/** A process that runs until it is told to end, or has ended by itself. */
interface RunningProxy {
  readonly proxy: Proxy;
  end(): Promise<void>;
}

/** What a process says of its signals, and one that cannot take sockets over. */
const stderr = new RegExp(
  "^(.* (Paused proxy|Resumed proxy|Proxy) webfarm.*\n" +
    (runtimeName === "deno" ? "|.* this runtime cannot adopt sockets\n" : "") + ")*$",
);

function launch(configuration: string, args: string[]): Promise<RunningProxy> {
  return new Promise((resolve, reject) => {
    let finish = () => {};
    const done = new Promise<void>((resolve) => finish = resolve);
    const run = withProxy(configuration, (proxy) => {
      resolve({
        proxy,
        end() {
          finish();
          return run;
        },
      });
      return done;
    }, { stderr, args });
    run.catch(reject);
  });
}

/** Runs `body`, and ends what it has started. */
async function withProcesses(
  fixture: Fixture,
  body: (start: (...args: string[]) => Promise<RunningProxy>) => Promise<void>,
): Promise<void> {
  const running: RunningProxy[] = [];
  try {
    await body(async (...args) => {
      const made = await launch(fixture.configuration, args);
      running.push(made);
      return made;
    });
  } finally {
    await Promise.all(running.map(({ end }) => end()));
  }
}

export const reconfiguration: Readonly<Record<string, ScenarioTest>> = {
  "hot-reconfiguration": (fixture) =>
    withProcesses(fixture, async (start) => {
      const { address } = fixture;
      const servers = [
        await slowServer(fixture, "webA", 11),
        await slowServer(fixture, "webB", 12),
      ];
      const begun = () => servers.reduce((sum, { waiting }) => sum + waiting.length, 0);
      const release = () =>
        servers.forEach(({ waiting }) => waiting.splice(0).forEach((go) => go()));
      const dial = () => open({ host: address(1), port: 8080, localAddress: address(99) });
      const ask = (client: Client, uri = "/") =>
        client.request(`GET ${uri} HTTP/1.1\r\nHost: x\r\n\r\n`);
      /** A visitor of the moment. @returns the status, 0 if it came to nothing */
      const visit = async () => {
        const client = dial();
        const status = await ask(client).then(statusOf, () => 0);
        client.close();
        return status;
      };
      const becomes = (status: number) => until(async () => await visit() === status, `${status}`);

      /** A kept connection and a request under way, while `change` puts a new process in `old`'s place. */
      async function witnessed(
        old: RunningProxy,
        change: () => Promise<RunningProxy>,
      ): Promise<RunningProxy> {
        const [kept, slow] = [dial(), dial()];
        assertEquals(statusOf(await ask(kept)), 200);
        const answer = ask(slow, "/slow");
        await until(() => begun() === 1, "the request to be under way");
        const next = await change();
        assertEquals(await visit(), 200);
        await until(
          async () => valuesOf(await ask(kept), "Connection").includes("close"),
          "the old process to say goodbye",
        );
        await until(() => kept.hasEnded, "the end of the kept connection");
        release();
        assertEquals(statusOf(await answer), 200);
        slow.close();
        kept.close();
        assertEquals((await old.proxy.ended).status, 0);
        return next;
      }

      // The new file is no good: the old process takes its ports back. A kept connection does not mind.
      const first = await start();
      const kept = dial();
      assertEquals(statusOf(await ask(kept)), 200);
      first.proxy.signal("SIGTTOU");
      await becomes(0);
      assertEquals(statusOf(await ask(kept)), 200);
      first.proxy.signal("SIGTTIN");
      await becomes(200);
      assertEquals(valuesOf(await ask(kept), "Connection"), []);
      kept.close();

      // By hand.
      const second = await witnessed(first, async () => {
        first.proxy.signal("SIGTTOU");
        await becomes(0);
        const next = await start();
        first.proxy.signal("SIGUSR1");
        return next;
      });

      // In one step, while others come and go all the time.
      const failures: number[] = [];
      let knocking = true;
      const knocks = (async () => {
        while (knocking) {
          const status = await visit();
          if (status !== 200) failures.push(status);
        }
      })();
      await witnessed(
        second,
        () => start("-sf", String(second.proxy.pid)),
      );
      knocking = false;
      await knocks;
      // Sockets that a runtime cannot take over are closed by the old process, with who waits there.
      if (runtimeName === "bun") assertEquals(failures, []);
    }),
};
