/** Chapters 1 and 2: who serves whom, by cookie, address and weight. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { until } from "../until.ts";
import { failOver, farm, type ScenarioTest } from "./fixture.ts";
import { open, valuesOf } from "./wire.ts";

export const cookies: Readonly<Record<string, ScenarioTest>> = {
  "cookie-insert": farm(async (fixture) => {
    const { visit, last, address } = fixture;
    // A new visitor for each server in turn, and a cookie that names it.
    const first = await Promise.all(Array.from({ length: 8 }, () => visit("/")));
    for (const { server, setCookie } of first) {
      assertEquals(setCookie, [`SERVERID=${server.at(-1)}; path=/`]);
    }
    const twice = ["webA", "webA", "webB", "webB", "webC", "webC", "webD", "webD"];
    assertEquals(first.map(({ server }) => server).sort(), twice);

    // The cookie leads back, is not set again, and the server does not see it: only it.
    for (const letter of ["C", "A", "D", "B"]) {
      const back = await visit("/", [`Cookie: a=1; SERVERID=${letter}; b=2`]);
      assertEquals([back.server, back.setCookie], [`web${letter}`, []]);
      assertEquals(valuesOf(last(back.server), "Cookie"), ["a=1; b=2"]);
      const bare = await visit("/", [`Cookie: SERVERID=${letter}`]);
      assertEquals(valuesOf(last(bare.server), "Cookie"), []);
    }
    const unknown = await visit("/", ["Cookie: SERVERID=Z"]);
    assertEquals(unknown.setCookie.length, 1);

    // Each request of one connection is treated for itself.
    const browser = open({ host: address(1), port: 8080 });
    for (const letter of ["A", "D", "A"]) {
      const request = `GET / HTTP/1.1\r\nHost: x\r\nCookie: SERVERID=${letter}\r\n\r\n`;
      assertEquals((await browser.request(request)).content.toString(), `web${letter}`);
    }
    browser.close();

    const moved = await failOver(fixture, "webB", ["Cookie: SERVERID=B"]);
    assertEquals(moved.setCookie, [`SERVERID=${moved.server.at(-1)}; path=/`]);
  }),

  "balance-source": farm(async (fixture) => {
    const { visit } = fixture;
    const clients = Array.from({ length: 24 }, (_, i) => 100 + i);
    const home = new Map<number, string>();
    for (const client of clients) home.set(client, (await visit("/", [], { from: client })).server);
    assertEquals(new Set(home.values()).size, 4, "two dozen addresses reach all servers");
    // Without a cookie the address decides, always alike; with one, the cookie does.
    for (const client of clients) {
      assertEquals((await visit("/again", [], { from: client })).server, home.get(client));
      const back = await visit("/", ["Cookie: SERVERID=C"], { from: client });
      assertEquals([back.server, back.setCookie], ["webC", []]);
    }
    const gone = home.get(100)!;
    const moved = await failOver(fixture, gone, []);
    assertEquals((await visit("/", [])).server, moved.server);
  }),

  "cookie-prefix": farm(async (fixture) => {
    const { visit, last, address } = fixture;
    assertEquals((await visit("/")).setCookie, []);
    const { server, setCookie } = await visit("/login");
    const letter = server.at(-1);
    assertEquals(setCookie, [`JSESSIONID=${letter}~123; Path=/shop`]);
    for (let i = 0; i < 5; i++) {
      const back = await visit("/", [`Cookie: x=y; JSESSIONID=${letter}~123`]);
      assertEquals([back.server, back.setCookie], [server, []]);
      assertEquals(valuesOf(last(server), "Cookie"), ["x=y; JSESSIONID=123"]);
    }
    const stranger = await visit("/", ["Cookie: JSESSIONID=Z~55"], { from: 77 });
    assertEquals(valuesOf(last(stranger.server), "Cookie"), ["JSESSIONID=55"]);
    assertEquals(valuesOf(last(stranger.server), "X-Forwarded-For"), [address(77)]);

    // One request a connection, which both sides are told.
    const modern = open({ host: address(1), port: 8080 });
    const closing = await modern.request("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assertEquals(valuesOf(closing, "Connection"), ["close"]);
    assertEquals(valuesOf(last(closing.content.toString()), "Connection"), ["close"]);
    await until(() => modern.hasEnded, "the connection's end");
    modern.close();

    const moved = await failOver(fixture, server, [`Cookie: JSESSIONID=${letter}~123`]);
    assertEquals(valuesOf(last(moved.server), "Cookie"), ["JSESSIONID=123"]);
  }),

  weights: farm(async ({ visit }) => {
    const order: string[] = [];
    for (let i = 0; i < 152; i++) order.push((await visit("/")).server.slice(3));
    const shares = (letters: string[]) =>
      ["A", "B", "C", "D"].map((letter) => letters.filter((each) => each === letter).length);
    for (const start of [0, 76]) {
      assertEquals(shares(order.slice(start, start + 76)), [12, 12, 26, 26]);
    }
    // Well mixed: of 76 in a row, wherever one begins, no server is ever 2 off its share.
    const expected = [12, 12, 26, 26];
    for (let length = 1; length <= 76; length++) {
      const now = shares(order.slice(76, 76 + length));
      now.forEach((count, i) => assert(Math.abs(count - expected[i]! * length / 76) < 2));
    }
    assertMatch(order.join(""), /^(?!.*(C{3}|D{3}|AA|BB)).*$/, "nobody gets a burst");
    const known = await visit("/", ["Cookie: JSESSIONID=A~1"]);
    assertEquals(known.server, "webA");
  }),
};
