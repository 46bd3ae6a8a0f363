/** A response that rules have edited, and another rule then replaces: nothing of it is left. */
import { assertEquals } from "@std/assert";
import { request, response } from "#src/simulate/message.ts";
import { test } from "../testing.ts";
import { scene, web } from "./harness.ts";

const rule = (text: string) => ({ words: text.split(" ") });
const replacements = [
  ["return status 404 content-type text/plain string gone!", "gone!"],
  ["deny deny_status 429 content-type text/plain string later", "later"],
] as const;

for (const [replacement, content] of replacements) {
  for (const edits of [[], ["set-header X-A b"], ["del-header X-Seen", "add-header X-B c"]]) {
    for (const after of [[], [rule("set-header X-After d")]]) {
      const name = [...edits, ...after.map(() => "after"), replacement].join("; ");
      test(name, () =>
        scene(
          [web({ httpResponse: [...edits, replacement].map(rule), httpAfterResponse: after })],
          (w) => {
            w.origin("s1", () => response("from the server", 200, "X-Seen: 1"));
            const client = w.client().request(request("/"));
            w.run();
            const { whole } = client.responses;
            assertEquals(whole.map((each) => each.content), [content]);
            for (const { fields } of whole) {
              assertEquals(fields.map((field) => field.split(":")[0]!.toLowerCase()).toSorted(), [
                "content-length",
                "content-type",
                ...after.map(() => "x-after"),
              ]);
            }
          },
        )());
    }
  }
}
