import { test } from "../testing.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { playOut } from "./play.ts";

const timeouts = `
defaults
  mode http
  balance roundrobin
  timeout connect 1s
  timeout client 30s
  timeout server 30s
`;

test("who is where: a line for each address", async () => {
  const { out, failed, left } = await playOut(`# t: t
#> c sends GET /1 to front
#>   the server sees it from 127.46.9.101
#> c sends GET /2 to back
#>   a serves it
#> 2 new clients send GET /3 to back
#>   b serves 1
${timeouts}
listen front 127.46.9.1:80
  server one 127.46.9.10:80 source 127.46.9.101
  server two 127.46.9.10:80 source 127.46.9.102
listen back 127.46.9.2:80
  server a 127.46.9.11:80
  server b 127.46.9.12:80
  server spare 127.46.9.11:80 backup
  server forward 127.46.9.1:80 backup
`);
  assertEquals([failed, left], [[], 0], out);
  assertStringIncludes(
    out,
    `
  127.46.9.1:80   sluice: front, forward
  127.46.9.2:80   sluice: back
  127.46.9.10:80  one, two
  127.46.9.11:80  a, spare
  127.46.9.12:80  b
`,
  );
  // Of two entries for one address nobody can tell which one served.
  assertMatch(out, /^\(c\) +\(sluice: front\) +\(127\.46\.9\.10:80\)$/m);
  assertMatch(out, /^ +\| >-- GET \/1 HTTP\/1.1 -+>\n +\| +\( from 127\.46\.9\.101 \)$/m);
  assertMatch(out, /^\(c\) +\(sluice: back\) +\(a\)$/m);
  // Of the servers, those of the proxy that was asked.
  assertMatch(out, /^2 requests to back: GET \/3 HTTP\/1.1\n {2}a {2}# 1\n {2}b {2}# 1\n {2}in /m);
});

test("--keep tells how to go on, with each proxy's name, and who was stopped", async () => {
  const { out, left } = await playOut(
    `# t: t
#> b stops
${timeouts}
listen front 127.46.9.1:80
  server a 127.46.9.11:80
  server b 127.46.9.12:80
listen relay 127.46.9.2:25
  mode tcp
  server a 127.46.9.11:80
`,
    {},
    { keep: true },
  );
  assertEquals(left, 0);
  assertStringIncludes(
    out,
    `
It goes on running, with 2 servers, of which the story stopped b. In another terminal:

  curl -i http://127.46.9.1:80/  # front
  nc 127.46.9.2 25  # relay
`,
  );
});

test("a server that dies within a request sends no response; the proxy's own is no damage", async () => {
  const played = (expected: string) =>
    playOut(`# t: t
#> a takes 1 s for each request
#> c begins GET /1
#> a stops
#> c waits for its response
#>   ${expected}
${timeouts}
listen web 127.46.9.1:80
  retries 0
  server a 127.46.9.11:80
`);
  const told = await played("c gets 502");
  assertEquals([told.failed, told.left], [[], 0], told.out);
  assertMatch(
    told.out,
    /^ +\| >-- GET \/1 HTTP\/1.1 -+>\n +\| <-- no response\n {2}<-- HTTP\/1.1 502 /m,
  );
  const untold = await played("a serves it");
  assertEquals(untold.failed, [
    "c waits for its response: the server's response was HTTP/1.1 200 OK, not HTTP/1.1 502 Bad Gateway",
  ]);
});

test("health checks that go through a proxy are not shown among the log's lines", async () => {
  const { out, failed } = await playOut(`# t: t
#> c sends GET /1 to front
#>   a serves it
#>   the log says * back back/a *
#> 3 s pass
#>   the log says nothing
#> 3 s pass
#>   the log says *"HEAD / HTTP/1.0"
${timeouts}
  log stdout format raw local0
  option httplog
  option httpchk HEAD / HTTP/1.0
listen front 127.46.9.1:80
  server one 127.46.9.2:80 check inter 500ms
listen back 127.46.9.2:80
  server a 127.46.9.11:80
`);
  assertEquals(failed, [], out);
  assertMatch(out, /^ {2}log .* back back\/a /m);
  assert(!/^ {2}log .*HEAD/m.test(out), out);
});
