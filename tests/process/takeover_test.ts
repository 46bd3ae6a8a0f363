import { assert, assertEquals } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Address } from "#src/net/linux/sockaddr.ts";
import { showEndpoint } from "#src/net/socket.ts";
import { takeListeners } from "#src/process/takeover.ts";
import { freshAddress } from "../binary.ts";
import { haproxy } from "../haproxy.ts";
import { nativeNetwork } from "../net/native.ts";
import { runtimeName, test } from "../testing.ts";
import { until } from "../until.ts";

const onBun = runtimeName === "bun" && nativeNetwork !== undefined;
const root = join(import.meta.dirname!, "..", "..");
const host = freshAddress();

/** A test with processes that adopt sockets, which Bun's do. */
function processTest(name: string, body: () => Promise<void>, possible = true): void {
  const skip = !onBun || !possible;
  test(`takeover: ${name}${skip ? " (SKIPPED: not here)" : ""}`, body, { skip });
}

/** A {@link file://./listening-process.ts}. */
interface Server {
  readonly process: ChildProcess;
  readonly pid: number;
  /** What it said when it began to listen. */
  readonly began: string;
  /** Has it do something. @returns what it says: "done", or an error's name */
  tell(word: string): Promise<string>;
  /** Lets it end with its connections. */
  finish(): Promise<void>;
}

/** Starts servers, and ends them after `body`. */
async function withServers(
  body: (start: (name: string, at: Address, from?: number) => Promise<Server>) => Promise<void>,
): Promise<void> {
  const children: ChildProcess[] = [];
  async function start(name: string, at: Address, from?: number): Promise<Server> {
    const child = spawn(process.execPath, [
      ...["run", "--tsconfig-override=deno.json", "--no-install"],
      join(root, "tests", "process", "listening-process.ts"),
      ...[name, JSON.stringify(at), ...from === undefined ? [] : [String(from)]],
    ], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
    children.push(child);
    let said = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => void (said += text));
    const lines = () => said.split("\n").slice(0, -1);
    const line = (index: number) => until<string>(() => lines()[index], `${name}'s line ${index}`);
    const ended = once(child, "exit");
    return {
      process: child,
      pid: child.pid!,
      began: await line(0),
      tell(word) {
        const next = line(lines().length);
        child.stdin!.write(`${word}\n`);
        return next;
      },
      async finish() {
        child.stdin!.write("finish\n");
        assertEquals(await ended, [0, null]);
      },
    };
  }
  try {
    await body(start);
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
}

/** Connects, as one that has sent its byte already. */
function knock(at: Address): Promise<net.Socket> {
  const path = at.kind === "abstract" ? `\0${at.name}` : at.kind === "unix" ? at.path : null;
  const to = path !== null || at.kind !== "ip" ? { path: path ?? "" } : at;
  return new Promise((resolve, reject) => {
    const socket: net.Socket = net.connect(to, () => {
      socket.write("?");
      resolve(socket);
    });
    socket.on("error", reject);
  });
}

/** What a server answers to one who has knocked. */
function answered(socket: net.Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed without an answer")));
    socket.once("data", (bytes) => {
      resolve(String(bytes));
      socket.removeAllListeners("close");
      socket.end();
    });
  });
}

/** A request with a connection of its own. @returns the name of who answered */
async function ask(at: Address): Promise<string> {
  return await answered(await knock(at));
}

/** Asks all the time, eight at once, until stop() tells who answered, and how often. */
function asking(at: Address) {
  const answers = new Map<string, number>();
  let stopped = false;
  let total = 0;
  async function run(): Promise<void> {
    while (!stopped) {
      let who: string;
      try {
        who = await ask(at);
      } catch (error) {
        who = String(error);
      }
      total++;
      answers.set(who, (answers.get(who) ?? 0) + 1);
    }
  }
  const all = Promise.all(Array.from({ length: 8 }, run));
  return {
    /** Waits for so many more requests. */
    more: (count: number, target = total + count) =>
      until(() => total >= target, () => `${target} requests (${total} were made)`, 30_000),
    async stop(): Promise<Map<string, number>> {
      stopped = true;
      await all;
      return answers;
    },
  };
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "takeover-test-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("takeover: Deno takes nothing, and says so", () => {
  const taken = takeListeners([1]);
  assertEquals([...taken.listeners], []);
  assertEquals(taken.failures, [
    "process 1: its sockets stay with it: this runtime cannot adopt sockets",
  ]);
  assertEquals(taken.use({ kind: "ip", host, port: 1 }, false), undefined);
  taken.closeUnused();
}, { skip: onBun });

processTest("five processes follow one another, and no request of 2,000 is lost", async () => {
  const at: Address = { kind: "ip", host, port: 8001 };
  await withServers(async (start) => {
    let server = await start("0", at);
    assertEquals(server.began, "listens");
    const clients = asking(at);
    await clients.more(400);
    for (let i = 1; i < 5; i++) {
      const next = await start(String(i), at, server.pid);
      assertEquals(next.began, "took over");
      await clients.more(100);
      await server.finish();
      await clients.more(300);
      server = next;
    }
    const answers = await clients.stop();
    assertEquals([...answers.keys()].sort(), ["0", "1", "2", "3", "4"]);
    await server.finish();
  });
});

