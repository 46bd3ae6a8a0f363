import { test } from "../testing.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { NameServer } from "#src/simulate/name-server.ts";
import { playOut } from "./play.ts";

const cluster = `
resolvers dns
  nameserver one 127.46.4.53:8053
  timeout resolve 100ms
  timeout retry 100ms
  hold valid 50ms
  hold nx 50ms
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
listen web
  bind 127.46.4.1:8080
  server-template app 1-3 app.test:8000 check inter 100ms resolvers dns init-addr none
`;

test("a name server knows addresses, and servers are there", async () => {
  const { status, out, failed, left } = await playOut(`# t: t
#> visitor sends GET / HTTP/1.1
#>   visitor gets 503
#> the name server knows app.test at 127.46.4.11 and 127.46.4.12
#> wait until 127.46.4.12:8000 is UP, at most 2 s
#> 4 new clients send GET / HTTP/1.1
#>   127.46.4.11:8000 serves 2, 127.46.4.12:8000 2
#> 127.46.4.11:8000 stops
#> wait until 127.46.4.11:8000 is DOWN, at most 2 s
#> the name server stops
#> 300 ms pass
#> visitor sends GET / HTTP/1.1
#>   127.46.4.12:8000 serves it
#> the name server starts
#> the name server forgets app.test
#> wait until 127.46.4.12:8000 is DOWN, at most 2 s
${cluster}`);
  assertEquals([failed, status, left], [[], 0, 0], out);
  assertStringIncludes(out, "127.46.4.12:8000  found by its name\n");
});

test("without resolvers there is no name server; what is no address is refused", async () => {
  const none = await playOut(`# t: t
#> the name server forgets app.test
listen web
  bind 127.46.4.1:8080
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  server a 127.46.4.11:8000
`);
  assertEquals(none.failed.length, 1);
  assertStringIncludes(none.failed[0]!, "has no 'resolvers'");
  const wrong = await playOut(`# t: t\n#> the name server knows app.test at nowhere\n${cluster}`);
  assertStringIncludes(wrong.err, "'nowhere' is no address");
});

test("answers: by type, of names in any case, and none to what is no question", () => {
  let ask: (query: Uint8Array) => Uint8Array | null = () => null;
  const server = new NameServer({ kind: "ip", host: "127.0.0.1", port: 53 }, (_, receive) => {
    ask = (query) => {
      let answered: Uint8Array | null = null;
      receive(query, (bytes) => answered = bytes);
      return answered;
    };
    return () => ask = () => null;
  });
  server.start();
  server.know("a.test", ["10.1.2.3", "::1"]);
  const query = (name: string, type: number) =>
    new Uint8Array([
      ...[0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
      ...name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]),
      ...[0, 0, type, 0, 1],
    ]);
  const four = [...ask(query("A.Test", 1))!];
  assertEquals(four.slice(0, 8), [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1]);
  assertEquals(four.slice(-6), [0, 4, 10, 1, 2, 3]);
  const six = [...ask(query("a.test", 28))!];
  assertEquals(six.slice(-18), [0, 16, ...Array(15).fill(0), 1]);
  // Known, without such an address; and not known.
  assertEquals([...ask(query("a.test", 33))!].slice(2, 8), [0x81, 0x80, 0, 1, 0, 0]);
  assertEquals([...ask(query("b.test", 1))!].slice(2, 8), [0x81, 0x83, 0, 1, 0, 0]);
  assertEquals(ask(query("a.test", 1).subarray(0, 15)), null);
  server.stop();
  assertEquals(ask(query("a.test", 1)), null);
});
