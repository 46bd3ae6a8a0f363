/** The check of Redis (manual: "option redis-check"): PING, in its protocol of arrays of strings. */
import { encode } from "../expressions.ts";
import { contains } from "../expect.ts";
import { verdict } from "../result.ts";
import { GO, type Steps, WAIT } from "../steps.ts";
import { exchange, lineOf } from "./exchange.ts";

const ping = encode("*1\r\n$4\r\nPING\r\n");
const pong = encode("+PONG\r\n");

export function redisSteps(): Steps {
  return exchange([
    { send: ping },
    {
      least: pong.length,
      empty: "L7STS",
      find(bytes, complete) {
        if (contains(bytes, pong)) return GO;
        return complete ? verdict("L7STS", lineOf(bytes)) : WAIT;
      },
      success: () => verdict("L7OK", "Redis server is ok"),
    },
  ], false);
}
