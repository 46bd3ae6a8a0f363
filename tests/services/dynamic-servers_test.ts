/** Servers that come and go while the proxy runs: "add server", "del server" of the runtime API. */
import { assert, assertEquals } from "@std/assert";
import type { BackendControl } from "#src/services/control.ts";
import { type Scene, scene, server, web } from "../proxy/harness.ts";
import { test } from "../testing.ts";
import { facts } from "./facts.ts";

const checked = { check: true, inter: 1000, rise: 1, fall: 2 } as const;

/** The backend of a scene with one proxy. */
const backendOf = ({ instance }: Scene) => instance.control(facts).proxies[0]!.backend!;

const find = (backend: BackendControl, name: string) =>
  backend.servers.find((each) => each.name === name)!;

/** The answers to so many requests. */
function ask(w: Scene, count: number): string[] {
  const answers: string[] = [];
  for (let i = 0; i < count; i++) {
    const client = w.client();
    client.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    w.advance(2);
    answers.push(/\r\n\r\n(.*)$/s.exec(client.received)?.[1] ?? "");
    client.close();
    w.run();
  }
  return answers;
}

for (const balance of ["roundrobin", "leastconn", "first", "random", "source"]) {
  test(
    `a server that is added takes its share, and one that is removed no more: ${balance}`,
    scene(web({ balance, hashType: "consistent" }), async (w) => {
      w.origin("s1");
      w.origin("s2");
      const backend = backendOf(w);
      assertEquals(await backend.addServer("s2", ["10.0.1.2:80", "weight", "3"]), null);
      assertEquals(ask(w, 4), ["s1", "s1", "s1", "s1"]);
      find(backend, "s2").setMaintenance(false);
      find(backend, "s1").setMaintenance(true);
      assertEquals(ask(w, 2), ["s2", "s2"]);
      find(backend, "s1").setMaintenance(false);
      if (balance === "roundrobin") {
        assertEquals(ask(w, 8).filter((name) => name === "s2").length, 6);
      }
      assertEquals(
        await backend.removeServer(find(backend, "s2")),
        "Only servers in maintenance mode can be deleted.",
      );
      find(backend, "s2").setMaintenance(true);
      assertEquals(await backend.removeServer(find(backend, "s2")), null);
      assertEquals(backend.servers.map(({ name }) => name), ["s1"]);
      assertEquals(ask(w, 2), ["s1", "s1"]);
      // Its place, and its number, are free again.
      assertEquals(await backend.addServer("s2", ["10.0.1.2:80", "enabled"]), null);
      assertEquals(find(backend, "s2").id, 2);
      find(backend, "s1").setMaintenance(true);
      assertEquals(ask(w, 1), ["s2"]);
    }),
  );
}

test(
  "checks of a server that is added begin when somebody says so",
  scene(web(), async (w) => {
    w.origin("s1");
    const backend = backendOf(w);
    await backend.addServer("s2", ["10.0.1.2:80", "check", "inter", "1s", "fall", "1"]);
    const added = find(backend, "s2");
    added.setMaintenance(false);
    w.advance(3000);
    assertEquals(added.up, true);
    added.setChecks(true);
    w.advance(3000);
    // Nothing listens there.
    assertEquals([added.up, added.check?.last?.status], [false, "L4CON"]);
    w.origin("s2");
    w.advance(3000);
    assertEquals(added.up, true);
    added.setMaintenance(true);
    assertEquals(await backend.removeServer(added), null);
  }),
);

test(
  "what cannot be added, in HAProxy's words",
  scene(
    web({ servers: [server("s1"), server("s2", { track: "s1" })] }),
    async (w) => {
      const backend = backendOf(w);
      const add = (name: string, ...words: string[]) => backend.addServer(name, words);
      assertEquals(
        await add("s1", "10.0.1.1:80"),
        "Already exists a server with the same name in backend.\n",
      );
      assertEquals(
        await add("s3"),
        "'server' expects <name> and <addr>[:<port>] as arguments.\n",
      );
      assertEquals(
        await add("s3", "10.0.1.3:80", "resolvers", "x"),
        "'resolvers' option is not accepted for dynamic server\n",
      );
      assertEquals(
        await add("s3", "10.0.1.3:80", "id", "1"),
        "'id' : custom id 1 already used by server 's1'.\n",
      );
      assertEquals(await add("s3", "10.0.1.3:80", "fou"), "unknown keyword 'fou' for a server\n");
      assertEquals(await add("s3", "10.0.1.3:80", "track", "s1"), null);
      assertEquals(
        await add("s4", "10.0.1.3:80", "track", "s3"),
        "unable to use web/s3 for tracking as it is a dynamic server.\n",
      );
      assertEquals(
        await backend.removeServer(find(backend, "s1")),
        "This server cannot be removed at runtime due to other configuration elements pointing to it.",
      );
    },
  ),
);

test(
  "algorithms that hold still take no server",
  scene(web({ balance: "static-rr" }), async (w) => {
    assertEquals(
      await backendOf(w).addServer("s2", ["10.0.1.2:80"]),
      "Backend must use a dynamic load balancing to support dynamic servers.",
    );
  }),
);

test(
  "a server with sessions stays",
  scene(web(), async (w) => {
    w.origin("s1", () => null);
    const client = w.client();
    client.request("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    w.advance(2);
    const backend = backendOf(w);
    const only = find(backend, "s1");
    only.setMaintenance(true);
    assertEquals(
      await backend.removeServer(only),
      "Server still has connections attached to it, cannot remove it.",
    );
    client.reset();
    w.advance(2);
  }),
);

test(
  "where a server is checked is set by hand, for it alone",
  scene(
    web({ servers: [server("s1", checked), { ...server("s1", checked), name: "other" }] }),
    (w) => {
      w.origin("s1");
      const backend = backendOf(w);
      w.advance(2000);
      // Their checks are the same, and so there is one for both.
      find(backend, "s1").setCheckedAt({ port: 81 });
      w.advance(5000);
      assertEquals(backend.servers.map(({ up }) => up), [false, true]);
      find(backend, "s1").setCheckedAt({ port: 80 });
      w.advance(5000);
      assertEquals(backend.servers.map(({ up }) => up), [true, true]);
    },
  ),
);

test(
  "dynamic cookies: by another key, and no more",
  scene(
    web({ cookie: { name: "S", mode: "insert", dynamic: true }, dynamicCookieKey: "one" }),
    (w) => {
      const backend = backendOf(w);
      const cookie = () => backend.servers[0]!.cookie;
      const first = cookie();
      assertEquals(typeof first, "string");
      backend.setDynamicCookieKey("two");
      assert(cookie() !== null && cookie() !== first);
      backend.setDynamicCookie(false);
      assertEquals(cookie(), null);
      backend.setDynamicCookie(true);
      backend.setDynamicCookieKey("one");
      assertEquals(cookie(), first);
    },
  ),
);
