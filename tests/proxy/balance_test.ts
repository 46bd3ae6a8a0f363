/** What `balance` hashes on reaches it, from requests and from streams. */
import { assertEquals } from "@std/assert";
import { request } from "#src/simulate/message.ts";
import { test } from "../testing.ts";
import { balancerOf, farm } from "../balance/servers.ts";
import { hashFunctions } from "#src/bytes/hash-functions.ts";
import { bytesOf } from "#src/bytes/bytes.ts";
import { type Scene, scene, server, settle, web } from "./harness.ts";

const names = ["s1", "s2", "s3", "s4"];
const servers = names.map((name) => server(name));
const balanced = (balance: string, settings: Parameters<typeof web>[0] = {}) =>
  web({ balance, servers, ...settings });

/** The servers that answer the requests, of one connection. */
function served(w: Scene, requests: readonly string[]): string[] {
  const client = w.client();
  return requests.map((text, i) => {
    client.send(text);
    w.run();
    return client.responses.whole[i]?.content ?? "-";
  });
}

/** The server that a key of the map leads to. */
function expected(key: string): string {
  const balancer = balancerOf("uri");
  balancer.update(farm(1, 1, 1, 1));
  const bytes = bytesOf(key);
  return names[balancer.pick(hashFunctions.sdbm(bytes, 0, bytes.length), null)!.index]!;
}

test(
  "balance uri: the server follows from the path",
  scene(balanced("uri"), (w) => {
    for (const name of names) w.origin(name);
    const paths = Array.from({ length: 12 }, (_, i) => `/page/${i * 7}`);
    assertEquals(
      served(w, paths.map((path, i) => request(`${path}?n=${i}`))),
      paths.map(expected),
    );
  }),
);

test(
  "balance hdr: without the field, servers take turns",
  scene(balanced("hdr(X-Key)"), (w) => {
    for (const name of names) w.origin(name);
    const keyed = (key: string) => request("/", null, `X-Key: ${key}`);
    const bare = request("/");
    assertEquals(
      served(w, [keyed("a"), bare, keyed("b"), bare, keyed("a"), bare]),
      [expected("a"), "s1", expected("b"), "s2", expected("a"), "s3"],
    );
  }),
);

test(
  "balance url_param: of the query, or of a POST's content",
  scene(balanced("url_param id check_post"), (w) => {
    for (const name of names) w.origin(name);
    assertEquals(
      served(w, [request("/?id=7"), request("/", "a=b&id=7").replace("GET", "POST")]),
      [expected("7"), expected("7")],
    );
  }),
);

test(
  "balance uri: after a failed connect, another server",
  scene(balanced("uri", { redispatch: true, retries: 1 }), (w) => {
    const own = expected("/x");
    for (const name of names) if (name !== own) w.origin(name);
    const client = w.client().send(request("/x"));
    w.advance(1100);
    const [answer] = client.responses.whole;
    assertEquals(names.includes(answer?.content ?? ""), true);
    assertEquals(w.records[0]?.redispatched, true);
  }),
);

test(
  "balance first: the next server where one is full",
  scene(
    balanced("first", { servers: names.map((name) => server(name, { maxconn: 1 })) }),
    (w) => {
      for (const name of names) w.origin(name, () => null);
      const clients = [1, 2, 3].map(() => {
        const client = w.client().send(request("/"));
        w.run();
        return client;
      });
      for (const client of clients) client.reset();
      w.run();
      assertEquals(w.records.map(({ server }) => server), ["s1", "s2", "s3"]);
    },
  ),
);

test(
  "balance uri in mode tcp: servers take turns",
  scene(balanced("uri", { mode: "tcp", logFormat: "tcplog" }), async (w) => {
    for (const name of names) w.origin(name);
    for (let i = 0; i < 4; i++) {
      w.client().send(request("/x"));
      await settle(w);
    }
    w.advance(31_000);
    assertEquals(w.records.map(({ server }) => server).sort(), names);
  }),
);

test(
  "balance hash: an expression; without a value, servers take turns",
  scene(balanced("hash req.hdr(X-Key),lower"), (w) => {
    for (const name of names) w.origin(name);
    const keyed = (key: string) => request("/", null, `X-Key: ${key}`);
    assertEquals(
      served(w, [keyed("Ab"), request("/"), keyed("aB"), request("/")]),
      [expected("ab"), "s1", expected("ab"), "s2"],
    );
  }),
);

test(
  "balance hash: after the rules of the proxy",
  scene(
    balanced("hash path", {
      httpRequest: [{ words: ["set-path", "/set"] }],
    }),
    (w) => {
      for (const name of names) w.origin(name);
      assertEquals(served(w, [request("/a"), request("/b")]), [expected("/set"), expected("/set")]);
    },
  ),
);
