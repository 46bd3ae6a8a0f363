import { test } from "../testing.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { playOut } from "./play.ts";

const farm = `
listen web 127.46.5.1:80
  mode http
  log stdout format raw local0
  option httplog
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  server a 127.46.5.11:80
`;

test("TTOU, a new start, USR1: one follows the other", async () => {
  const { failed, status, out, left } = await playOut(`# t: t
#> a takes 2 s for each request
#> early begins GET /1
#> a takes 0 ms for each request
#> sluice gets TTOU
#> c sends GET /2
#>   c is refused
#>   c gets nothing
#> a new sluice starts
#> c sends GET /3
#>   c gets 200
#> the old sluice gets USR1
#> early waits for its response
#>   early gets 200
#>   early gets Connection: close
#> the old sluice ends, at most 3 s
#> c sends GET /4
#>   c gets 200
${farm}`);
  assertEquals([failed, status, left], [[], 0, 0], out);
  assertStringIncludes(out, "* a new sluice starts  ok\n");
});

test("a start that fails: the old one goes on", async () => {
  const { failed, status, out, left } = await playOut(`# t: t
#> a new sluice cannot start
#> sluice gets TTOU
#> a new sluice with a broken file cannot start
#> sluice gets TTIN
#> c sends GET /1
#>   c gets 200
#> sluice gets HUP
#>   the log says *web/a is UP*
${farm}`);
  assertEquals([failed, status, left], [[], 0, 0], out);
});

test("a new one takes over; TERM ends at once", async () => {
  const { failed, status, out, left } = await playOut(`# t: t
#> a takes 500 ms for each request
#> early begins GET /1
#> a new sluice takes over
#> c sends GET /2
#>   c gets 200
#> early waits for its response
#>   early gets 200
#> the old sluice ends
#> sluice gets TERM
#> sluice ends, at most 1 s
#> c sends GET /3
#>   c is refused
${farm}`);
  assertEquals([failed, status, left], [[], 0, 0], out);
});

test("what does not come about is told", async () => {
  const { failed, left } = await playOut(`# t: t
#> a new sluice starts
#> the old sluice gets TTIN
#> the old sluice ends, at most 1 s
#> a takes 3 s for each request
#> c begins GET /1
#> sluice gets USR1
#> sluice ends, at most 1 s
#> a new sluice cannot start
#> the old sluice ends, at most 5 s
#> the old sluice gets HUP
${farm}`);
  assertEquals(failed.map((each) => each.replace(/: .*(in use).*/, ": $1")), [
    "a new sluice starts: in use",
    "the old sluice gets TTIN: there is none",
    "the old sluice ends, at most 1 s: there is none",
    "sluice ends, at most 1 s: it has not ended after 1 s",
    "a new sluice cannot start: it has started",
    "the old sluice gets HUP: it has ended",
  ]);
  assertEquals(left, 0);
});
