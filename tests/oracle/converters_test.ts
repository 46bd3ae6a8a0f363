/** Converters beside haproxy: what they make of constants, of fields, and of nothing. */
import { assert } from "@std/assert";
import { ExpressionMistake } from "#src/expr/arguments.ts";
import { compileExpression } from "#src/expr/expression.ts";
import { test } from "../testing.ts";
import { noReferences } from "../expr/references.ts";
import { expressions, refusedExpressions } from "./expressions.ts";
import { type Case, oracleCases } from "./harness.ts";

const get = (fields = "") => `GET /a/b?c=d HTTP/1.1\r\nHost: www.Example.com:81\r\n${fields}\r\n`;
const json = '{"a":{"b":"c"},"s":"str","n":5,"f":1.5,"t":true,"z":null,"arr":[1,"two",{"x":3}],' +
  '"my.key":"dot","e":"","u":"\\u00e9\\u20ac","esc":"a\\"b\\n","big":12345678901234,' +
  '"objs":[{"k":"v"}]}';
const languages = "Accept-Language: de-AT, en;q=0.8, fr;q=0.9\r\n";

/** As a word of the configuration, in single quotes. */
const quoted = (text: string) => `'${text.replaceAll("'", `'"'"'`)}'`;

const cases: Case[] = [];
const each = 60;
for (let at = 0; at < expressions.length; at += each) {
  const some = expressions.slice(at, at + each);
  cases.push({
    name: `converters: ${some[0]} and ${some.length - 1} more`,
    config: [
      "http-request set-var(txn.v) str(value)",
      "http-request set-var(txn.i) int(7)",
      "http-request set-var(txn.key) str(Zm9vb2Zvb29mb29wZm9vbw==)",
      ...some.map((text, i) => `http-request set-header x-${i} ${quoted(`<%[${text}]>`)}`),
    ],
    requests: [get(`${languages}X-Json: ${json}\r\n`), get("X-Json: none\r\n")],
  });
}
oracleCases("converters", cases);

test(`converters: ${refusedExpressions.length} expressions that haproxy refuses are refused`, () => {
  for (const text of refusedExpressions) {
    let mistake: unknown = null;
    try {
      compileExpression(text, ~0, noReferences());
    } catch (error) {
      mistake = error;
    }
    assert(mistake instanceof ExpressionMistake, text);
  }
});
