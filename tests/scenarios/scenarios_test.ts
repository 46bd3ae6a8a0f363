/**
 * Each scenario on the wire: the architecture does what its comment says, seen by plain clients
 * and servers, whatever its own story says.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { scenarios } from "#src/commands/scenarios.ts";
import { freshNetwork, programTest, withProxy } from "../binary.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";
import {
  exchange,
  get,
  type Message,
  open,
  type Origin,
  response,
  startOrigin,
  statusOf,
  valuesOf,
} from "./wire.ts";

/** A scenario's proxy and its four servers. */
interface Stage {
  readonly origins: readonly Origin[];
  /** A request on a connection of its own. @param client the last number of its address */
  visit(uri: string, fields?: string[], client?: number): Promise<Visit>;
  /** The proxy's address. */
  readonly entry: { host: string; port: number };
  /** What a server got last. */
  last(server: string): Message;
}

/** What came back. */
interface Visit {
  /** The server that answered. */
  readonly server: string;
  readonly status: number;
  readonly message: Message;
  readonly setCookie: string[];
}

/** Answers with the server's name; /login sets the application's own cookie. */
function application(name: string): (request: Message) => ReturnType<typeof response> {
  return ({ line }) =>
    response(name, ...line.includes("/login") ? ["Set-Cookie: JSESSIONID=123; Path=/shop"] : []);
}

/**
 * Plays on a copy of the scenario whose addresses are this test's own, and whose checks come faster
 * than anybody needs.
 */
async function play(text: string, body: (stage: Stage) => Promise<void>): Promise<void> {
  const network = freshNetwork();
  const configuration = text.replaceAll(/\b127\.0\.\d+\.(?=\d)/g, `${network}.`)
    .replace(/^( +)server /m, "$1default-server inter 200ms fastinter 50ms\n$&");
  const entry = { host: `${network}.1`, port: 8080 };
  const origins = await Promise.all(["A", "B", "C", "D"].map((letter, i) => {
    const name = `web${letter}`;
    return startOrigin(name, { host: `${network}.${11 + i}`, port: 8000 }, application(name));
  }));
  const stage: Stage = {
    origins,
    entry,
    async visit(uri, fields = [], client = 100) {
      const target = { ...entry, localAddress: `${network}.${client}` };
      const message = await exchange(target, get(uri, ...fields));
      return {
        server: message.content.toString(),
        status: statusOf(message),
        message,
        setCookie: valuesOf(message, "Set-Cookie"),
      };
    },
    last: (server) => origins.find(({ name }) => name === server)!.seen.at(-1)!,
  };
  try {
    await withProxy(configuration, () => body(stage));
  } finally {
    await Promise.all(origins.map((origin) => origin.stop()));
  }
}

/** Ends a server, and waits until a visitor who was bound to it is served by another. */
async function failOver(
  { origins, visit }: Stage,
  server: string,
  fields: string[],
): Promise<Visit> {
  await origins.find(({ name }) => name === server)!.stop();
  // Until the checks have seen it, a request waits for its retries, and gets 503: so many at once.
  let moved: Visit | undefined;
  const took = (visit: Visit) => void (visit.status === 200 && (moved ??= visit));
  const found = await until(() => {
    visit("/after", fields).then(took, () => {}); // the proxy's end cuts off who still waits
    return moved;
  }, "another server to take over");
  assert(found.server !== server);
  return found;
}

const played: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  async "cookie-insert"(stage) {
    const { visit, last, entry } = stage;
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
    const browser = open(entry);
    for (const letter of ["A", "D", "A"]) {
      const request = `GET / HTTP/1.1\r\nHost: x\r\nCookie: SERVERID=${letter}\r\n\r\n`;
      assertEquals((await browser.request(request)).content.toString(), `web${letter}`);
    }
    browser.close();

    const moved = await failOver(stage, "webB", ["Cookie: SERVERID=B"]);
    assertEquals(moved.setCookie, [`SERVERID=${moved.server.at(-1)}; path=/`]);
  },

  async "balance-source"(stage) {
    const { visit } = stage;
    const clients = Array.from({ length: 24 }, (_, i) => 100 + i);
    const home = new Map<number, string>();
    for (const client of clients) home.set(client, (await visit("/", [], client)).server);
    assertEquals(new Set(home.values()).size, 4, "two dozen addresses reach all servers");
    // Without a cookie the address decides, always alike; with one, the cookie does.
    for (const client of clients) {
      assertEquals((await visit("/again", [], client)).server, home.get(client));
      const back = await visit("/", ["Cookie: SERVERID=C"], client);
      assertEquals([back.server, back.setCookie], ["webC", []]);
    }
    const gone = home.get(100)!;
    const moved = await failOver(stage, gone, []);
    assertEquals((await visit("/", [])).server, moved.server);
  },

  async "cookie-prefix"(stage) {
    const { visit, last, entry } = stage;
    assertEquals((await visit("/")).setCookie, []);
    const { server, setCookie } = await visit("/login");
    const letter = server.at(-1);
    assertEquals(setCookie, [`JSESSIONID=${letter}~123; Path=/shop`]);
    for (let i = 0; i < 5; i++) {
      const back = await visit("/", [`Cookie: x=y; JSESSIONID=${letter}~123`]);
      assertEquals([back.server, back.setCookie], [server, []]);
      assertEquals(valuesOf(last(server), "Cookie"), ["x=y; JSESSIONID=123"]);
    }
    const stranger = await visit("/", ["Cookie: JSESSIONID=Z~55"], 77);
    assertEquals(valuesOf(last(stranger.server), "Cookie"), ["JSESSIONID=55"]);
    const client = entry.host.replace(/1$/, "77");
    assertEquals(valuesOf(last(stranger.server), "X-Forwarded-For"), [client]);

    // One request a connection, which both sides are told.
    const modern = open(entry);
    const closing = await modern.request("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assertEquals(valuesOf(closing, "Connection"), ["close"]);
    assertEquals(valuesOf(last(closing.content.toString()), "Connection"), ["close"]);
    await until(() => modern.socket.readableEnded, "the connection's end");
    modern.close();

    const moved = await failOver(stage, server, [`Cookie: JSESSIONID=${letter}~123`]);
    assertEquals(valuesOf(last(moved.server), "Cookie"), ["JSESSIONID=123"]);
  },

  async weights({ visit }) {
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
  },
};

test("every scenario is played on the wire", () => {
  assertEquals(Object.keys(played).sort(), scenarios().map(({ name }) => name));
});

for (const { name, text } of scenarios()) {
  const body = played[name];
  if (body !== undefined) programTest(`${name} does what it says`, () => play(text, body));
}
