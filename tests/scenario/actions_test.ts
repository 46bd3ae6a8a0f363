import { test } from "../testing.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { playOut } from "./play.ts";

const farm = `
defaults
  mode http
  option httplog
  log stdout format raw local0
  timeout connect 300ms
  timeout client 30s
  timeout server 500ms
listen web
  bind 127.46.2.1:80
  bind 127.46.2.1:8081 accept-proxy
  retries 0
  option httpchk HEAD /check HTTP/1.0
  default-server inter 100ms rise 1 fall 1
  source 127.46.2.1
  server a 127.46.2.11:80 check port 81
  server b 127.46.2.12:80 check
`;

async function holds(story: string, configuration = farm): Promise<string> {
  const { status, out, err, failed, left } = await playOut(`# t: t\n${story}${configuration}`);
  assertEquals([failed, status, err, left], [[], 0, "", 0], out);
  return out;
}

async function fails(story: string, configuration = farm): Promise<readonly string[]> {
  const { status, failed, left, out } = await playOut(`# t: t\n${story}${configuration}`);
  assertEquals([status, left], [1, 0], out);
  return failed;
}

test("a server that hangs takes connections, and answers nothing until it is told to", async () => {
  await holds(`
#> b hangs
#> wait until b is DOWN, at most 2 s
#>   the log says Server web/b is DOWN, reason: *timeout*
#> b answers again
#> wait until b is UP, at most 2 s
#> a hangs
#> c begins GET /1
#> a answers again
#> c waits for its response
#>   a serves it
#>   c gets 200
`);
});

test("a server that vanishes answers nothing at all", async () => {
  await holds(`
#> c sends GET /1
#>   a serves it
#> b vanishes
#> c sends GET /2
#>   ( no answer within the connect time-out )
#>   c gets 503
#>   no server sees it
#>   the log says * web/b * 503 * sC-- *
#> wait until b is DOWN, at most 2 s
#> b returns
#> wait until b is UP, at most 2 s
#> d sends GET /3
#>   a serves it
#> d sends GET /4
#>   b serves it
`);
});

test("where a server is checked apart, that can stop and return apart", async () => {
  await holds(`
#> a stops answering checks
#> wait until a is DOWN, at most 2 s
#>   the log says Server web/a is DOWN, reason: *refused*
#> a stops
#> a starts
#> 500 ms pass
#> c sends GET /1
#>   b serves it
#> a answers checks again
#> wait until a is UP, at most 2 s
#> a stops
#> wait until a is DOWN, at most 2 s
#> a starts
#> wait until web/a is UP, at most 2 s
`);
  assertEquals(
    await fails("#> b stops answering checks\n"),
    [
      "b stops answering checks: b is checked where it serves: " +
      "write 'b stops', or give it 'check port'",
    ],
  );
});

test("a check forwarder is a proxy, which stops and starts", async () => {
  const forwarder =
    "listen forward 127.46.2.11:81\n  mode tcp\n  option tcplog\n  dispatch 127.46.2.11:80\n";
  await holds(
    `
#> forward stops
#> wait until a is DOWN, at most 2 s
#> forward starts
#> wait until a is UP, at most 2 s
#> a stops
#> wait until a is DOWN, at most 2 s
`,
    farm + forwarder,
  );
  assertEquals(await fails("#> a answers checks again\n", farm + forwarder), [
    "a answers checks again: the proxy 'forward' answers its checks: write 'forward stops'",
  ]);
});

test("a server that is a proxy of the same file stops as that proxy", async () => {
  const out = await holds(
    `
#> c sends GET /1 to front
#>   a serves it
#> back stops
#> c sends GET /2 to front
#>   c gets 503
#> back starts
#> c sends GET /3 to front
#>   b serves it
`,
    `${farm}listen front 127.46.2.2:80\n  option httpclose\n  retries 0\n  server back 127.46.2.1:80\n`,
  );
  assertMatch(out, / 127\.46\.2\.1:80 +sluice: web, back\n/);
});

test("what requests take, as many as a server may have, and how long clients wait", async () => {
  const { out, failed, status, left, took } = await playOut(`# t: t
#> every server takes 10 ms for each request
#> 300 new clients send GET / to web at once
#>   every client gets 200
#>   x serves 100, y 200
#>   no server ever has more than 2 requests at once
#>   x never has more than 1 request at once
#>   the mean wait is at most 600 ms
#>   the 99th percentile is at most 1.1 s
#>   the log says * web/x * 200 *
#> x takes 0 ms for each request
#> c sends GET /
listen web 127.46.2.3:80
  mode http
  option httplog
  log stdout format raw local0
  option httpclose
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  server x 127.46.2.13:80 maxconn 1
  server y 127.46.2.14:80 maxconn 2
`);
  assertEquals([failed, status, left], [[], 0, 0], out);
  assertMatch(out, /waiting time: mean 0\.\d\d s, 99th percentile [01]\.\d\d s;/);
  assertStringIncludes(out.replaceAll(/\s+/g, " "), "most requests at once: x 1, y 2");
  assert(took >= 1000, "100 requests of 10 ms, one after the other");
});

