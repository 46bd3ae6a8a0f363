import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { errors, listen, load, warnings } from "./support.ts";

const errorsOf = (line: string) =>
  errors(`listen l\nbind :80\n${line}\n`).map((each) => each.replace(/^\S+ error /, ""));

test("stick-table: all of its parameters, in any order", () => {
  assertEquals(
    listen(
      "stick-table size 100k type string len 64 nopurge expire 30m srvkey addr brates-factor 8 " +
        "store gpc0,conn_rate(10s) store gpt(3),bytes_out_cnt recv-only",
    ).stickTable,
    {
      type: "string",
      len: 64,
      size: 102400,
      expire: 1_800_000,
      nopurge: true,
      srvkey: "addr",
      peers: null,
      recvOnly: true,
      writeTo: null,
      bratesFactor: 8,
      store: [
        { type: "gpc0", elements: 1, period: 0 },
        { type: "conn_rate", elements: 1, period: 10_000 },
        { type: "gpt", elements: 3, period: 0 },
        { type: "bytes_out_cnt", elements: 1, period: 0 },
      ],
    },
  );
  const { stickTable } = listen("stick-table type ip size 1m store gpc_rate(2,10s),gpc(4)");
  assertEquals(stickTable?.size, 2 ** 20);
  assertEquals(stickTable?.store[0], { type: "gpc_rate", elements: 2, period: 10_000 });
  assertEquals(listen().stickTable, null);
});

const wrong: [line: string, ...messages: string[]][] = [
  ["type ip", "this stick table has no size - as in: size 100k"],
  [
    "size 10",
    "this stick table has no type - 'type' and one of: ip, ipv6, integer, string, binary",
  ],
  ["type foo size 10", "'foo' is not a type of keys - one of: ip, ipv6, integer, string, binary"],
  ["type string len 0 size 10", "'0' is not an integer from 1 to 1048576"],
  ["type ip len 5 size 10", "unknown keyword 'len' in 'stick-table'"],
  ["type ip size 0", "'0' is not a number of entries"],
  ["type ip size 10x", "'10x' is not a number of entries"],
  ["type ip size 5g", "'5g' is not a number of entries"],
  ["type ip size 10 expire", "'expire' expects a time"],
  ["type ip size 10 expire 100d", "'100d' is too long a time"],
  ["type ip size 10 srvkey x", "'x' is not a way to know a server"],
  ["type ip size 10 store gpc9", "'gpc9' is nothing that a stick table stores - did you mean"],
  ["type ip size 10 store conn_rate", "'conn_rate' has not the arguments of 'conn_rate'"],
  ["type ip size 10 store gpc0(5)", "'gpc0(5)' has not the arguments of 'gpc0' - as in: gpc0"],
  [
    "type ip size 10 store gpc_rate(2)",
    "'gpc_rate(2)' has not the arguments of 'gpc_rate' - as in",
  ],
  ["type ip size 10 store gpc(0)", "'gpc(0)': an array has from 1 to 100 elements"],
  ["type ip size 10 store gpt(101)", "'gpt(101)': an array has from 1 to 100 elements"],
  ["type ip size 10 store conn_rate(0)", "'conn_rate(0)': a period is from 1 to"],
  ["type ip size 10 store conn_rate(10x)", "'conn_rate(10x)': '10x' is not a time"],
  ["type ip size 10 store gpc0, gpc1", "unknown keyword 'gpc1' in 'stick-table'"],
  ["type ip size 10 store gpc0,gpc(2)", "proxy 'l': stick table: it cannot store both 'gpc'"],
  ["type ip size 10 store gpt(1),gpt0", "proxy 'l': stick table: it cannot store both 'gpt'"],
  ["type ip size 10 store gpc1_rate(1s),gpc_rate(2,1s)", "proxy 'l': stick table: it cannot store"],
  ["type ip size 10 peers x", "proxy 'l': stick table: there is no section 'peers x'"],
  ["type ip size 10 write-to x", "proxy 'l': stick table: 'write-to': there is no table 'x'"],
  ["type ip size 10 write-to l", "proxy 'l': stick table: 'write-to' names the table itself"],
];

for (const [line, ...messages] of wrong) {
  test(`stick-table ${line}: what is wrong is said`, () => {
    const found = errorsOf(`stick-table ${line}`);
    assertEquals(
      found.map((each, i) => each.startsWith(messages[i] ?? "-")),
      messages.map(() => true),
      found.join("\n"),
    );
  });
}

test("stick-table: one in a section, none in 'defaults', and what is given twice", () => {
  const two = errorsOf("stick-table type ip size 1\nstick-table type ip size 2");
  assertEquals(two, ["there is a 'stick-table' in this section already"]);
  const defaults = errors("defaults\nstick-table type ip size 1\nlisten l\nbind :80\n");
  assertEquals(defaults.length, 1);
  assertEquals(
    warnings("listen l\nbind :80\ntimeout client 1s\nstick-table type ip size 1 store gpc0,gpc0\n"),
    ["4:34 warning 'gpc0' is stored already - it is ignored"],
  );
});

test("stick-table: a table too large for one block of memory is smaller, and that is said", () => {
  const [line] = warnings("backend b\nstick-table type ip size 1g\nlisten l\nbind :80\n");
  assertEquals(
    line,
    "2:26 warning backend 'b': stick table: it has room for 134215679 entries, not 1073741824" +
      " - a table takes 4 GiB at most",
  );
});

test("peers: all that a section has, and tables of its own", () => {
  const { configuration, diagnostics } = load(
    [
      "peers mates",
      "  bind 127.0.0.1:10000",
      "  server me",
      "  peer other 10.0.0.2:10000",
      "  table counts type string len 64 size 1k store gpc0",
      "listen l",
      "  bind :80",
      "  timeout client 1s",
      "  stick-table type ip size 10 peers mates write-to mates/more",
      "peers more",
      "  enabled",
      "peers mates2",
      "  table more type ip size 10",
    ].join("\n").replace("mates/more", "mates2/more"),
  );
  assertEquals(diagnostics, []);
  const [mates] = configuration!.peers;
  assertEquals(mates?.peers, [
    { name: "me", address: null },
    { name: "other", address: { kind: "ip", host: "10.0.0.2", port: 10000, portOffset: 0 } },
  ]);
  assertEquals(mates?.tables.map(({ name, type, len, size }) => [name, type, len, size]), [
    ["counts", "string", 64, 1024],
  ]);
  assertEquals(mates?.bind, { kind: "ip", host: "127.0.0.1", port: 10000 });
});

test("peers: what is wrong is said", () => {
  const wrong = (...lines: string[]) =>
    errors(["peers p", ...lines, "listen l", "bind :80"].join("\n"));
  assertEquals(wrong("peer a 10.0.0.1:1", "peer a 10.0.0.2:1"), [
    "3:6 error peers 'p' has another peer named 'a' - the other one: x.cfg:2",
  ]);
  assertEquals(wrong("peer a 10.0.0.1").length, 1);
  assertEquals(wrong("peer a").length, 1);
  assertEquals(wrong("bind :1-2").length, 1);
  assertEquals(wrong("table t type ip size 1", "table t type ip size 2").length, 1);
  assertEquals(wrong("table t type ip size 1 store gpc0,gpc(2)").length, 1);
  assertEquals(wrong("server a 10.0.0.1:1 ssl").length, 1);
});
