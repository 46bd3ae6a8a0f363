import { test } from "../testing.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { playOut } from "./play.ts";

const farm = `
global
  stats socket ipv4@127.46.2.1:9999 level admin
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
listen farm
  bind 127.46.2.1:8080
  server a 127.46.2.11:8000
  server b 127.46.2.12:8000
`;

test("operators run commands, and read what is answered", async () => {
  const { status, out, failed, left } = await playOut(`# t: t
#> operator runs set server farm/a state maint
#> 4 new clients send GET / HTTP/1.1
#>   a serves 0, b 4
#> operator runs show servers conn farm
#>   operator reads farm/a *
#> operator runs set server farm/x state maint
#>   operator reads No such server.
${farm}`);
  assertEquals([failed, status, left], [[], 0, 0], out);
  assertStringIncludes(out, "      No such server.\n");
});

test("an answer that nobody expects is a failure, and so is a wrong expectation", async () => {
  const { status, out, failed } = await playOut(`# t: t
#> operator runs set server farm/x state maint
#> operator runs set server farm/a state maint
#>   operator reads No such server.
${farm}`);
  assertEquals(status, 1);
  assertEquals(failed, [
    "operator runs set server farm/x state maint: No such server.",
    "operator reads No such server.: nothing was answered",
  ], out);
});

test("without a runtime API there is nothing to run commands with", async () => {
  const { status, err } = await playOut(
    `# t: t\n#> operator runs show info\n${farm.replace(/^ {2}stats socket.*\n/m, "")}`,
  );
  assertEquals(status, 1);
  assertStringIncludes(err, "the configuration has no runtime API");
});

test("clients that keep sending lose nothing while proxies take over from each other", async () => {
  const { status, out, failed, left } = await playOut(`# t: t
#> 8 clients keep sending GET /page HTTP/1.1
#> 200 ms pass
#> a new sluice takes over
#> 200 ms pass
#> a new sluice takes over
#> a new sluice with a broken file cannot start
#> operator runs show info
#>   operator reads Pid: *
#> visitor sends GET /other HTTP/1.1
#>   visitor gets 200
#> 200 ms pass
#> they stop
#>   every request got 200
#>   they had at least 100 responses
#> the old sluice ends, at most 5 s
${farm}`);
  assertEquals([failed, status, left], [[], 0, 0], out);
  assert(/\n {2}\d{3} requests: GET \/page HTTP\/1.1\n {6}\d{3} x 200\n/.test(out), out);
});

test("what a load gets is counted, and told where it is not as expected", async () => {
  const { failed } = await playOut(`# t: t
#> 2 clients keep sending GET /page HTTP/1.1
#> a stops
#> b stops
#> 100 ms pass
#> they stop
#>   every request got 200
#>   they had at least 1000 responses
#> they stop
${farm}`);
  assertEquals(failed.length, 3, failed.join("\n"));
  assert(failed[0]!.includes("x 503"), failed[0]);
  assertEquals(failed[2], "they stop: nobody keeps sending");
});
