/** Fetches of constants, variables, the clock and the process (manual, chapter 7.3.2). */
import { randomUUID } from "node:crypto";
import { bytesOf } from "../../bytes/bytes.ts";
import { parseIp } from "../../net/ip/address.ts";
import { may, need } from "../arguments.ts";
import { setText } from "../cast.ts";
import type { Context } from "../context.ts";
import type { Fetch } from "../fetch.ts";
import { NEEDS_NOTHING } from "../needs.ts";
import { ANY, BIN, BOOL, IPV4, IPV6, METH, SINT, STR } from "../sample.ts";

const chapter = "7.3.2";
const free = { needs: NEEDS_NOTHING, chapter } as const;

/** Seconds since 1970, and where wanted milliseconds or microseconds. */
function date(unit: "s" | "ms" | "us", offset: number) {
  const factor = unit === "s" ? 1 / 1000 : unit === "ms" ? 1 : 1000;
  return (context: Context) => Math.floor(context.clock.wall() * factor) + offset;
}

/** Constants: the text of an argument, or what it stands for. */
const constants: readonly Fetch[] = [
  {
    ...free,
    name: "str",
    args: [need("string")],
    type: STR,
    doc: "The string itself.",
    create(args) {
      const bytes = bytesOf(args.text(0));
      return (_context, sample) => sample.setString(bytes);
    },
  },
  {
    ...free,
    name: "int",
    args: [need("integer", "integer")],
    type: SINT,
    doc: "The integer itself.",
    create(args) {
      const value = args.integer(0);
      return (_context, sample) => sample.setInt(value);
    },
  },
  {
    ...free,
    name: "bool",
    args: [need("bool")],
    type: BOOL,
    doc: "The boolean itself: true, false, or an integer.",
    create(args) {
      const text = args.text(0);
      if (!/^(true|false|[+-]?\d+)$/.test(text)) {
        throw args.mistake(0, `'${text}' is not a boolean`, "true, false, 1, 0");
      }
      const value = text === "true" || Number(text) !== 0 && text !== "false";
      return (_context, sample) => sample.setBool(value);
    },
  },
  ...(["ipv4", "ipv6"] as const).map((name): Fetch => ({
    ...free,
    name,
    args: [need("address", "ip")],
    type: name === "ipv4" ? IPV4 : IPV6,
    doc: "The address itself.",
    create(args) {
      const bytes = parseIp(args.text(0))!;
      const type = name === "ipv4" ? IPV4 : IPV6;
      if (bytes.length !== (type === IPV4 ? 4 : 16)) {
        throw args.mistake(0, `'${args.text(0)}' is not an ${name} address`);
      }
      return (_context, sample) => sample.setBytes(type, bytes, 0, bytes.length);
    },
  })),
  {
    ...free,
    name: "bin",
    args: [need("hex")],
    type: BIN,
    doc: "The bytes that the hexadecimal digits are.",
    create(args) {
      const text = args.text(0);
      if (!/^([0-9a-fA-F]{2})*$/.test(text)) {
        throw args.mistake(0, `'${text}' is not hexadecimal, two digits a byte`);
      }
      const bytes = Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
      return (_context, sample) => sample.setBytes(BIN, bytes, 0, bytes.length);
    },
  },
  {
    ...free,
    name: "meth",
    args: [need("method")],
    type: METH,
    doc: "The method itself.",
    create(args) {
      const bytes = bytesOf(args.text(0));
      return (_context, sample) => sample.setBytes(METH, bytes, 0, bytes.length);
    },
  },
];

/** {@linkcode Fetch}es of this family. */
export const valueFetches: readonly Fetch[] = [
  ...constants,
  {
    ...free,
    name: "var",
    args: [need("name", "variable"), may("default")],
    type: ANY,
    doc: "The value of a variable.",
    create(args) {
      const { scope, slot } = args.variable(0);
      const unset = args.has(1) ? bytesOf(args.text(1)) : null;
      return (context, sample) =>
        context.variables(scope).get(slot, sample) || unset !== null && sample.setString(unset);
    },
  },
  {
    ...free,
    name: "date",
    args: [may("offset", "integer"), may("unit")],
    type: SINT,
    doc: "The date, in seconds since 1970 or the unit that is named.",
    create(args) {
      const read = date(args.choice(1, ["s", "ms", "us"], "s"), args.integer(0));
      return (context, sample) => sample.setInt(read(context));
    },
  },
  {
    ...free,
    name: "date_us",
    type: SINT,
    doc: "The microseconds of the date.",
    create: () => (context, sample) =>
      sample.setInt(Math.floor(context.clock.wall() * 1000) % 1_000_000),
  },
  {
    ...free,
    name: "env",
    args: [need("name")],
    type: STR,
    doc: "An environment variable, as it was at the start.",
    create(args, { env }) {
      const value = env(args.text(0));
      const bytes = value === undefined ? null : bytesOf(value);
      return (_context, sample) => bytes !== null && sample.setString(bytes);
    },
  },
  {
    ...free,
    name: "hostname",
    type: STR,
    doc: "The name of this machine.",
    create(_args, { hostname }) {
      const bytes = bytesOf(hostname);
      return (_context, sample) => sample.setString(bytes);
    },
  },
  ...([
    ["nbproc", "Processes that serve: one.", () => 1],
    ["nbthread", "Threads that serve.", ({ threads }) => threads],
    ["pid", "The number of the process, from 1.", () => 1],
    ["proc", "The number of the process, from 1.", () => 1],
    ["quic_enabled", "0: there is no QUIC.", () => 0],
  ] as const satisfies readonly (readonly [
    string,
    string,
    (references: { readonly threads: number }) => number,
  ])[]).map(([name, doc, read]): Fetch => ({
    ...free,
    name,
    type: name === "quic_enabled" ? BOOL : SINT,
    doc,
    create(_args, references) {
      const value = read(references);
      return (_context, sample) =>
        name === "quic_enabled" ? sample.setBool(value !== 0) : sample.setInt(value);
    },
  })),
  {
    ...free,
    name: "rand",
    args: [may("range", "integer")],
    type: SINT,
    doc: "A random integer below the range, or below 2^32.",
    create(args) {
      const range = args.has(0) ? Math.max(1, args.integer(0)) : 2 ** 32;
      return (_context, sample) => sample.setInt(Math.floor(Math.random() * range));
    },
  },
  {
    ...free,
    name: "uuid",
    args: [may("version", "integer")],
    type: STR,
    doc: "A random UUID (RFC 9562), of version 4.",
    create(args) {
      if (args.integer(0, 4) !== 4) throw args.mistake(0, "only version 4 is made here", "uuid");
      return (_context, sample) => setText(sample, randomUUID());
    },
  },
];
