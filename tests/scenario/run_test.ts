import { test } from "../testing.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Host, type RunOptions, runScenario } from "#src/scenario/run.ts";
import type { Instance } from "#src/simulate/instances.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import { SocketError } from "#src/net/socket.ts";
import { systemClock } from "#src/time/clock.ts";
import { type Flaw, noSignals, toyBalancer } from "./balancer.ts";

const webfarm = `
defaults
  timeout connect 1s
  timeout client 1s
  timeout server 1s
listen webfarm 127.0.0.1:8080
  mode http
  option httpchk HEAD /index.html
  cookie SERVERID insert indirect
  server webA 127.0.0.11:8000 cookie A
  server webB 127.0.0.12:8000
`;

const story = `# toy: a toy
#> ( It begins. )
#> == One ==
#> browser sends GET /1 HTTP/1.0
#>   webA sees GET /1 HTTP/1.0
#>   browser gets Set-Cookie: SERVERID=webA
#> browser sends GET /2
#>   the same server sees no Cookie
#>   browser gets no Set-Cookie
#> browser sends GET /3 on the same connection
#>   the server answers with X-Odd: 1
#>   webA serves it
#>   browser gets X-Odd: 1
#> == Two ==
#> 4 new clients send GET / HTTP/1.0 at once
#>   webA serves 2, webB 2
#>   every client gets 200
#> webA stops
#> browser sends GET /4
#>   no server sees it
#>   browser gets 503
#> wait until webA is DOWN
#> browser sends GET /5
#>   another server serves it
#>   browser gets Set-Cookie: SERVERID=webB
#> webA starts
#> wait until webA is UP, at most 5 s
#> every server answers /5 with 404
#> 3 ms pass
#> browser sends GET /5
#>   webB serves it
#>   browser gets 404
#> shy accepts no cookies
#> shy sends GET /6
#> shy sends GET /6
#>   another server serves it
`;

interface Result {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  /** Sockets that are left open. */
  readonly left: number;
}

async function run(
  text: string,
  options: RunOptions = {},
  { flaw = null as Flaw, ...more }: Partial<Host> & { flaw?: Flaw } = {},
): Promise<Result> {
  const network = memoryNetwork();
  let out = "";
  let err = "";
  const host: Host = {
    network,
    clock: systemClock,
    simulated: false,
    descriptors: null,
    start: (configuration) => toyBalancer(network, configuration, flaw),
    write: (words) => out += words,
    printError: (words) => err += words,
    terminal: false,
    columns: 80,
    env: {},
    interrupted: () => Promise.reject(new Error("nobody is to be asked")),
    complete: (work) => work,
    ...more,
  };
  const status = await runScenario({ name: "s.cfg", text: text + webfarm }, options, host);
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  return { status, out, err, left: network.openSockets };
}

test("a story whose expectations hold is drawn, and ends well", async () => {
  const { status, out, err, left } = await run(story);
  assertEquals([status, err, left], [0, "", 0], out);
  assert(out.startsWith("toy: a toy\n\n  127.0.0.1:8080   sluice: webfarm\n"));
  assertStringIncludes(out, "\n  It begins.\n\n== One ==\n\n(browser)");
  assertStringIncludes(out, "(browser, same connection)");
  assertStringIncludes(out, "\n* wait until webA is DOWN ... 0.");
  assertStringIncludes(out, "\ns.cfg: all 17 expectations held (");
  assert(!out.includes("\x1b"), "no colour in a pipe");
});

test("--check prints the verdicts and nothing else", async () => {
  const { status, out } = await run(story, { check: true });
  assertEquals(status, 0);
  const lines = out.trimEnd().split("\n");
  assertEquals(lines.length, 18);
  assert(lines.slice(0, -1).every((line) => line.startsWith("  ok      ")), out);
});

