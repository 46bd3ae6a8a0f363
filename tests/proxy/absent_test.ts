/** What becomes of requests that HAProxy would ask a script or an agent about; first values. */
import { assertEquals } from "@std/assert";
import { request, response, status } from "#src/simulate/message.ts";
import { test } from "../testing.ts";
import { scene, web } from "./harness.ts";

test("what comes to a script is refused; what an agent would be asked goes on", () =>
  scene(
    [web({
      httpRequest: [
        { words: ["use-service", "lua.acme", "if", "{", "path", "/service", "}"] },
        { words: ["lua.check", "x", "if", "{", "path", "/action", "}"] },
        { words: ["send-spoe-group", "waf", "all"] },
      ],
      httpResponse: [{ words: ["lua.edit", "if", "{", "status", "203", "}"] }],
    })],
    (w) => {
      let code = 200;
      const origin = w.origin("s1", () => response("", code));
      const ask = (target: string) => {
        const client = w.client().request(request(target));
        w.run();
        const [reply] = client.responses.whole;
        return [reply === undefined ? null : status(reply), w.termination];
      };
      assertEquals(ask("/"), [200, "----"]);
      assertEquals(ask("/service"), [501, "PR--"]);
      assertEquals(ask("/action"), [501, "PR--"]);
      assertEquals(origin.requests.length, 1);
      code = 203;
      assertEquals(ask("/"), [502, "PH--"]);
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
