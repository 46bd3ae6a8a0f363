/**
 * The check of MySQL and MariaDB (manual: "option mysql-check"): the server greets; with a user, the
 * check logs in without a password, and quits.
 */
import { encode } from "../expressions.ts";
import { latin1 } from "../expect.ts";
import { type Verdict, verdict } from "../result.ts";
import { type Finding, GO, type Steps, WAIT } from "../steps.ts";
import { exchange, type Part } from "./exchange.ts";

/** What the client is of: the form of its login differs. */
export const mysqlVersions = ["post-41", "pre-41"] as const;
export type MysqlVersion = (typeof mysqlVersions)[number];

/** Begins a packet that says what is wrong. */
const ERROR = 0xff;
/** The command that ends a session. */
const quit = packet(0, [1]);

/** A packet: its length, its number, and what it carries. */
function packet(number: number, payload: readonly number[]): number[] {
  const { length } = payload;
  return [length & 255, length >> 8 & 255, length >> 16 & 255, number, ...payload];
}

/** @param user null: nothing is sent */
export function mysqlSteps(user: string | null, version: MysqlVersion): Steps {
  const greeting: Part = {
    least: 4,
    find: (bytes, complete) => packetAt(bytes, 0, complete),
    success: versionIn,
  };
  if (user === null) return exchange([greeting], true);
  const name = [...encode(user), 0];
  const payload = version === "pre-41"
    // What the client can do, and the longest packet.
    ? [0x00, 0x80, 0, 0, 1, ...name, 0]
    // The same, wider; utf8; 23 zeros.
    : [0x00, 0x82, 0, 0, 0x00, 0x80, 0, 1, 33, ...Array<number>(23).fill(0), ...name, 0];
  const login = Uint8Array.from([...packet(1, payload), ...quit]);
  const answer: Part = {
    least: 4,
    // It follows the greeting, which is there still.
    find: (bytes, complete) => packetAt(bytes, 4 + lengthAt(bytes, 0), complete),
    success: versionIn,
  };
  return exchange([{ send: login }, greeting, answer], true);
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! + (bytes[at + 1]! << 8) + (bytes[at + 2]! << 16);
}

/** What the packet at an offset proves. */
function packetAt(bytes: Uint8Array, at: number, complete: boolean): Finding {
  const missing = complete ? verdict("L7RSP") : WAIT;
  if (bytes.length < at + 4) return missing;
  const end = at + 4 + lengthAt(bytes, at);
  if (bytes.length < end) return missing;
  if (bytes[at + 4] !== ERROR) return GO;
  const code = bytes[at + 5]! + (bytes[at + 6]! << 8);
  return { status: "L7STS", code, info: latin1(bytes.subarray(at + 7)) };
}

/** The version of the server, from its greeting. */
function versionIn(bytes: Uint8Array): Verdict {
  const end = bytes.indexOf(0, 5);
  return verdict("L7OK", latin1(bytes.subarray(5, end < 0 ? bytes.length : end)));
}
