/** Keywords of the process: whose it is, what it may open, where it runs (manual, chapter 3.1). */
import * as v from "valibot";
import { groupSetting, userSetting } from "./accounts.ts";
import { cpuMapSetting } from "./cpu-map.ts";
import { define, flag, type Form, nullable, type Value, zeroable } from "./keyword.ts";
import { choice, integer, text, time } from "./values.ts";

const chapter = "3.1";
const directory = (expected: string) => text(expected, "<directory>", "/var/lib/sluice");

/** All words that follow, as one text. */
export const words: Value<v.GenericSchema<string>> = {
  ...text("a text", "<text>", "the front door"),
  read(args) {
    const words = [args.word("a text").text];
    for (let next = args.next(); next !== undefined; next = args.next()) words.push(next.text);
    return words.join(" ");
  },
};

const hostnameForm: Form<string | null> = {
  name: "log-send-hostname",
  usage: "[<string>]",
  example: "edge1",
  read(args, _before, mark) {
    const value = args.peek() === undefined ? "" : args.word("a name").text;
    mark();
    return value;
  },
};

/** Settings of the process as the system sees it. */
export const processSettings = {
  node: nullable("node", text("a name", "<name>", "edge1"), {
    doc: "The name of this node, as statistics show it; else the machine's.",
    chapter,
  }),
  description: nullable("description", words, {
    doc: "A label for people, as statistics show it.",
    chapter,
  }),
  masterWorker: define({
    doc: "Runs as a master that reloads, and workers that serve.",
    chapter,
    schema: v.optional(v.boolean(), false),
    forms: [{
      name: "master-worker",
      usage: "[no-exit-on-failure]",
      example: "",
      read(args, _before, mark) {
        if (args.peek() !== undefined) choice("a word", ["no-exit-on-failure"]).read(args);
        mark();
        return true;
      },
    }],
    print: (value: boolean) => value ? [["master-worker"]] : [],
  }),
  mworkerMaxReloads: nullable("mworker-max-reloads", integer({ example: "50" }), {
    doc: "A worker that has survived so many reloads is ended.",
    chapter,
  }),
  user: userSetting("user", "uid", {
    doc: "The user that the process becomes once it listens.",
    chapter,
    once: true,
  }),
  group: groupSetting("group", "gid", {
    doc: "The group that the process becomes once it listens.",
    chapter,
    once: true,
  }),
  chroot: nullable("chroot", directory("a directory"), {
    doc: "The directory that is the process's root once it listens; best an empty one.",
    chapter,
    once: true,
  }),
  setDumpable: flag("set-dumpable", {
    doc: "Lets the system write a core file, also after a change of user.",
    chapter,
    no: true,
  }),
  insecureSetuidWanted: flag("insecure-setuid-wanted", {
    doc: "Lets programs that the process starts gain privileges (no PR_SET_NO_NEW_PRIVS).",
    chapter,
    no: true,
  }),
  ulimitN: zeroable("ulimit-n", integer({ min: 1, zero: true, example: "65536" }), {
    doc: "Descriptors that the process may open; else as many as the system allows.",
    chapter,
    once: true,
  }),
  fdHardLimit: zeroable("fd-hard-limit", integer({ min: 1, zero: true, example: "65536" }), {
    doc: "Descriptors that are counted on at most, whatever the system allows.",
    chapter,
  }),
  strictLimits: define({
    doc: "Does not start where a limit cannot be set; null: so it is, too.",
    chapter,
    schema: v.optional(v.nullable(v.boolean()), null),
    forms: [{
      name: "strict-limits",
      usage: "",
      example: "",
      read(_args, _before, mark) {
        mark();
        return true;
      },
      undo: () => false,
    }],
    print: (value: boolean | null) =>
      value === null ? [] : [[value ? "strict-limits" : "no strict-limits"]],
  }),
  cpuMap: cpuMapSetting,
  zeroWarning: flag("zero-warning", {
    doc: "Does not start if there is a warning.",
    chapter: "3.3",
  }),
  logSendHostname: define({
    doc: "Lines of logs say this host's name; without one, the machine's.",
    chapter,
    schema: v.optional(v.nullable(v.string()), null),
    forms: [hostnameForm],
    print: (name: string | null) =>
      name === null ? [] : [["log-send-hostname", ...(name === "" ? [] : [name])]],
  }),
};

/** Settings of the process that bound its work. */
export const rateSettings = {
  maxconnrate: zeroable("maxconnrate", integer({ min: 1, zero: true, example: "1000" }), {
    doc: "Connections that the process accepts a second at most.",
    chapter: "3.2",
  }),
  maxsessrate: zeroable("maxsessrate", integer({ min: 1, zero: true, example: "1000" }), {
    doc: "Sessions that the process begins a second at most.",
    chapter: "3.2",
  }),
  maxSpreadChecks: zeroable("max-spread-checks", time({ example: "2s" }), {
    doc: "The time within which checks of servers begin at most.",
    chapter: "3.2",
  }),
  closeSpreadTime: define({
    doc: "In a soft-stop, the time over which idle connections are closed.",
    chapter,
    schema: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0))), null),
    forms: [{
      name: "close-spread-time",
      usage: "<time>",
      example: "5s",
      read(args, _before, mark) {
        const value = time().read(args);
        mark();
        return value;
      },
    }],
    print: (value: number | null) =>
      value === null ? [] : [["close-spread-time", ...time().print(value)]],
  }),
};
