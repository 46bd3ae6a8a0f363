/** Cookie persistence from end to end: which server, what it sees, what the client gets and keeps. */
import { assertEquals } from "@std/assert";
import { formatDate } from "#src/persist/date.ts";
import { test } from "../testing.ts";
import { scene, web } from "./harness.ts";
import { field, type Message, request, response, status } from "#src/simulate/message.ts";
import { ask, cookie, servers, set, start } from "./two-servers.ts";

const seenBy = (requests: Message[]) => requests.map((message) => field(message, "cookie"));

test(
  "insert: the first answer sets the cookie, and the client comes back",
  scene(
    web({ servers, cookie }),
    (w) => {
      const { s1, s2 } = start(w);
      const first = ask(w);
      assertEquals([first.content, set(first)], ["s1", "SID=A; path=/"]);
      assertEquals([set(ask(w, "SID=A")), set(ask(w, "x=1; SID=A"))], [null, null]);
      assertEquals([s1.requests.length, s2.requests.length], [3, 0]);
      assertEquals(w.records.map(({ termination }) => termination), ["--NI", "--VN", "--VN"]);
      assertEquals(seenBy(s1.requests), [null, "SID=A", "x=1; SID=A"]);
    },
  ),
);

test(
  "insert indirect: the servers never see it, and theirs of that name never passes",
  scene(
    web({ servers, cookie: { ...cookie, indirect: true, nocache: true } }),
    (w) => {
      const { s2 } = start(w, () => response("x", 200, "Set-Cookie: SID=mine", "Set-Cookie: b=1"));
      const kept = ask(w, "a=1; SID=B; c=3");
      assertEquals(set(kept), "b=1");
      assertEquals(seenBy(s2.requests), ["a=1; c=3"]);
      assertEquals(w.termination, "--VD");
      const fresh = ask(w);
      assertEquals(fresh.fields.slice(1), [
        "Set-Cookie: b=1",
        "Set-Cookie: SID=A; path=/",
        "Cache-Control: private",
      ]);
      assertEquals(w.termination, "--NI");
    },
  ),
);

test(
  "insert: each request of a connection goes where its own cookie says",
  scene(
    web({ servers, cookie }),
    (w) => {
      start(w);
      const client = w.client();
      for (const value of ["B", "A", "B", "B"]) {
        client.request(request("/", null, `Cookie: SID=${value}`));
      }
      w.run();
      assertEquals(client.responses.whole.map(({ content }) => content), ["s2", "s1", "s2", "s2"]);
    },
  ),
);

test(
  "insert: an unknown value is balanced, and replaced",
  scene(web({ servers, cookie }), (w) => {
    start(w);
    const answer = ask(w, "SID=Z");
    assertEquals([answer.content, set(answer)], ["s1", "SID=A; path=/"]);
    assertEquals(w.termination, "--II");
  }),
);

test(
  "insert: a server that refuses is left for another, whose cookie the client gets",
  scene(
    web({ servers, cookie, redispatch: true, retries: 2 }),
    (w) => {
      w.origin("s2");
      const client = w.client().request(request("/", null, "Cookie: SID=A"));
      w.advance(1100);
      const [answer] = client.responses.whole;
      assertEquals([answer!.content, set(answer!)], ["s2", "SID=B; path=/"]);
      const { termination, retries, redispatched, timeQueue } = w.records[0]!;
      assertEquals([termination, retries, redispatched], ["--DI", 2, true]);
      assertEquals(timeQueue >= 1000 && timeQueue < 1018, true);
    },
  ),
);

test(
  "insert: without redispatch the client stays with its server, come what may",
  scene(
    web({ servers, cookie, retries: 1 }),
    (w) => {
      w.origin("s2");
      const client = w.client().request(request("/", null, "Cookie: SID=A"));
      w.advance(1100);
      assertEquals(client.responses.whole.map(status), [503]);
      assertEquals(w.termination, "SCVN");
      assertEquals(w.records[0]!.server, "s1");
    },
  ),
);

