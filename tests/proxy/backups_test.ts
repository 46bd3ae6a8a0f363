/** Who serves where servers are down, disabled, of weight 0, or backups; cookies included. */
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { scene, server, web } from "./harness.ts";
import { request, status } from "#src/simulate/message.ts";
import { ask, cookie, servers, set, start } from "./two-servers.ts";

test("a server known to be down: balanced anew; with persist, tried all the same", async () => {
  const checked = [
    server("s1", { cookie: "A", check: true, inter: 1000, fall: 1 }),
    server("s2", { cookie: "B" }),
  ];
  for (const persist of [false, true]) {
    await scene(web({ servers: checked, cookie, persist, retries: 1 }), (w) => {
      w.origin("s2");
      w.advance(2000);
      const client = w.client().request(request("/", null, "Cookie: SID=A"));
      w.advance(1100);
      const { termination, server } = w.records[0]!;
      assertEquals([termination, server], persist ? ["SCDN", "s1"] : ["--DI", "s2"]);
      assertEquals(client.responses.whole.map(status), [persist ? 503 : 200]);
    })();
  }
});

test(
  "a disabled server's cookie is as good as none",
  scene(
    web({ servers: [server("s1", { cookie: "A", disabled: true }), servers[1]!], cookie }),
    (w) => {
      start(w);
      assertEquals(ask(w, "SID=A").content, "s2");
      assertEquals(w.termination, "--DI");
    },
  ),
);

test(
  "weight 0: no new clients, but those that have its cookie",
  scene(
    web({
      httpReuse: "always",
      servers: [server("s1", { cookie: "A", weight: 0 }), servers[1]!],
      cookie,
    }),
    (w) => {
      const { s1 } = start(w);
      assertEquals([ask(w), ask(w)].map(({ content }) => content), ["s2", "s2"]);
      assertEquals([ask(w, "SID=A"), ask(w, "SID=A")].map(({ content }) => content), ["s1", "s1"]);
      assertEquals(w.termination, "--VN");
      assertEquals(s1.connections.length, 1);
    },
  ),
);

test(
  "servers that share a cookie: the first one that is up",
  scene(
    web({
      servers: [
        server("s1", { cookie: "A", disabled: true }),
        server("s2", { cookie: "A" }),
        server("s3", { cookie: "A" }),
      ],
      cookie,
    }),
    (w) => {
      start(w);
      w.origin("s3");
      assertEquals([ask(w, "SID=A"), ask(w, "SID=A")].map(({ content }) => content), ["s2", "s2"]);
    },
  ),
);

test(
  "a backup without a cookie makes the client forget the one it has",
  scene(
    web({
      servers: [server("s1", { cookie: "A", disabled: true }), server("s2", { backup: true })],
      cookie,
    }),
    (w) => {
      start(w);
      const answer = ask(w, "SID=A");
      assertEquals(answer.content, "s2");
      assertEquals(set(answer), "SID=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/");
    },
  ),
);

test(
  "backups: unused while a server is up, but for their own clients",
  scene(
    web({ servers: [...servers, server("s3", { cookie: "C", backup: true })], cookie }),
    (w) => {
      start(w);
      w.origin("s3");
      assertEquals([1, 2, 3].map(() => ask(w).content), ["s1", "s2", "s1"]);
      assertEquals(ask(w, "SID=C").content, "s3");
    },
  ),
);

test("backups: the first one that is up; with allbackups, all", async () => {
  const off = (name: string) => server(name, { disabled: true });
  const backup = (name: string, disabled = false) => server(name, { backup: true, disabled });
  for (const allbackups of [false, true]) {
    await scene(
      web({
        servers: [off("s1"), backup("s2", true), backup("s3"), backup("s4")],
        allbackups,
      }),
      (w) => {
        w.origin("s3");
        w.origin("s4");
        const served = [1, 2, 3, 4].map(() => ask(w).content);
        assertEquals(served, allbackups ? ["s3", "s4", "s3", "s4"] : ["s3", "s3", "s3", "s3"]);
      },
    )();
  }
});
