/**
 * The check of SMTP (manual: "option smtpchk", RFC 5321): the server greets, is greeted, and told that
 * this was all, so that it does not log a connection that broke.
 */
import { encode } from "../expressions.ts";
import { latin1 } from "../expect.ts";
import { verdict } from "../result.ts";
import { type Finding, GO, type Steps, WAIT } from "../steps.ts";
import { exchange, lineOf } from "./exchange.ts";

/** @param hello the whole greeting: "HELO localhost" */
export function smtpSteps(hello: string): Steps {
  return exchange([
    { least: 4, find: (bytes, complete) => reply(bytes, complete, /^[0-9]{3}[ \r]/, false) },
    {
      least: 4,
      empty: "L7STS",
      find: (bytes, complete) => reply(bytes, complete, /^2[0-9]{2}[ \r]/),
    },
    { send: encode(`${hello}\r\n`) },
    {
      least: 4,
      empty: "L7STS",
      find: (bytes, complete) => reply(bytes, complete, /^2[0-9]{2}[- \r]/),
    },
    { send: encode("QUIT\r\n") },
    {
      least: 4,
      empty: "L7STS",
      find: (bytes, complete) => reply(bytes, complete, /^2[0-9]{2}[- \r]/),
      success: (bytes) => ({ status: "L7OK", code: codeOf(bytes), info: textOf(bytes) }),
    },
  ], true);
}

/** Whether a reply is as it must be. @param coded whether it is a reply at all, of which a code says more */
function reply(bytes: Uint8Array, complete: boolean, form: RegExp, coded = true): Finding {
  if (bytes.length < 4 && !complete) return WAIT;
  if (form.test(latin1(bytes))) return GO;
  if (!coded) return verdict("L7RSP", lineOf(bytes));
  return { status: "L7STS", code: codeOf(bytes), info: textOf(bytes) };
}

const codeOf = (bytes: Uint8Array) => parseInt(latin1(bytes.subarray(0, 3)), 10) || 0;
const textOf = (bytes: Uint8Array) => lineOf(bytes.subarray(4)).trimStart();
