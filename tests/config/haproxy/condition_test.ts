import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { evaluateCondition } from "#src/config/haproxy/condition.ts";
import { test } from "../../testing.ts";
import { errors, load, valid, warnings } from "../support.ts";

const env = { SET: "x", EMPTY: "" };

const values: [condition: string, value: boolean][] = [
  ["", false],
  ["0", false],
  ["1", true],
  ["-1", true],
  ["000", false],
  ["!0", true],
  ["!!1", true],
  ["! 1", false],
  ["1 && 0", false],
  ["1||0", true],
  ["0 || 1 && 0", false],
  ["1 || 0 && 0", true],
  ["(1 || 0) && 0", false],
  ["( 1 ) && !( 0 )", true],
  ["defined(SET)", true],
  ["defined(EMPTY)", true],
  ["defined(NOT_SET)", false],
  ["!defined(NOT_SET) && defined(SET)", true],
  ["feature(OPENSSL)", false],
  ["feature(THREAD)", true],
  ["feature(EPOLL) && feature(LINUX_SPLICE)", true],
  ["feature(KQUEUE) || feature(epoll)", false],
  ["streq(a,a)", true],
  ["streq(a,b)", false],
  ["streq(a b,a b)", true],
  ["streq(a ,a)", false],
  ["streq(,)", true],
  ["streq('a,b','a,b')", true],
  ['streq("a)",a\\))', true],
  ["strneq(a,b)", true],
  ["version_atleast(2.4)", true],
  ["version_atleast(2.4-dev19)", true],
  ["version_atleast(2.6)", true],
  ["version_atleast(2.6-dev5)", true],
  ["version_atleast(2.7-dev1)", false],
  ["version_atleast(9)", false],
  ["version_before(2.6)", false],
  ["version_before(2.10)", true],
];

for (const [condition, value] of values) {
  test(`the condition '${condition}' is ${value}`, () => {
    assertEquals(evaluateCondition(condition, env), { value });
  });
}

const mistakes: [condition: string, column: number][] = [
  ["1 1", 3],
  ["1x", 2],
  ["1 &&", 5],
  ["&& 1", 1],
  ["(1", 1],
  ["1)", 2],
  ["defined(SET", 8],
  ["defined", 8],
  ["streq(a)", 6],
  ["streq(a,b,c)", 6],
  ["version_atleast(x)", 17],
  ["0 && nonsense(", 6],
  ["constructor(x)", 1],
];

for (const [condition, column] of mistakes) {
  test(`the condition '${condition}' is refused at column ${column}`, () => {
    const result = evaluateCondition(condition, env);
    assert("message" in result, JSON.stringify(result));
    assertEquals(result.column, column);
  });
}

test("a mistyped predicate is recognised", () => {
  const result = evaluateCondition("defnied(SET)", env);
  assert("message" in result);
  assertEquals(result.hint, "did you mean 'defined'?");
});

test("any text has a value or an error inside it", () => {
  const pieces = fc.constantFrom(
    "(",
    ")",
    "!",
    "&&",
    "||",
    " ",
    "1",
    "streq(",
    ",",
    "'",
    '"',
    "\\",
  );
  const text = fc.array(fc.oneof(pieces, fc.string()), { maxLength: 10 }).map((all) =>
    all.join("")
  );
  fc.assert(fc.property(text, (text) => {
    const result = evaluateCondition(text, env);
    if ("message" in result) assert(result.column >= 1 && result.column <= text.length + 1);
  }));
});

function modeOf(lines: string[], env = {}): string | undefined {
  const text = ["listen l", "bind :80", ...lines].join("\n");
  return valid(text, env).proxies[0]?.description ?? undefined;
}

test("of a block's branches the first that holds is read", () => {
  const lines = [
    '.if streq("$X",1)',
    "description one",
    '  .elif streq("$X",2) # a comment',
    "description two",
    ".elif 1",
    "description three",
    ".else",
    "description four",
    ".endif",
  ];
  assertEquals(["1", "2", "3"].map((X) => modeOf(lines, { X })), ["one", "two", "three"]);
});

test("blocks nest, and what is not read is not judged", () => {
  const lines = [
    ".if 0",
    '  nonsense "unclosed',
    "  .if alsononsense(",
    "  .else",
    "    description wrong",
    "  .endif",
    "  .nonsense",
    ".else",
    "  .if 1",
    "    description right",
    "  .endif",
    ".endif",
  ];
  assertEquals(modeOf(lines), "right");
});

test("misplaced directives are errors", () => {
  const text = ".endif\n.else\n.elif 1\n.if 1\n.else\n.else\n.elif 0\n.endif\n.fi 1\n.if 0\n";
  assertEquals(errors(text), [
    "1:1 error '.endif' without '.if'",
    "2:1 error '.else' without '.if'",
    "3:1 error '.elif' without '.if'",
    "6:1 error '.else' after '.else'",
    "7:1 error '.elif' after '.else'",
    "9:1 error unknown directive '.fi' - did you mean '.if'?",
    "10:1 error this block is not closed by '.endif'",
  ]);
});

test("an error in a condition has its column in the line", () => {
  assertEquals(errors("  .if 1 && 2x\n.endif\n"), [
    "1:13 error in the condition: unexpected 'x' after the condition",
  ]);
});

test("messages are said at their level", () => {
  const text = 'listen l\nbind :80\n.notice "n"\n.diag "d"\n.warning "w"\n';
  assertEquals(warnings(text).filter((each) => each.startsWith("5:")), ["5:1 warning w"]);
  assertEquals(load(text).configuration !== null, true);
  assertEquals(errors(text + '.alert "stop here"\n'), ["6:1 error stop here"]);
  assertEquals(errors(text + ".alert stop here\n"), [
    "6:13 error unexpected word - a message with spaces must be quoted",
  ]);
});