test(
  "prefix: put on for the client, taken off for the server",
  scene(
    web({ servers, cookie: { name: "APP", mode: "prefix" } }),
    (w) => {
      const { s1, s2 } = start(
        w,
        ({ line }) =>
          line.includes("login")
            ? response("in", 200, "Set-Cookie: APP=55; Path=/x")
            : response("x"),
      );
      const login = ask(w, null, "/login");
      assertEquals(set(login), "APP=A~55; Path=/x");
      assertEquals(w.termination, "--NR");
      assertEquals(set(ask(w, "a=1; APP=A~55")), null);
      assertEquals(seenBy(s1.requests), [null, "a=1; APP=55"]);
      assertEquals(w.termination, "--VN");
      ask(w, "APP=Z~55");
      assertEquals(w.termination, "--IN");
      assertEquals(seenBy(s2.requests), ["APP=55"]);
    },
  ),
);

test(
  "rewrite: the server's own cookie names it",
  scene(
    web({ servers, cookie: { name: "SID", mode: "rewrite" } }),
    (w) => {
      start(w, () => response("x", 200, "Set-Cookie: SID=0; path=/app", "Set-Cookie: o=1"));
      assertEquals(ask(w).fields.slice(1), ["Set-Cookie: SID=A; path=/app", "Set-Cookie: o=1"]);
      assertEquals(w.termination, "--NR");
      assertEquals(set(ask(w, "SID=B")), "SID=B; path=/app");
      assertEquals(w.records[1]!.server, "s2");
      assertEquals(w.termination, "--VR");
    },
  ),
);

test(
  "passive: what the servers set is read, and nothing is touched",
  scene(
    web({ servers, cookie: { name: "SID" } }),
    (w) => {
      const { s2 } = start(w, () => response("x", 200, "Set-Cookie: SID=B; path=/"));
      assertEquals(set(ask(w)), "SID=B; path=/");
      assertEquals(w.termination, "----");
      ask(w, "SID=B");
      assertEquals(w.records[1]!.server, "s2");
      assertEquals(w.termination, "----");
      assertEquals(seenBy(s2.requests), ["SID=B"]);
    },
  ),
);

test(
  "postonly: a cookie for those who post",
  scene(
    web({ servers, cookie: { ...cookie, postonly: true } }),
    (w) => {
      start(w);
      assertEquals(set(ask(w)), null);
      assertEquals(w.termination, "--NN");
      const client = w.client().request(request("/", "form"));
      w.run();
      assertEquals(set(client.responses.whole[0]!), "SID=B; path=/");
      assertEquals(w.termination, "--NI");
    },
  ),
);

test(
  "maxidle and maxlife: dates are given, renewed, and expire",
  scene(
    web({ servers, cookie: { ...cookie, maxidle: 60, maxlife: 200 } }),
    (w) => {
      const { s1 } = start(w);
      const value = (message: Message) => set(message)!.split(";")[0]!;
      let have = value(ask(w));
      for (let i = 0; i < 3; i++) {
        w.advance(50_000);
        const answer = ask(w, have);
        assertEquals([answer.content, w.termination], ["s1", "--VU"]);
        have = value(answer);
      }
      w.advance(40_000);
      have = value(ask(w, have));
      w.advance(30_000);
      // 220 s old, though used 30 s ago.
      ask(w, have);
      assertEquals(w.termination, "--OI");
      assertEquals(s1.requests.length, 5);
      have = value(ask(w, null));
      w.advance(70_000);
      ask(w, have);
      assertEquals(w.termination, "--EI");
    },
  ),
);

test(
  "maxidle and maxlife: an old one is old before it is idle, and the far future is no date",
  scene(
    web({ servers, cookie: { ...cookie, maxidle: 60, maxlife: 200 } }),
    (w) => {
      start(w);
      const state = (last: number, first: number) => {
        const dates = [last, first].map((ahead) => formatDate(1_700_000_000 + ahead));
        ask(w, `SID=B|${dates.join("|")}`);
        return w.termination;
      };
      assertEquals(state(-20, -100), "--VU");
      assertEquals(state(-100, -100), "--EI");
      assertEquals(state(-100, -300), "--OI");
      assertEquals(state(3600, 3600), "--VN");
      assertEquals(state(90_000, 3600), "--EI");
      assertEquals(state(3600, 90_000), "--OI");
    },
  ),
);
