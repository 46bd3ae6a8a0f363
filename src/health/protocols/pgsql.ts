/** The check of PostgreSQL (manual: "option pgsql-check"): a startup message, as of a user. */
import { encode } from "../expressions.ts";
import { hexOf, latin1 } from "../expect.ts";
import { verdict } from "../result.ts";
import { GO, type Steps, WAIT } from "../steps.ts";
import { exchange } from "./exchange.ts";

/** A request to authenticate, of the kinds that there are. */
const authentication = /^52000000(08|0A|0C)000000(00|02|03|04|05|06)/;
const ERROR = "E".charCodeAt(0);

export function pgsqlSteps(user: string): Steps {
  const body = [0, 3, 0, 0, ...encode("user\0"), ...encode(user), 0, 0];
  const length = body.length + 4;
  const startup = Uint8Array.from([length >>> 24, length >> 16, length >> 8, length, ...body]);
  return exchange([
    { send: startup },
    {
      least: 5,
      find: (bytes) => bytes[0] === ERROR ? verdict("L7RSP", textFrom(bytes, 6)) : GO,
    },
    {
      least: 9,
      find(bytes, complete) {
        if (bytes.length < 9 && !complete) return WAIT;
        if (authentication.test(hexOf(bytes.subarray(0, 9)))) return GO;
        return verdict("L7STS", "PostgreSQL unknown error");
      },
      success: () => verdict("L7OK", "PostgreSQL server is ok"),
    },
  ], true);
}

/** Text up to a zero. */
function textFrom(bytes: Uint8Array, from: number): string {
  const end = bytes.indexOf(0, from);
  return latin1(bytes.subarray(from, end < 0 ? bytes.length : end));
}
