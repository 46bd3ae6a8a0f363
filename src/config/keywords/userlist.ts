/** Lists of users and groups: the section `userlist` (manual, chapter 3.4). */
import * as v from "valibot";
import { knownHash } from "../../expr/crypt.ts";
import { didYouMean } from "../../text/nearest.ts";
import type { Report } from "../diagnostic.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import type { Locator } from "../places.ts";
import { define, type Keyword } from "./keyword.ts";
import { namedSchema, namedSection } from "./section.ts";

const chapter = "3.4";
const name = v.pipe(v.string(), v.minLength(1));

const Group = v.strictObject({ name, users: v.optional(v.array(name), []) });
type Group = v.InferOutput<typeof Group>;

const User = v.strictObject({
  name,
  password: v.optional(v.nullable(v.string()), null),
  hashed: v.optional(v.boolean(), true),
  groups: v.optional(v.array(name), []),
});
type User = v.InferOutput<typeof User>;

const list = (keyword: string, names: readonly string[]) =>
  names.length === 0 ? [] : [keyword, names.join(",")];

const userlistSettings = {
  groups: define({
    doc: "The groups, and users in them.",
    chapter,
    schema: v.optional(v.array(Group), []),
    forms: [],
    print: (groups: readonly Group[]) =>
      groups.map(({ name, users }) => ["group", name, ...list("users", users)]),
  }),
  users: define({
    doc: "The users, their passwords, and groups that they are in.",
    chapter,
    schema: v.optional(v.array(User), []),
    forms: [],
    print: (users: readonly User[]) =>
      users.map(({ name, password, hashed, groups }) => [
        "user",
        name,
        ...password === null ? [] : [hashed ? "password" : "insecure-password", password],
        ...list("groups", groups),
      ]),
  }),
};

/** {@linkcode userlistSettings} */
export const Userlist = namedSchema(userlistSettings);
/** {@linkcode Userlist} */
export type Userlist = v.InferOutput<typeof Userlist>;

const names = (args: Arguments, what: string) =>
  args.word(what).text.split(",").map((each) => each.trim()).filter((each) => each !== "");

/** A second one of the same name is ignored, as in HAProxy. */
function isNew(args: Arguments, others: readonly { readonly name: string }[], what: string) {
  const place = args.here();
  return (added: { readonly name: string }): boolean => {
    args.places.mark(added, undefined, place);
    if (!others.some((each) => each.name === added.name)) return true;
    args.report.warning(place, `there is another ${what} '${added.name}': this one is ignored`);
    return false;
  };
}

const group: Keyword<Userlist> = {
  name: "group",
  usage: "<name> [users <user>,<user>,...]",
  example: "ops",
  doc: "Adds a group, with users in it.",
  chapter,
  property: { name: "userlists[].groups", unset: [] },
  read(section, args) {
    const name = args.word("a group's name").text;
    const accept = isNew(args, section.groups, "group");
    const added: Group = { name, users: [] };
    while (args.peek() !== undefined) {
      const word = args.word("'users'").text;
      if (word !== "users") throw args.mistake(`unexpected word '${word}'`, "'users' and names");
      added.users = names(args, "names of users");
    }
    if (accept(added)) section.groups.push(added);
  },
};

const user: Keyword<Userlist> = {
  name: "user",
  usage: "<name> [password|insecure-password <password>] [groups <group>,<group>,...]",
  example: "alice insecure-password secret",
  doc: "Adds a user; 'password' has a hash of crypt(3), 'insecure-password' the password itself.",
  chapter,
  property: { name: "userlists[].users", unset: [] },
  read(section, args) {
    const name = args.word("a user's name").text;
    const accept = isNew(args, section.users, "user");
    const added: User = { name, password: null, hashed: true, groups: [] };
    while (args.peek() !== undefined) {
      const word = args.word("'password'").text;
      if (word === "groups") added.groups = names(args, "names of groups");
      else if (word === "password" || word === "insecure-password") {
        added.password = args.word("a password").text;
        added.hashed = word === "password";
        if (added.hashed && !knownHash.test(added.password)) {
          args.report.warning(
            args.here(),
            `this password's hash is of a kind that is not known here: '${name}' cannot log in`,
            "known are those that begin with $1$, $5$ and $6$: mkpasswd -m sha-512",
          );
        }
      } else {
        const choices = ["password", "insecure-password", "groups"];
        throw args.mistake(
          `unexpected word '${word}'`,
          didYouMean(word, choices) ?? `one of: ${choices.join(", ")}`,
        );
      }
    }
    if (accept(added)) section.users.push(added);
  },
};

/** Users and groups that others name must be there. */
function check({ name, users, groups }: Userlist, locator: Locator, report: Report): void {
  const has = (list: readonly { readonly name: string }[], wanted: string) =>
    list.some((each) => each.name === wanted);
  for (const each of groups) {
    for (const wanted of each.users) {
      if (has(users, wanted)) continue;
      const message = `'userlist ${name}' has no user '${wanted}'`;
      const hint = report.suggestion(wanted, users.map((user) => user.name));
      report.error(locator.place(each), message, hint);
    }
  }
  for (const each of users) {
    for (const wanted of each.groups) {
      if (has(groups, wanted)) continue;
      const message = `'userlist ${name}' has no group '${wanted}'`;
      const hint = report.suggestion(wanted, groups.map((group) => group.name)) ??
        `add to the section: group ${wanted}`;
      report.error(locator.place(each), message, hint);
    }
  }
}

/** The section. */
export const userlistSection = namedSection({
  keyword: "userlist",
  doc: "Users and groups, for 'http_auth' and 'http_auth_group'.",
  chapter,
  path: "userlists",
  schema: Userlist,
  settings: userlistSettings,
  more: [group, user],
  check,
});
