/** Names of fields: their case, and which of them pass on (manual: "h1-case-adjust" and kin). */
import { assert, assertEquals } from "@std/assert";
import { readCaseFile } from "#src/config/keywords/case-adjust.ts";
import { bytesOf } from "#src/bytes/bytes.ts";
import { restrictNames } from "#src/proxy/http/restrict-names.ts";
import { adjustCase, caseTable } from "#src/http/h1/case-adjust.ts";
import { HeadJournal } from "#src/http/h1/journal.ts";
import { createHead } from "#src/http/head.ts";
import { parseRequest } from "#src/http/h1/parse.ts";
import { ByteBuffer } from "#src/bytes/byte-buffer.ts";
import { request, status } from "#src/simulate/message.ts";
import { test } from "../testing.ts";
import { scene, web } from "./harness.ts";

const text = "GET / HTTP/1.1\r\nhost: a\r\nx-a: 1\r\nX_B: 2\r\nX.c: 3\r\n\r\n";

/** The head above as it is written after edits. */
function edited(
  edit: (journal: HeadJournal, head: ReturnType<typeof createHead>, bytes: Uint8Array) => void,
): string {
  const [head, bytes, journal] = [createHead(), bytesOf(text), new HeadJournal()];
  const end = parseRequest(head, bytes, 0, bytes.length);
  journal.begin(head, bytes, end);
  edit(journal, head, bytes);
  const out = new ByteBuffer(512);
  journal.write(out);
  return new TextDecoder().decode(out.bytes.subarray(0, out.length));
}

test("names that a table has are written as it says, values and others as they came", () => {
  const table = caseTable([{ from: "host", to: "Host" }, { from: "x-a", to: "X-A" }]);
  assertEquals(
    edited((journal, head, bytes) => adjustCase(journal, head, bytes, table)),
    text.replace("host:", "Host:").replace("x-a:", "X-A:"),
  );
});

test("a file of names: pairs, comments, and what is wrong in which line", () => {
  assertEquals(readCaseFile("# names\n\nhost Host # so\nx-a X-A\n"), [
    { from: "host", to: "Host" },
    { from: "x-a", to: "X-A" },
  ]);
  const wrong = readCaseFile("host Host\nx-a X-B\n");
  assert("line" in wrong && wrong.line === 2);
});

test("names with other characters than letters, digits and '-' are left out, or refused", () => {
  let accepted = true;
  const rest = edited((journal, head, bytes) => {
    accepted = restrictNames(journal, head, bytes, "delete");
  });
  assertEquals([accepted, rest], [true, text.replace("X_B: 2\r\nX.c: 3\r\n", "")]);
  edited((journal, head, bytes) => {
    accepted = restrictNames(journal, head, bytes, "reject");
  });
  assertEquals(accepted, false);
});

test(
  "option http-restrict-req-hdr-names reject: 403, and the server is not asked",
  scene(web({ httpRestrictReqHdrNames: "reject" }), (w) => {
    const s1 = w.origin("s1");
    const client = w.client().request(request("/", null, "X_A: 1"));
    w.run();
    assertEquals(client.responses.whole.map(status), [403]);
    assertEquals([s1.requests.length, w.termination], [0, "PR--"]);
  }),
);
