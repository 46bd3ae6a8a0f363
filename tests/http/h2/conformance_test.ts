/** HTTP/2 towards clients, against RFC 9113 case by case, through a whole proxy. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client } from "#src/simulate/client.ts";
import { field, response } from "#src/simulate/message.ts";
import { test } from "../../testing.ts";
import { type ProxyInput, type Scene, scene, web } from "../../proxy/harness.ts";
import { conformance } from "./cases.ts";
import { told } from "./peer.ts";

const bind: ProxyInput["bind"] = [
  { address: { kind: "ip", host: "10.0.0.1", port: 80 }, proto: "h2" },
];

/** What came back, a line each. */
function lines(client: Client): string[] {
  const { lines, answers } = told(client.received);
  for (const [stream, { sections, ended }] of answers) {
    if (ended) lines.push(`${sections.at(0)![":status"]} on ${stream}`);
  }
  return lines;
}

/** A server that answers what it is not told to be slow with. */
function origin(w: Scene) {
  return w.origin("s1", (request) => field(request, "x-slow") === null ? response("ok") : null);
}

test("conformance: there are at least 140 cases, of different names", () => {
  assert(conformance.length >= 140, String(conformance.length));
  assertEquals(new Set(conformance.map(({ name }) => name)).size, conformance.length);
});

for (const { name, send, want, server } of conformance) {
  test(
    `conformance: ${name}`,
    scene(web({ httpReuse: "always", bind }), (w) => {
      const s1 = origin(w);
      const client = w.client().send(send);
      w.run();
      const got = lines(client);
      const left = [...got];
      for (const line of want) {
        const at = left.findIndex((each) =>
          each === line || !line.includes(" ") && each.includes(line)
        );
        assert(at >= 0, `no '${line}' among: ${got.join("; ")}`);
        left.splice(at, 1);
      }
      const ends = want.some((line) => line.startsWith("goaway"));
      assertEquals(got.some((line) => line.startsWith("goaway")), ends, got.join("; "));
      assertEquals(client.hasEnded, ends);
      const received = s1.connections.map(({ received }) => received).join("");
      if (server === null) assertEquals(received, "");
      else if (server !== undefined) assertMatch(received, server);
    }),
  );
}