const kinds: [string, (folder: string) => Address][] = [
  ["TCP", () => ({ kind: "ip", host, port: 8002 })],
  ["a unix socket", (folder) => ({ kind: "unix", path: join(folder, "socket") })],
  ["an abstract socket", () => ({ kind: "abstract", name: `takeover-${crypto.randomUUID()}` })],
];
for (const [kind, address] of kinds) {
  processTest(`who waits in the queue waits for the next process: ${kind}`, async () => {
    await inFolder((folder) =>
      withServers(async (start) => {
        const at = address(folder);
        const old = await start("old", at);
        await old.tell("pause");
        const waiting = await Promise.all([1, 2, 3, 4, 5].map(() => knock(at)));
        const next = await start("new", at, old.pid);
        assertEquals(next.began, "took over");
        await old.finish();
        const answers = await Promise.all(waiting.map(answered));
        assertEquals(answers, ["new", "new", "new", "new", "new"]);
        assertEquals(await ask(at), "new");
        await next.finish();
        assertEquals(readdirSync(folder), []);
      })
    );
  });

  processTest(`a socket that was taken over stays when the taker dies: ${kind}`, async () => {
    await inFolder((folder) =>
      withServers(async (start) => {
        const at = address(folder);
        const old = await start("old", at);
        const next = await start("new", at, old.pid);
        // SIGTTOU: it is the other's now, who must not lose it.
        assertEquals(await old.tell("release"), "done");
        assertEquals(await ask(at), "new");
        assertEquals(await old.tell("reclaim"), "EADDRINUSE");
        const ended = once(next.process, "exit");
        next.process.kill("SIGKILL");
        await ended;
        const waiting = await knock(at);
        assertEquals(await old.tell("reclaim"), "done");
        assertEquals(await answered(waiting), "old");
        await old.finish();
        assertEquals(readdirSync(folder), []);
      })
    );
  });
}

processTest("a taker that closes leaves the socket to who had it before", async () => {
  await withServers(async (start) => {
    const at: Address = { kind: "ip", host, port: 8007 };
    const old = await start("old", at);
    const clients = asking(at);
    await clients.more(50);
    const next = await start("new", at, old.pid);
    // While both accept, it is chance who does.
    await old.tell("pause");
    await clients.more(50);
    await old.tell("resume");
    await next.finish();
    await clients.more(50);
    const answers = await clients.stop();
    assertEquals([...answers.keys()].sort(), ["new", "old"]);
    assertEquals(await ask(at), "old");
    await old.finish();
  });
});

processTest(
  "a socket taken over by one that never accepts stays with those it was found with",
  async () => {
    await withServers(async (start) => {
      const at: Address = { kind: "ip", host, port: 8009 };
      const old = await start("old", at);
      const next = await start("new", at, old.pid);
      const taken = takeListeners([next.pid]);
      const adopt = taken.use(at, false)!;
      nativeNetwork!.listen(at, { adopt, paused: true }, () => {
        throw new Error("nobody was to connect");
      }).close();
      // The old one has connections to see out, or a grace time, and leaves only now.
      assertEquals(await old.tell("drain"), "done");
      // Both listen still, and either accepts.
      assertEquals((await ask(at)).length, 3);
      assertEquals(await old.tell("release"), "done");
      assertEquals(await ask(at), "new");
      await old.finish();
      assertEquals(await ask(at), "new");
      await next.finish();
    });
  },
);

processTest("a socket is answered again when it is taken over", async () => {
  await withServers(async (start) => {
    const at: Address = { kind: "ip", host, port: 8010 };
    const old = await start("old", at);
    assertEquals(await old.tell("drain"), "done");
    const next = await start("new", at, old.pid);
    assertEquals(next.began, "took over");
    await old.finish();
    assertEquals(await ask(at), "new");
    await next.finish();
  });
});

processTest("a taker that drains and leaves first leaves the other one answering", async () => {
  await withServers(async (start) => {
    const at: Address = { kind: "ip", host, port: 8016 };
    // As one that serves for a grace time after a reload.
    const old = await start("old", at);
    const next = await start("new", at, old.pid);
    assertEquals(await next.tell("drain"), "done");
    await next.finish();
    assertEquals(await ask(at), "old");
    await old.finish();
  });
});

processTest("who may have an address that is in use", async () => {
  await withServers(async (start) => {
    const old = await start("old", { kind: "ip", host, port: 8011 });
    const taken = takeListeners([old.pid]);
    taken.closeUnused();
    assert(taken.mayHave({ kind: "ip", host: "::", port: 8011 }));
    assert(!taken.mayHave({ kind: "ip", host, port: 8012 }));
    assert(!taken.mayHave({ kind: "unix", path: "/socket" }));
    const ended = once(old.process, "exit");
    old.process.kill("SIGKILL");
    await ended;
    // What it had may take its time to go.
    assert(takeListeners([old.pid]).mayHave({ kind: "ip", host, port: 8012 }));
  });
});

