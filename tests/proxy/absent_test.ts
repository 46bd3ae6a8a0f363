/** What becomes of requests that HAProxy would ask a script or an agent about; first values. */
import { assertEquals } from "@std/assert";
import { request, response, status } from "#src/simulate/message.ts";
import { test } from "../testing.ts";
import { scene, web } from "./harness.ts";

test("what an agent would be asked goes on", () =>
  scene(
    [web({
      httpRequest: [
        { words: ["send-spoe-group", "waf", "all"] },
      ],
    })],
    (w) => {
      const origin = w.origin("s1", () => response(""));
      const client = w.client().request(request("/"));
      w.run();
      assertEquals(client.responses.whole.map(status), [200]);
      assertEquals(origin.requests.length, 1);
    },
  )());

test("variables of the process have their first values, in their order", () =>
  scene(
    [web({
      httpRequest: [{
        words: [
          ..."return status 200 content-type text/plain lf-string".split(" "),
          "%[var(proc.c)]",
        ],
      }],
    })],
    (w) => {
      const client = w.client().request(request("/"));
      w.run();
      assertEquals(client.responses.whole[0]?.content, "5, and 6");
    },
    {
      global: {
        initialVariables: [
          { name: "proc.a", format: false, words: ["int(5)"] },
          { name: "proc.b", format: false, words: ["var(proc.a),add(1)"] },
          { name: "proc.b", format: false, words: ["int(9)", "if", "{", "always_false", "}"] },
          { name: "proc.c", format: true, words: ["%[var(proc.a)], and %[var(proc.b)]"] },
        ],
      },
    },
  )());
