import { test } from "../testing.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { playOut } from "./play.ts";

const relay = `
defaults
  mode tcp
  retries 0
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  log stdout format raw local0
  option tcplog
listen relay
  bind 127.46.0.1:3389,127.46.0.1:1494
  monitor-net 127.46.0.240/28
  server farm 127.46.0.10
listen other 127.46.0.1:25
  server mx1 127.46.0.20:25
  server mx2 127.46.0.21:25
`;

test("connections: who accepts them, who says and hears what, who ends", async () => {
  const { status, out, failed, left } = await playOut(`# t: t
#> anna connects to relay port 1494
#>   from 127.46.0.99
#>   farm accepts it
#> anna says hello there
#>   farm hears hello there
#>   anna hears farm: hello *
#> anna finishes
#>   ( she has said all )
#>   farm hears the end
#>   anna hears the end
#>   the log says 127.46.0.99:* relay relay/farm * -- *
#> ben connects
#>   farm accepts it
#> farm finishes
#>   ben hears the end
#> ben says still here
#>   farm hears still here
#>   ben hears nothing
#> ben hangs up
#>   farm hears the end
#>   the log says * relay/farm *
#> carla connects to other
#>   mx1 accepts it
#> dora connects to other
#>   mx2 accepts it
#> dora says one
#>   the server hears one
#>   dora hears mx2: one
${relay}`);
  assertEquals([failed, status, left], [[], 0, 0], out);
  assertMatch(out, /\(anna\) +\(sluice: relay\) +\(farm\)\n {2}>-- hello there -+> \|\n/);
  assertStringIncludes(out, "  <-- farm: hello there ---");
  assertStringIncludes(out, "( she has said all )");
  assertMatch(out, / {2}log {5}127\.46\.0\.99:\d+ \[/);
});

test("connections that end nowhere", async () => {
  const { status, out, failed, left } = await playOut(`# t: t
#> monitor connects to relay port 3389
#>   from 127.46.0.241
#>   no server sees it
#>   the connection closes
#>   the log says nothing
#> relay stops
#> anna connects to relay
#>   anna is refused
#>   anna gets nothing
#> relay starts
#> anna connects to relay
#>   farm accepts it
#> farm stops
#> anna connects to relay
#>   no server sees it
#>   the connection closes
#>   the log says * relay/farm * SC *
${relay}`);
  assertEquals([failed, status, left], [[], 0, 0], out);
});

test("what does not hold is told with what was seen instead", async () => {
  const { failed, left } = await playOut(`# t: t
#> monitor connects to relay
#>   from 127.46.0.241
#>   farm accepts it
#> anna connects to other
#>   mx2 accepts it
#>   no server sees it
#>   anna is refused
#>   the connection closes
#>   the log says *
#> anna says hello
#>   mx2 hears hello
#>   mx1 hears good bye
#>   anna hears mx2: *
#>   anna hears nothing
#>   mx1 hears the end
#>   the log says nothing
#> anna hangs up
#> anna says hello
${relay}`);
  assertEquals(failed, [
    "farm accepts it: no server accepted it: the connection was closed",
    "mx2 accepts it: mx1 accepted it",
    "no server sees it: mx1 accepted it",
    "anna is refused: the connection was accepted",
    "the connection closes: it stays open",
    "the log says *: it says nothing",
    "mx2 hears hello: mx2 heard nothing, mx1 did",
    'mx1 hears good bye: mx1 heard "hello"',
    'anna hears mx2: *: anna heard "mx1: hello"',
    "anna hears nothing: mx1: hello",
    "mx1 hears the end: mx1 has not heard it after 1 s",
    "anna says hello: anna has no connection",
  ]);
  assertEquals(left, 0);
});

test("a configuration without logs says nothing, and why", async () => {
  const { failed } = await playOut(`# t: t
#> anna connects to other
#> anna hangs up
#>   the log says *
${relay.replace(/ {2}log .*\n/, "")}`);
  assertEquals(failed, ["the log says *: the configuration has no 'log'"]);
});

test("a check is no client, whichever it is", async () => {
  const { status, out, failed, left } = await playOut(`# t: t
#> anna connects
#>   fw1 accepts it
#> 2 s pass
#> fw1 hangs
#> wait until fw1 is DOWN, at most 5 s
#>   the log says Server tunnel/fw1 is DOWN*
#> ben connects
#>   fw2 accepts it
#> ben says hello
#>   ben hears fw2: hello
#> fw1 answers again
#> wait until fw1 is UP, at most 5 s
#> anna says hello
#>   anna hears fw1: hello
listen tunnel 127.46.1.1:443
  mode tcp
  option ssl-hello-chk
  log stdout format raw local0
  timeout connect 200ms
  timeout client 30s
  timeout server 30s
  server fw1 127.46.1.2:443 check inter 100ms rise 1 fall 1
  server fw2 127.46.1.3:443 check inter 100ms rise 1 fall 1
`);
  assertEquals([failed, status, left], [[], 0, 0], out);
});

test("to a proxy of mode http lines end as HTTP has them", async () => {
  const { status, out, failed } = await playOut(`# t: t
#> anna connects
#> anna says GET / HTTP/1.0
#> anna says Via: x
#>   anna hears nothing
#> anna hangs up
#>   no server sees it
#>   the log says * web web/* CR-- *
listen web 127.46.1.4:80
  mode http
  option httplog
  log stdout format raw local0
  timeout connect 1s
  timeout client 9s
  timeout server 9s
  server webA 127.46.1.5:80
`);
  assertEquals([failed, status], [[], 0], out);
});
