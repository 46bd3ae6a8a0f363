/** Every kind of address that the program listens on or connects to, and the blind relay. */
import type { Connection } from "#src/simulate/connection.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshAddress, inFolder, programTest, run, withProxy } from "../binary.ts";
import { listeningDescriptor } from "../net/native.ts";
import { latin1 } from "../latin1.ts";
import { until } from "../until.ts";
import { exchange, get, open, type Origin, startOrigin, startServer, type Target } from "./wire.ts";

const defaults = "defaults\n  mode http\n  timeout connect 1s\n  timeout client 5s\n" +
  "  timeout server 5s\n";

/** A port that the kernel gives to no client (ip_local_port_range), for addresses we share. */
const port = 10_000 + Math.floor(Math.random() * 20_000);

/** Runs a proxy before an origin at each target, and asks it. */
async function served(
  targets: readonly Target[],
  configuration: string,
  body: (origins: readonly Origin[]) => Promise<void>,
  options: Parameters<typeof withProxy>[2] = {},
): Promise<void> {
  const origins = await Promise.all(targets.map((target, i) => startOrigin(`origin ${i}`, target)));
  try {
    await withProxy(defaults + configuration, () => body(origins), options);
  } finally {
    await Promise.all(origins.map((origin) => origin.stop()));
  }
}

async function ask(target: Target): Promise<string> {
  return (await exchange(target, get("/"))).content.toString();
}

programTest(
  "unix@: a listener and a server on paths, and the path goes with the process",
  async () => {
    await inFolder(async (folder) => {
      const [front, back] = [join(folder, "front"), join(folder, "back")];
      const configuration = `listen web\n  bind unix@${front}\n  server a unix@${back}\n`;
      for (let run = 0; run < 2; run++) {
        await served([{ path: back }], configuration, async () => {
          assertEquals(await ask({ path: front }), "origin 0");
        });
        assert(!existsSync(front));
      }
    });
  },
);

programTest(
  "unix@: the path of a process that was killed is taken over, one in use is not",
  async () => {
    await inFolder(async (folder) => {
      const front = join(folder, "front");
      const configuration = `${defaults}listen web\n  bind unix@${front}\n`;
      // A listener's path stays when nobody removes it, as after a kill.
      const killed = withProxy(configuration, async (proxy) => {
        proxy.signal("SIGKILL");
        await proxy.ended;
      });
      await killed.then(() => assert(false, "killed, it cannot end well"), () => {});
      assert(existsSync(front));
      await withProxy(configuration, async () => {
        assertEquals(
          (await exchange({ path: front }, get("/"))).line,
          "HTTP/1.1 503 Service Unavailable",
        );
        const second = withProxy(configuration, () => {});
        const message = await second.then(() => "it started", String);
        assert(message.includes(`cannot bind ${front}: EADDRINUSE`), message);
        assert(existsSync(front));
      });
    });
  },
);

programTest(
  "abns@: one proxy of the process reaches the other by a name without a path",
  async () => {
    const [host, server] = [freshAddress(), freshAddress()];
    const name = `sluice-test-${process.pid}-${port}`;
    await served(
      [{ host: server, port: 8000 }],
      `listen outer\n  bind ${host}:8080\n  server inner abns@${name}\n` +
        `listen inner\n  bind abns@${name}\n  server a ${server}:8000\n`,
      async () => {
        assertEquals(await ask({ host, port: 8080 }), "origin 0");
        assert(readFileSync("/proc/net/unix", "utf8").includes(`@${name}`));
      },
    );
  },
);

programTest(
  "fd@: a listener of the parent's; who comes between two processes is served",
  async () => {
    const server = freshAddress();
    const inherited = listeningDescriptor();
    const entry = { host: "127.0.0.1", port: inherited.port };
    const spellings: [bind: string, env: Record<string, string>][] = [
      ["fd@3", {}],
      ['"fd@${LISTENER}"', { LISTENER: "3" }],
    ];
    try {
      for (const [bind, env] of spellings) {
        const early = ask(entry); // nobody accepts yet: it waits in the queue
        await served(
          [{ host: server, port: 8000 }],
          `listen web\n  bind ${bind}\n  server a ${server}:8000\n`,
          async () => {
            assertEquals(await early, "origin 0");
            assertEquals(await ask(entry), "origin 0");
          },
          { descriptors: [inherited.fd], env },
        );
      }
    } finally {
      inherited.close();
    }
  },
);

