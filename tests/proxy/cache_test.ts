/** Caches in the proxy: time, backpressure, responses that break off, variants, what is counted. */
import { assert, assertEquals } from "@std/assert";
import type { Cache } from "#src/config/model.ts";
import { field } from "#src/simulate/message.ts";
import { at } from "#src/stats/counters.ts";
import { facts } from "../services/facts.ts";
import { test } from "../testing.ts";
import { type ProxyInput, type Scene, scene, web } from "./harness.ts";

const caching = (more: Partial<ProxyInput> = {}) =>
  web({
    httpRequest: [{ words: ["cache-use", "main"] }],
    httpResponse: [{ words: ["cache-store", "main"] }],
    ...more,
  });
function withCache(
  play: (scene: Scene) => void,
  settings: Partial<Cache> = {},
  more: Partial<ProxyInput> = {},
  capacity = 65_536,
) {
  const caches = [{ name: "main", totalMaxSize: 1, ...settings }];
  return scene(caching(more), play, { sections: { caches }, capacity });
}
const get = (fields = "", path = "/") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const response = (content: string, ...fields: string[]) =>
  `HTTP/1.1 200 OK\r\n${
    fields.join("\r\n")
  }\r\nContent-Length: ${content.length}\r\n\r\n${content}`;
const kept = "Cache-Control: max-age=60";

test(
  "cache: a response is answered from it for as long as it says, and as the cache may",
  withCache((w) => {
    const s1 = w.origin("s1", () => response("hello", kept));
    const client = w.client();
    const ask = () => {
      client.request(get());
      w.run();
      return field(client.responses.whole.at(-1)!, "Age");
    };
    assertEquals(ask(), null);
    assertEquals(ask(), "0");
    w.advance(9000);
    assertEquals(ask(), "9");
    w.advance(11_000);
    assertEquals(ask(), null);
    assertEquals(s1.requests.length, 2);
    const { counts } = w.instance.control(facts).proxies[0]!.frontend!;
    assertEquals([counts.sum(at.cacheLookups), counts.sum(at.cacheHits)], [4, 2]);
    assertEquals(w.records.map(({ server }) => server), ["s1", "<CACHE>", "<CACHE>", "s1"]);
  }, { maxAge: 20 }),
);

const large = "0123456789abcdef".repeat(20_000);
test(
  "cache: a client that does not read stops a large answer, and gets all of it",
  withCache(
    (w) => {
      const s1 = w.origin("s1", () => response(large, kept));
      w.client().request(get());
      w.run();
      const client = w.client().request(get());
      client.stall();
      w.run();
      const other = w.client().request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      w.run();
      assertEquals(other.responses.whole.length, 1);
      client.read();
      w.run();
      const [answer] = client.responses.whole;
      assert(answer!.content === large);
      assertEquals(field(answer!, "Age"), "0");
      assertEquals(s1.requests.length, 2);
      // The POST has thrown it out, and once it was sent its room was free.
      client.request(get());
      w.run();
      assertEquals(s1.requests.length, 3);
    },
    { maxObjectSize: 400_000 },
    {},
    5000,
  ),
);

test(
  "cache: a client that leaves within an answer leaves nothing behind",
  withCache(
    (w) => {
      w.origin("s1", () => response(large, kept));
      w.client().request(get());
      w.run();
      const client = w.client().request(get());
      client.stall();
      w.run();
      const { caches } = w.instance.control(facts);
      const [entry] = caches!.get("main")!.store.list();
      assertEquals(entry!.refs, 1);
      client.reset();
      w.run();
      assertEquals(caches!.get("main")!.store.list()[0]!.refs, 0);
    },
    { maxObjectSize: 400_000 },
    {},
    5000,
  ),
);

test(
  "cache: a response that breaks off is not kept, nor one whose client leaves",
  withCache((w) => {
    const s1 = w.origin("s1", () => null);
    const { caches } = w.instance.control(facts);
    for (const breaks of ["server", "client"]) {
      const client = w.client().request(get());
      w.run();
      const connection = s1.connections.at(-1)!;
      connection.send(`HTTP/1.1 200 OK\r\n${kept}\r\nContent-Length: 9\r\n\r\nhello`);
      w.run();
      assertEquals(caches!.get("main")!.store.list().length, 1);
      if (breaks === "server") connection.reset();
      else client.reset();
      w.run();
      assertEquals(caches!.get("main")!.store.list(), []);
    }
  }),
);

test(
  "cache: variants by Referer and Origin, no more than so many",
  withCache((w) => {
    const s1 = w.origin("s1", () => response("hello", kept, "Vary: Referer, Origin"));
    const client = w.client();
    const ask = (fields: string) => {
      const before = s1.requests.length;
      client.request(get(fields));
      w.run();
      return s1.requests.length === before;
    };
    assertEquals(ask("Referer: x\r\n"), false);
    assertEquals(ask("Referer: x\r\n"), true);
    assertEquals(ask("Referer: y\r\n"), false);
    assertEquals(ask("Referer: x\r\nOrigin: o\r\n"), false);
    assertEquals(ask("Referer: y\r\n"), true);
    assertEquals(ask("Referer: x\r\n"), true);
    // A third one had no room.
    assertEquals(ask("Referer: x\r\nOrigin: o\r\n"), false);
  }, { processVary: "on", maxSecondaryEntries: 2 }),
);
