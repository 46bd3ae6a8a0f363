/** Scripts in Lua (manual, chapter 3.1: "lua-load"), and how long they may run (chapter 3.2). */
import * as v from "valibot";
import { choice } from "../haproxy/arguments.ts";
import { define, setting, zeroable } from "./keyword.ts";
import { time } from "./values.ts";

/** A script that is loaded. */
export const LuaScript = v.strictObject({
  file: v.string(),
  /** What it gets as its arguments (`...`). */
  args: v.optional(v.array(v.string()), []),
  /** As it was written: here each thread loads each script for itself. */
  perThread: v.optional(v.boolean(), false),
});
/** {@linkcode LuaScript} */
export type LuaScript = v.InferOutput<typeof LuaScript>;

/** Where modules are looked for. */
export const LuaPath = v.strictObject({
  path: v.string(),
  type: v.optional(v.picklist(["path", "cpath"]), "path"),
});
/** {@linkcode LuaPath} */
export type LuaPath = v.InferOutput<typeof LuaPath>;

const load = (name: string, perThread: boolean, doc: string) => ({
  name,
  usage: "<file> [<argument>...]",
  example: "/etc/haproxy/hello.lua",
  doc,
  read(
    args: Parameters<typeof choice>[0],
    before: readonly LuaScript[],
    mark: () => void,
  ): LuaScript[] {
    const file = args.word("a file").text;
    const given: string[] = [];
    while (args.peek() !== undefined) given.push(args.word("an argument").text);
    mark();
    const script = { file, args: given, perThread };
    args.mark(script);
    return [...before, script];
  },
});

/** Settings of the process. */
export const luaSettings = {
  luaLoad: define({
    doc: "Scripts in Lua, which register actions, fetches, converters and services.",
    chapter: "3.1",
    schema: v.optional(v.array(LuaScript), []),
    forms: [
      load("lua-load", false, "Loads a script; here each thread has a state of its own."),
      load("lua-load-per-thread", true, "Loads a script, in a state for each thread."),
    ],
    print: (scripts: readonly LuaScript[]) =>
      scripts.map(({ file, args, perThread }) => [
        perThread ? "lua-load-per-thread" : "lua-load",
        file,
        ...args,
      ]),
  }),
  luaPrependPath: define({
    doc: "Where modules that scripts require are looked for first.",
    chapter: "3.1",
    schema: v.optional(v.array(LuaPath), []),
    forms: [{
      name: "lua-prepend-path",
      usage: "<pattern> [path|cpath]",
      example: "/usr/share/haproxy-lua/?.lua",
      read(args, before, mark) {
        const path = args.word("a pattern of paths").text;
        const type = args.peek() === undefined ? "path" : choice(args, "a type", ["path", "cpath"]);
        mark();
        return [...before, { path, type }];
      },
    }],
    print: (paths: readonly LuaPath[]) =>
      paths.map(({ path, type }) => [
        "lua-prepend-path",
        path,
        ...(type === "path" ? [] : [type]),
      ]),
  }),
  tuneLuaBurstTimeout: setting("tune.lua.burst-timeout", time(), 1000, {
    doc: "How long a script may run without a pause; 0: as long as it likes.",
    chapter: "3.2",
  }),
  tuneLuaSessionTimeout: setting("tune.lua.session-timeout", time(), 4000, {
    doc: "How long an action of a script may run, its pauses left out; 0: as long as it likes.",
    chapter: "3.2",
  }),
  tuneLuaServiceTimeout: setting("tune.lua.service-timeout", time(), 4000, {
    doc: "How long a service of a script may run, its pauses left out; 0: as long as it likes.",
    chapter: "3.2",
  }),
  tuneLuaTaskTimeout: zeroable("tune.lua.task-timeout", time(), {
    doc: "How long a task of a script may run, its pauses left out; else as long as it likes.",
    chapter: "3.2",
  }),
};
