/** What a wrong configuration looks like on the terminal. */
import { assertEquals } from "@std/assert";
import { programTest, run } from "../binary.ts";

const file = `global
  maxcon 100
listen web
\tbind 127.0.0.1:8080
  blance roundrobin
  server a 127.0.0.1:80 cookie A chek
  server a 127.0.0.1:81
  server b 127.0.0.1
  default_backend none
`;

const shown = `-:2:3: error: unknown keyword 'maxcon' in a 'global' section
      maxcon 100
      ^^^^^^
    did you mean 'maxconn'?
-:5:3: error: unknown keyword 'blance' in a 'listen' section
      blance roundrobin
      ^^^^^^
    did you mean 'balance'?
-:6:34: error: unknown keyword 'chek' for a server
      server a 127.0.0.1:80 cookie A chek
                                     ^^^^
    did you mean 'check'?
-:7:10: error: proxy 'web' has another server named 'a'
      server a 127.0.0.1:81
             ^
    the other one: -:6
-:9:19: error: proxy 'web': there is no backend 'none'
      default_backend none
                      ^^^^
    no 'backend' or 'listen' has it
`;

programTest(
  "all errors of a file come at once: the place, the word marked, what was meant",
  async () => {
    const checked = await run(["check", "-"], { input: file });
    const expected = { status: 1, signal: null, stdout: "", stderr: `${shown}\n5 errors found\n` };
    assertEquals(checked, expected);
    // Started, it says the same and ends.
    assertEquals(await run(["-db", "-f", "-"], { input: file }), { ...expected, stderr: shown });
  },
);

programTest("a JSON file's errors have the same form", async () => {
  const input =
    '{\n  "proxies": [\n    { "name": "web", "kind": "listen", "mode": "htp" }\n  ]\n}\n';
  assertEquals(await run(["check", "-"], { input }), {
    status: 1,
    signal: null,
    stdout: "",
    stderr: `-:3:48: error: 'mode' cannot be "htp"
        { "name": "web", "kind": "listen", "mode": "htp" }
                                                   ^^^^^
    did you mean 'http'?

1 error found
`,
  });
});

programTest(
  "colour is for terminals: a pipe gets none, whatever the environment says",
  async () => {
    const { stderr } = await run(["check", "-"], { input: file, env: { NO_COLOR: "" } });
    assertEquals(stderr.includes("\x1b"), false);
  },
);