test("what does not hold is told with what was seen, and the exit status is 1", async () => {
  const cookie = await run(story, { check: true }, { flaw: "forwards its cookie" });
  assertEquals(cookie.status, 1);
  assertStringIncludes(
    cookie.out,
    "  FAILED  the same server sees no Cookie  (s.cfg:8)\n" +
      "          instead: Cookie: SERVERID=webA\n",
  );
  assertStringIncludes(cookie.out, "s.cfg: 1 of 17 expectations FAILED");

  const content = await run("#> b sends GET /\n", { check: true }, { flaw: "garbles content" });
  assertEquals(content.status, 1);
  assertStringIncludes(content.out, `the client's "WEBA\\n"`);

  const wait = await run("#> wait until webB is DOWN at most 40ms\n");
  assertEquals(wait.status, 1);
  assertStringIncludes(wait.out, "instead: it is still UP after 0.04 s");
});

test("a server that listens already is used, and said to be no part of the play", async () => {
  const network = memoryNetwork();
  const real = network.listen({ kind: "ip", host: "127.0.0.12", port: 8000 }, {}, () => {
    throw new Error("it is not to be connected to");
  });
  let out = "";
  const { status } = await run("#> webB stops\n#> b sends GET /\n#>   webA serves it\n", {}, {
    network,
    start: (configuration) => toyBalancer(network, configuration),
    write: (words) => out += words,
  });
  real.close();
  assertEquals(status, 1);
  assertStringIncludes(out, "  127.0.0.12:8000  webB (a server that listens there already)\n");
  assertStringIncludes(out, "instead: webB is not the demo's own server");
  assertStringIncludes(out, "ok      webA serves it");
});

test("--keep goes on until the user ends it, and shows what servers see", async () => {
  const network = memoryNetwork();
  let balancer: (Instance & { readonly running: boolean }) | null = null;
  let out = "";
  const { status } = await run("", { keep: true }, {
    network,
    start: (configuration) => balancer = toyBalancer(network, configuration),
    write: (words) => out += words,
    async interrupted() {
      assertStringIncludes(out, "  curl -i http://127.0.0.1:8080/\n");
      assertStringIncludes(out, "  curl -i -b 'SERVERID=A' http://127.0.0.1:8080/\n");
      assert(balancer?.running);
      const ask = "#> b sends GET /by-hand HTTP/1.0\n";
      const { status } = await run(ask, {}, {
        network,
        start: () => ({ ...noSignals, stop() {}, servers: () => [] }),
      });
      assertEquals(status, 0);
    },
  });
  assertEquals(status, 0);
  assertStringIncludes(out, "webA sees GET /by-hand HTTP/1.0\n");
  const { running } = balancer as unknown as { running: boolean };
  assert(!running, "it is stopped in the end");
});

test("what cannot be played is refused with the fix", async () => {
  const nothing = await run("# only a configuration\n");
  assertEquals(nothing.status, 1);
  assertStringIncludes(nothing.err, "s.cfg: it tells no story");

  const mistyped = await run("#> webA stop\n");
  assertEquals(mistyped.status, 1);
  assertStringIncludes(mistyped.err, "s.cfg:1:9: error: 'stop' is not understood");
  assertStringIncludes(mistyped.err, "did you mean 'stops'?");
  assertEquals(mistyped.out, "");

  const broken = await run(`${story}listen x\n  balanse roundrobin\n`);
  assertEquals([broken.status, broken.out], [1, ""]);
  assertStringIncludes(broken.err, "s.cfg:38:3: error: ");
  assertStringIncludes(broken.err, "did you mean 'balance'?");

  const taken = await run(story, {}, {
    start() {
      throw new SocketError("EADDRINUSE", "cannot listen at 127.0.0.1:8080");
    },
  });
  assertEquals([taken.status, taken.left], [1, 0]);
  assertStringIncludes(taken.err, "s.cfg: cannot listen at 127.0.0.1:8080 (EADDRINUSE)\n");
  assertStringIncludes(taken.err, "Another program listens there");

  const abroad = memoryNetwork();
  const nobody = await run(story, {}, {
    network: {
      ...abroad,
      listen() {
        throw new SocketError("EADDRNOTAVAIL");
      },
    },
  });
  assertEquals(nobody.status, 1);
  assertStringIncludes(nobody.err, "no origin for webA at 127.0.0.11:8000 (EADDRNOTAVAIL)");
});