processTest("each address is taken once, by its text", async () => {
  const network = nativeNetwork!;
  const accept = () => {
    throw new Error("nobody was to connect");
  };
  await inFolder((folder) =>
    withServers(async (start) => {
      const addresses: Address[] = [
        { kind: "ip", host, port: 8003 },
        { kind: "ip", host: "0.0.0.0", port: 8741 },
        { kind: "unix", path: join(folder, "socket") },
      ];
      const ip6 = existsSync("/proc/net/if_inet6");
      if (ip6) {
        addresses.push({ kind: "ip", host: "::", port: 8742 }, {
          kind: "ip",
          host: "::1",
          port: 8741,
        });
      }
      const servers: Server[] = [];
      for (const at of addresses) servers.push(await start("old", at));
      const before = readdirSync("/proc/self/fd").length;
      const pids = servers.map(({ pid }) => pid);
      const taken = takeListeners([...pids, ...pids, process.pid]);
      assertEquals(taken.failures, []);
      assertEquals([...taken.listeners.keys()].sort(), addresses.map(showEndpoint).sort());
      assertEquals(readdirSync("/proc/self/fd").length, before + addresses.length);
      const any6: Address = { kind: "ip", host: "0::0", port: 8742 };
      // It serves IPv4 too, which is not what is asked.
      assertEquals(taken.use(any6, true), undefined);
      assertEquals(taken.listeners.has("[::]:8742"), ip6);
      const adopt = taken.use(addresses[0]!, false)!;
      assertEquals(taken.use(addresses[0]!, false), undefined);
      assertEquals(taken.listeners.size, addresses.length - 1);
      network.listen(addresses[0]!, { adopt }, accept).close();
      taken.closeUnused();
      await until(() => readdirSync("/proc/self/fd").length <= before, "all closed");
      for (const at of addresses.slice(2)) assertEquals(await ask(at), "old");
    })
  );
});

processTest("a process that is gone leaves nothing", async () => {
  const child = spawn("true");
  await once(child, "exit");
  const taken = takeListeners([child.pid!]);
  assertEquals([taken.listeners.size, taken.failures], [0, [
    `process ${child.pid}: its sockets stay with it: there is no such process`,
  ]]);
});

const setpriv = existsSync("/usr/bin/setpriv") && process.getuid?.() === 0;
processTest("another user's process keeps its sockets", async () => {
  await withServers(async (start) => {
    const at: Address = { kind: "ip", host, port: 8004 };
    const old = await start("old", at);
    const script = `const { takeListeners } = await import("${root}/src/process/takeover.ts");
      const { listeners, failures } = takeListeners([${old.pid}]);
      console.log(JSON.stringify([listeners.size, failures]));`;
    const options = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath];
    const child = spawn("setpriv", [...options, "-e", script], { env: { HOME: "/tmp" } });
    let said = "";
    child.stdout.on("data", (bytes) => said += bytes);
    await once(child, "close");
    const [size, failures] = JSON.parse(said) as [number, string[]];
    assertEquals(size, 0);
    assert(/^process \d+: its sockets stay with it: .*permi/.test(failures.join("\n")), said);
  });
}, setpriv);

processTest("HAProxy is followed without a loss", async () => {
  const at: Address = { kind: "ip", host: freshAddress(), port: 8005 };
  const server: Address = { kind: "ip", host: freshAddress(), port: 8006 };
  await inFolder(async (folder) => {
    const pidfile = join(folder, "pid");
    const file = join(folder, "haproxy.cfg");
    // It answers a byte with its name, as the others do.
    writeFileSync(
      file,
      `defaults
  mode tcp
  timeout client 5s
  timeout server 5s
  timeout connect 5s
listen l
  bind ${showEndpoint(at)}
  server s ${showEndpoint(server)}
`,
    );
    await withServers(async (start) => {
      await start("haproxy", server);
      const daemon = spawn(haproxy!, ["-D", "-f", file, "-p", pidfile], { stdio: "inherit" });
      assertEquals(await once(daemon, "exit"), [0, null]);
      const pid = Number(readFileSync(pidfile, "utf8"));
      try {
        const clients = asking(at);
        await clients.more(200);
        const next = await start("new", at, pid);
        assertEquals(next.began, "took over");
        await clients.more(200);
        process.kill(pid, "SIGUSR1");
        await until(() => !existsSync(`/proc/${pid}/fd/0`) && !alive(pid), "HAProxy's end");
        await clients.more(200);
        const answers = await clients.stop();
        assertEquals([...answers.keys()].sort(), ["haproxy", "new"]);
        await next.finish();
      } finally {
        if (alive(pid)) process.kill(pid, "SIGKILL");
      }
    });
  });
}, haproxy !== null);

function alive(pid: number): boolean {
  try {
    // proc(5): the state follows the name in brackets; Z has ended, and nobody has asked how.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
