/** Users and groups, by name or number, and the owner and mode of unix sockets. */
import * as v from "valibot";
import { type Declaration, define, type Form, nullable } from "./keyword.ts";
import { integer, natural, text } from "./values.ts";

/** The accounts of the system: what names stand for. */
export interface Accounts {
  /** A user's number; null: there is none of this name. */
  user(name: string): number | null;
  /** A group's. */
  group(name: string): number | null;
}

/** A user or a group: by its name, or by its number. */
export const Account = v.union([v.pipe(v.string(), v.minLength(1)), natural]);
/** {@linkcode Account} */
export type Account = v.InferOutput<typeof Account>;

function accountSetting(
  byName: Form<Account | null>,
  byNumber: Form<Account | null>,
  declaration: Declaration<Account | null>,
) {
  return define({
    schema: v.optional(v.nullable(Account), null),
    forms: [byName, byNumber],
    print: (account: Account | null) =>
      account === null
        ? []
        : [[typeof account === "number" ? byNumber.name : byName.name, String(account)]],
    ...declaration,
  });
}

function named(name: string, expected: string, example: string): Form<Account | null> {
  const value = text(expected, "<name>", example);
  return {
    name,
    usage: value.usage,
    example,
    read(args, _before, mark) {
      const found = value.read(args);
      mark();
      return found;
    },
  };
}

function numbered(name: string, example: string): Form<Account | null> {
  const value = integer({ example });
  return {
    name,
    usage: value.usage,
    example,
    read(args, _before, mark) {
      const found = value.read(args);
      mark();
      return found;
    },
  };
}

/** `user` and `uid`. */
export function userSetting(
  byName: string,
  byNumber: string,
  declaration: Declaration<Account | null>,
) {
  return accountSetting(named(byName, "a user", "nobody"), numbered(byNumber, "99"), declaration);
}

/** `group` and `gid`. */
export function groupSetting(
  byName: string,
  byNumber: string,
  declaration: Declaration<Account | null>,
) {
  return accountSetting(named(byName, "a group", "daemon"), numbered(byNumber, "99"), declaration);
}

/** The bits of a file's mode, written in octal. */
export function modeSetting(declaration: Declaration<number | null>) {
  return nullable("mode", {
    schema: v.pipe(natural, v.maxValue(0o7777)),
    usage: "<octal mode>",
    example: "660",
    read(args) {
      const { text } = args.word("a mode");
      if (/^0?[0-7]{1,4}$/.test(text)) return parseInt(text, 8);
      throw args.mistake(`'${text}' is not a mode`, "octal digits, as in 660");
    },
    print: (mode) => [mode.toString(8).padStart(3, "0")],
  }, declaration);
}
