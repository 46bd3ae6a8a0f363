/** `retry-on`: requests are sent again, for as long as nothing of an answer has been passed on. */
import { assertEquals } from "@std/assert";
import { request, response, status } from "#src/simulate/message.ts";
import { test } from "../testing.ts";
import { type ProxyInput, type Scene, scene, server, web } from "./harness.ts";

type RetryOn = NonNullable<ProxyInput["retryOn"]>;

const retrying = (retryOn: RetryOn, settings: Partial<ProxyInput> = {}) =>
  web({
    retryOn,
    retries: 2,
    redispatch: true,
    redispatchAfter: 1,
    servers: [server("s1"), server("s2")],
    ...settings,
  });

/** The answer to a request: its status and content; and how often it was tried again. */
function ask(w: Scene, text = request("/"), ms = 10): string {
  const client = w.client().send(text);
  w.advance(ms);
  const [answer] = client.responses.whole;
  const retries = w.records.at(-1)?.retries;
  return answer === undefined
    ? "nothing"
    : `${status(answer)} ${answer.content}, ${retries} retries`;
}

const fails: Readonly<Record<string, [on: RetryOn[number], answer: string | null, ms: number]>> = {
  "a status": ["503", response("no", 503), 10],
  "a status with content to come": ["503", response("no", 503).slice(0, -1), 10],
  "no response": ["empty-response", "", 10],
  junk: ["junk-response", "SMTP at your service\r\n\r\n", 10],
  "a head that is not complete": ["junk-response", "HTTP/1.1 200 OK\r\n", 10],
  "a time-out": ["response-timeout", null, 20_100],
};

for (const [what, [on, answer, ms]] of Object.entries(fails)) {
  const play = (listed: RetryOn, expected: (got: string) => void) =>
    scene(retrying(listed), (w) => {
      w.origin("s1", (_request, connection) => {
        if (answer === null) return null;
        connection.send(answer);
        if (on !== "503") connection.close();
        return null;
      });
      w.origin("s2");
      expected(ask(w, request("/"), ms));
    });
  test(
    `retry-on ${on}: after ${what}, another server`,
    play(["conn-failure", on], (got) => assertEquals(got, "200 s2, 1 retries")),
  );
  test(
    `without it, ${what} is what the client gets`,
    play(["conn-failure"], (got) => assertEquals(got.startsWith("200"), false)),
  );
}

test(
  "retry-on: as often as 'retries' says; then what came is passed on",
  scene(retrying(["503"]), (w) => {
    const origins = ["s1", "s2"].map((name) => w.origin(name, () => response(name, 503)));
    assertEquals(ask(w), "503 s1, 2 retries");
    assertEquals(origins.map(({ connections }) => connections.length), [2, 1]);
  }),
);

test(
  "retry-on: a POST too, with its content; not one that has not all come",
  scene(retrying(["503"]), (w) => {
    w.origin("s1", () => response("no", 503));
    const s2 = w.origin("s2");
    const post = request("/", "a=b").replace("GET", "POST");
    assertEquals(ask(w, post), "200 s2, 1 retries");
    assertEquals(s2.connections[0]?.received.endsWith("a=b"), true);
  }),
);

test(
  "retry-on: a connection goes on after an answer that was tried again for",
  scene(retrying(["404", "503"]), (w) => {
    w.origin("s1", () => response("no", 404));
    w.origin("s2");
    const client = w.client();
    for (let i = 0; i < 4; i++) {
      client.send(request("/"));
      w.run();
    }
    assertEquals(client.responses.whole.map(({ content }) => content), ["s2", "s2", "s2", "s2"]);
  }),
);

test(
  "retry-on none: a connection that fails is not tried again",
  scene(retrying([], { servers: [server("s1")] }), (w) => {
    assertEquals(
      ask(w),
      "503 <html><body><h1>503 Service Unavailable</h1>\n" +
        "There is no server at the moment that could take the request.\n</body></html>\n, 0 retries",
    );
  }),
);
