/** What is kept of messages for the log, and lines before the end. */
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { scene, web } from "./harness.ts";
import { request, response } from "#src/simulate/message.ts";

test(
  "captures: fields and cookies of request and response, cut to their lengths",
  scene(
    web({
      captureRequest: [{ name: "User-Agent", len: 7 }, { name: null, len: 5 }, {
        name: "X",
        len: 9,
      }],
      captureResponse: [{ name: "Server", len: 20 }],
      captureCookie: { name: "SES", len: 10 },
    }),
    (w) => {
      w.origin("s1").answer = () =>
        response("ok", 200, "Server: origin", "Set-Cookie: SESSION=abc; path=/");
      const fields = [
        "User-Agent: Mozilla/5.0",
        "X: 1",
        "x: 2",
        "Cookie: a=1; SESSION=abcdef; b=2",
      ];
      w.client().request(request("/", null, ...fields));
      w.run();
      const { requestHeaders, responseHeaders, requestCookie, responseCookie } = w.records[0]!;
      assertEquals(requestHeaders, ["Mozilla", null, "2"]);
      assertEquals(responseHeaders, ["origin"]);
      assertEquals([requestCookie, responseCookie], ["SESSION=ab", "SESSION=ab"]);
    },
  ),
);

test(
  "option logasap: a line when the response begins, and none at the end",
  scene(web({ logasap: true }), (w) => {
    w.origin("s1");
    w.client().request(request("/"));
    w.run();
    assertEquals(w.records.length, 1);
    assertEquals([w.records[0]!.early, w.records[0]!.status], [true, 200]);
    w.advance(60_000);
    assertEquals(w.records.length, 1);
  }),
);