test("more clients at once than the process has descriptors for are refused with the fix", async () => {
  const story = "# t: t\n#> 3000 new clients send GET / at once\n";
  const { status, out, err } = await playOut(story + farm, { descriptors: 4096 });
  assertEquals([status, out], [1, ""]);
  assertStringIncludes(err, "3000 clients at once need 12200 descriptors");
  assertStringIncludes(err, "'ulimit -n 12200'");
});

test("a link between two networks goes down and comes back", async () => {
  await holds(`
#> c sends GET /1
#>   from 127.46.3.1
#>   a serves it
#>   a sees it from 127.46.2.1
#> the link between 127.46.3.0/24 and 127.46.2.1 goes down
#> c sends GET /2
#>   from 127.46.3.1
#>   c gets nothing
#> c sends GET /3 on the same connection
#>   c gets nothing
#> d sends GET /4
#>   d gets 200
#> the link between 127.46.2.1 and 127.46.3.0/24 comes back
#> c sends GET /5
#>   from 127.46.3.1
#>   c gets 200
`);
});

test("established connections fall silent with their link, and go on with it", async () => {
  await holds(
    `
#> c connects
#>   from 127.46.3.1
#>   s accepts it
#> c says one
#>   s hears one
#>   c hears s: one
#> the link between 127.46.4.1/32 and 127.46.4.11 goes down
#> c says two
#>   s hears nothing
#> the link between 127.46.4.1 and 127.46.4.11 comes back
#>   ( neither end has noticed )
#> c says three
#>   c hears s: two
#>   c hears s: three
#> c finishes
#>   s hears the end
#>   c hears the end
`.replace("127.46.4.1/32", "127.46.4.1"),
    `listen tcp 127.46.4.1:25
  mode tcp
  timeout connect 1s
  timeout client 9s
  timeout server 9s
  source 127.46.4.1
  server s 127.46.4.11:25
`,
  );
  assertEquals(await fails("#> the link between 127.0.0.1 and 127.0.0.2 comes back\n"), [
    "the link between 127.0.0.1 and 127.0.0.2 comes back: this link is not down",
  ]);
});

test("clients that do not wait: in a queue, out of it, and served in turn", async () => {
  await holds(
    `
#> every server takes 300 ms for each request
#> busy begins GET /1
#> hasty begins GET /2
#>   with X-A: b
#> patient begins GET /3
#> hasty hangs up
#>   no server sees it
#>   ( the queue is shorter now )
#>   the log says * web/<NOSRV> * CQ-- * "GET /2 HTTP/1.1"
#> other sends GET /4
#>   x serves it
#> patient waits for its response
#>   x sees GET /3 HTTP/1.1
#>   ( in his turn )
#>   patient gets 200
#>   the connection closes
#> busy waits for its response
#>   x serves it
`,
    `listen web 127.46.2.3:80
  mode http
  option httplog
  log stdout format raw local0
  option httpclose
  option abortonclose
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  server x 127.46.2.13:80 maxconn 1
`,
  );
  const over = ["c waits for its response: c has nothing to wait for any more"];
  const again = "#> c begins GET /\n#> c waits for its response\n#> c waits for its response\n";
  assertEquals(await fails(again), over);
  const another = "#> c begins GET /\n#> c sends GET /2\n#> c waits for its response\n";
  assertEquals(await fails(another), over);
});

test("a header of the PROXY protocol goes before a request", async () => {
  await holds(`
#> c sends GET /1 HTTP/1.0 to web port 8081
#>   after the line PROXY TCP4 192.0.2.7 192.0.2.1 51000 443
#>   c gets 200
#>   the log says 192.0.2.7:51000 * 200 *
`);
});

test("a server learns on whose behalf a connection was made", async () => {
  await holds(
    `
#> c sends GET /1
#>   from 192.0.2.9
#>   old sees it on behalf of 192.0.2.9
#> c sends GET /2
#>   from 192.0.2.9
#>   new sees it on behalf of 192.0.2.9
#>   new sees it from 127.0.0.1
#> wait until new is UP
`,
    `listen web 127.46.6.1:80
  mode http
  timeout connect 1s
  timeout client 9s
  timeout server 9s
  server old 127.46.6.11:80 send-proxy
  server new 127.46.6.12:80 send-proxy-v2 check
`,
  );
});
