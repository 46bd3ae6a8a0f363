/** The check of LDAP (manual: "option ldap-check"): an anonymous simple bind (RFC 4511, section 4.2). */
import { bytesOfHex } from "../expect.ts";
import { verdict } from "../result.ts";
import { type Finding, GO, type Steps } from "../steps.ts";
import { exchange } from "./exchange.ts";

const bind = bytesOfHex("300C020101600702010304008000")!;
const foreign = verdict("L7RSP", "Not LDAPv3 protocol");

export function ldapSteps(): Steps {
  return exchange([
    { send: bind },
    {
      least: 14,
      find: (bytes) => bytes[0] === 0x30 ? judge(bytes) : foreign,
      success: () => verdict("L7OK", "Success"),
    },
  ], false);
}

/** How many bytes a length takes beside its first (X.690, section 8.1.3). */
const extra = (length: number | undefined) => (length! & 0x80) === 0 ? 0 : length! & 0x7f;

/** Whether it is a bind response to message 1, and says that all is well. */
function judge(bytes: Uint8Array): Finding {
  let more = extra(bytes[1]);
  if (more > 2 || !has(bytes, 2 + more, [2, 1, 1, 0x61])) return foreign;
  more += extra(bytes[more + 6]);
  if (more > 4 || !has(bytes, 7 + more, [0x0a, 1])) return foreign;
  const code = bytes[more + 9] ?? 0;
  if (code === 0) return GO;
  const info = "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9";
  return { status: "L7STS", code, info };
}

function has(bytes: Uint8Array, at: number, part: readonly number[]): boolean {
  return part.every((byte, i) => bytes[at + i] === byte);
}