programTest("fd@: a descriptor that is none is refused", async () => {
  for (const bind of ["fd@77", '"fd@${NO_SUCH_VARIABLE}"']) {
    await inFolder(async (folder) => {
      const file = join(folder, "proxy.cfg");
      writeFileSync(file, `${defaults}listen web\n  bind ${bind}\n`);
      const { status, stdout, stderr } = await run(["-db", "-f", file]);
      assertEquals(status, 1, stdout);
      assertMatch(stderr, /fd@/);
    });
  }
});

programTest("IPv6: a listener and a server in brackets", async () => {
  await served(
    [{ host: "::1", port: port + 1 }],
    `listen web\n  bind [::1]:${port}\n  option forwardfor\n  server a [::1]:${port + 1}\n`,
    async ([origin]) => {
      assertEquals(await ask({ host: "::1", port }), "origin 0");
      assert(origin!.seen[0]!.fields.includes("X-Forwarded-For: ::1"));
    },
  );
});

programTest("a server's name is resolved at the start", async () => {
  const host = freshAddress();
  // Whichever of its two addresses localhost has here.
  await served(
    [{ host: "127.0.0.1", port: port + 2 }, { host: "::1", port: port + 2 }],
    `listen web\n  bind ${host}:8080\n  server a localhost:${port + 2}\n`,
    async (origins) => {
      assert((await ask({ host, port: 8080 })).startsWith("origin "));
      assertEquals(origins.reduce((sum, { seen }) => sum + seen.length, 0), 1);
    },
  );
});

programTest("source: the server sees the address that it names", async () => {
  const [host, server, source] = [freshAddress(), freshAddress(), freshAddress()];
  const peers: (string | undefined)[] = [];
  const target = await startServer({ host: server, port: 8000 }, (connection) => {
    peers.push(connection.socket.remoteAddress);
    connection.send("HTTP/1.0 200 OK\r\n\r\nhello").fin();
  });
  try {
    const configuration = `listen web\n  bind ${host}:8080\n` +
      `  server a ${server}:8000 source ${source}\n`;
    await withProxy(defaults + configuration, async () => {
      assertEquals(await ask({ host, port: 8080 }), "hello");
    });
    assertEquals(peers, [source]);
  } finally {
    await target.stop();
  }
});

/** Reads a connection to its end. @returns how much came, and its digest */
async function digest(connection: Connection): Promise<string> {
  await connection.until(() => false);
  if (connection.broke !== null) throw new Error(connection.broke);
  return digestOf(latin1(connection.received));
}

/** Bytes that differ from place to place. */
function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8) * seed) & 255;
  return bytes;
}

function digestOf(bytes: Uint8Array): string {
  return `${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`;
}

programTest("mode tcp: whichever side ends first, the other may go on to its own end", async () => {
  const [host, server] = [freshAddress(), freshAddress()];
  const [up, down] = [pattern(3_000_000, 7), pattern(5_000_000, 13)];
  // Each connection's content, as the server has read it; its first byte says who ends first.
  const received: Promise<string>[] = [];
  const target = await startServer({ host: server, port: 8000 }, async (connection) => {
    const all = digest(connection);
    received.push(all);
    await connection.until(() => connection.received !== "");
    if (connection.received.charCodeAt(0) === up[0]) await all;
    connection.send(down).fin();
  });
  try {
    const configuration = `listen relay\n  bind ${host}:8080\n  mode tcp\n` +
      `  server a ${server}:8000\n`;
    await withProxy(`global\n  nbthread 1\n${defaults}${configuration}`, async (proxy) => {
      // Who is answered knows that the thread is up, with all that it opens for itself.
      const one = open({ host, port: 8080 });
      one.send(up).fin();
      await digest(one);
      received.length = 0;
      const before = proxy.descriptors();
      const first = open({ host, port: 8080 });
      const answer = digest(first);
      first.send(up).fin(); // a half-close: the answer comes after it
      assertEquals(await answer, digestOf(down));
      assertEquals(await received[0], digestOf(up));

      const second = open({ host, port: 8080 });
      const rest = pattern(2_000_000, 3);
      const whole = Buffer.concat([Buffer.from("?"), rest]);
      second.send("?");
      assertEquals(await digest(second), digestOf(down)); // the server has ended, and still reads
      second.send(rest).fin();
      assertEquals(await received[1], digestOf(whole));
      await until(() => proxy.descriptors() <= before, "both connections' end");
    });
  } finally {
    await target.stop();
  }
});
