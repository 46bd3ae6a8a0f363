/** Logs over TCP, to rings, and of a part of the lines. */
import { assert, assertEquals } from "@std/assert";
import { printHaproxy } from "#src/config/haproxy/print.ts";
import { withoutRings } from "#src/log/rings.ts";
import { test } from "../testing.ts";
import { errors, global, valid, warnings } from "./support.ts";

const ring = `ring r
  description "for the collector"
  format rfc5424
  maxlen 1200
  size 32k
  timeout connect 5s
  server a 10.0.0.1:6514 log-proto octet-count check inter 5s
  server b tcp4@10.0.0.2:514
`;

test("a log to a ring is one to each of its servers, in the ring's form where none is named", () => {
  const text = `global\n log ring@r local7\n log ring@r format raw len 800 local6 err\n${ring}` +
    "listen l\n bind :80\n";
  const model = valid(text);
  assertEquals(valid(printHaproxy(model)), model);
  const targets = withoutRings(model.global.log, model.rings);
  assertEquals(
    targets.map((
      { target, format, len, facility, level },
    ) => [target, format, len, facility, level]),
    [
      [
        { kind: "tcp", host: "10.0.0.1", port: 6514, framing: "octet-count" },
        "rfc5424",
        1024,
        "local7",
        "debug",
      ],
      [
        { kind: "tcp", host: "10.0.0.2", port: 514, framing: "legacy" },
        "rfc5424",
        1024,
        "local7",
        "debug",
      ],
      [
        { kind: "tcp", host: "10.0.0.1", port: 6514, framing: "octet-count" },
        "raw",
        800,
        "local6",
        "err",
      ],
      [
        { kind: "tcp", host: "10.0.0.2", port: 514, framing: "legacy" },
        "raw",
        800,
        "local6",
        "err",
      ],
    ],
  );
});

test("samples of lines, and logs over TCP", () => {
  const { log } = global(
    "log 127.0.0.1 sample 1:2 local0",
    "log 127.0.0.1 len 800 sample 4,1-2:5 local0 info",
    "log tcp@10.0.0.1:514 local0",
    "log tcp6@[::1]:514 local0",
  );
  assertEquals(log.map(({ sample }) => sample), [
    { numbers: [1], of: 2 },
    { numbers: [1, 2, 4], of: 5 },
    undefined,
    undefined,
  ]);
  assertEquals(log.slice(2).map(({ target }) => target), [
    { kind: "tcp", host: "10.0.0.1", port: 514, framing: "legacy" },
    { kind: "tcp", host: "::1", port: 514, framing: "legacy" },
  ]);
});

test("logs that go nowhere", () => {
  const lines: [text: string, expected: string][] = [
    ["global\nlog 127.0.0.1 sample 2 local0\n", "2:22 error '2' is not a sample of lines"],
    ["global\nlog 127.0.0.1 sample 3:2 local0\n", "2:22 error '3:2' is not a sample of lines"],
    ["global\nlog tcp@10.0.0.1 local0\n", "2:5 error the port is missing in 'tcp@10.0.0.1'"],
    ["ring r\nserver a 10.0.0.1\n", "2:10 error a server of a ring needs an address and a port"],
    ["ring r\nserver a 10.0.0.1:5 log-proto x\n", "2:31 error 'x' is not a framing"],
    ["ring r\nserver a 10.0.0.1:5 ssl verify none\n", "2:32 error sluice sends no logs over TLS"],
    ["ring r\nservr a 10.0.0.1:5\n", "2:1 error unknown keyword 'servr' in a 'ring' section"],
  ];
  for (const [text, expected] of lines) {
    const [first = ""] = errors(`${text}listen l\nbind :80\n`);
    assert(first.startsWith(expected), first);
  }
});

test("a log to a ring that there is not is one to nowhere, as in HAProxy", () => {
  const said = warnings(`global\nlog ring@rr local0\n${ring}listen l\nbind :80\n`);
  assertEquals(
    said[0],
    "2:5 warning there is no ring 'rr': nothing is logged to it - did you mean 'r'?",
  );
});
