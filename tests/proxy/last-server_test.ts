/** `option prefer-last-server`, dynamic cookies, `persist rdp-cookie`: which server they lead to. */
import { assertEquals } from "@std/assert";
import { field, request, response } from "#src/simulate/message.ts";
import { test } from "../testing.ts";
import { type Scene, scene, server, settle, web } from "./harness.ts";

const names = ["s1", "s2", "s3"];
const servers = names.map((name) => server(name));

/** The servers that answer so many requests of one connection. */
function served(w: Scene, count: number): string {
  const client = w.client();
  for (let i = 0; i < count; i++) {
    client.send(request("/"));
    w.run();
  }
  return client.responses.whole.map(({ content }) => content).join(" ");
}

for (const [httpReuse, expected] of [["never", "s1 s1 s1"], ["safe", "s1 s2 s3"]] as const) {
  test(
    `prefer-last-server with http-reuse ${httpReuse}: as long as the connection is the client's`,
    scene(web({ servers, httpReuse, preferLastServer: true }), (w) => {
      for (const name of names) w.origin(name);
      assertEquals(served(w, 3), expected);
    }),
  );
}

test(
  "prefer-last-server: what hashes decides itself",
  scene(web({ servers, httpReuse: "never", preferLastServer: true, balance: "hdr(X-A)" }), (w) => {
    for (const name of names) w.origin(name);
    assertEquals(served(w, 3), "s1 s2 s3");
  }),
);

test(
  "dynamic cookies: a server's follows from its address, and leads back to it",
  scene(
    web({
      servers: [server("s1", { cookie: "own" }), server("s2"), server("s3")],
      cookie: { name: "C", mode: "insert", dynamic: true, attributes: ["SameSite=Lax"] },
      dynamicCookieKey: "k",
    }),
    (w) => {
      for (const name of names) w.origin(name, () => response(name));
      const cookies = names.map(() => {
        const client = w.client().send(request("/"));
        w.run();
        return field(client.responses.whole[0]!, "Set-Cookie")!;
      });
      assertEquals(cookies[0], "C=own; path=/; SameSite=Lax");
      const [, third = ""] = /^C=([0-9a-f]{16}); path=\/; SameSite=Lax$/.exec(cookies[2]!) ?? [];
      const client = w.client().send(request("/", null, `Cookie: C=${third}`));
      w.run();
      assertEquals(client.responses.whole[0]?.content, "s3");
      assertEquals(w.records.map(({ termination }) => termination).at(-1), "--VN");
    },
  ),
);

test(
  "persist rdp-cookie: the cookie names the server",
  scene(
    web({
      mode: "tcp",
      logFormat: "tcplog",
      servers,
      persistRdpCookie: "msts",
    }),
    async (w) => {
      for (const name of names) w.origin(name, () => null);
      // 10.0.1.3, port 80, with their bytes turned.
      const cookie = `Cookie: msts=${0x0301000a}.${80 << 8}.0000\r\n`;
      const client = w.client().send(`\x03\0\0\x2b\x26\xe0\0\0\0\0\0${cookie}`);
      w.run();
      await settle(w);
      client.reset();
      await settle(w);
      assertEquals(w.records.map(({ server }) => server), ["s3"]);
    },
  ),
);

for (const pretend of [false, true]) {
  test(
    `http-pretend-keepalive ${pretend}: whether a server is told that its connection ends`,
    scene(
      web({
        servers: [server("s1")],
        connection: "server-close",
        httpPretendKeepalive: pretend,
      }),
      (w) => {
        const s1 = w.origin("s1");
        assertEquals(served(w, 2), "s1 s1");
        const told = s1.connections.map(({ received }) => /^connection: close\r$/im.test(received));
        assertEquals(told, [!pretend, !pretend]);
      },
    ),
  );
}

test(
  "max-session-srv-conns: so many of a client's own connections are kept",
  scene(web({ servers, httpReuse: "never", maxSessionSrvConns: 1 }), (w) => {
    const origins = names.map((name) => w.origin(name));
    // In turn, twice: with one kept, none is there when its server's turn comes.
    assertEquals(served(w, 6), "s1 s2 s3 s1 s2 s3");
    assertEquals(origins.map(({ connections }) => connections.length), [2, 2, 2]);
  }),
);
