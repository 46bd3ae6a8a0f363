/** The keyword `unix-bind`: what unix sockets have that `bind` lines listen on (manual, 3.1). */
import * as v from "valibot";
import { readParameters, table } from "../haproxy/table.ts";
import { groupSetting, modeSetting, userSetting } from "./accounts.ts";
import { define, entriesOf, keywordsOf, nullable, printSettings } from "./keyword.ts";
import { text } from "./values.ts";

const chapter = "3.1";

/** Parameters of `unix-bind`. */
const unixBindSettings = {
  prefix: nullable("prefix", text("a path", "<path>", "/run/sluice/"), {
    doc: "What goes before their paths.",
    chapter,
  }),
  mode: modeSetting({ doc: "Who may connect: the mode of their paths, in octal.", chapter }),
  user: userSetting("user", "uid", { doc: "Whose their paths are.", chapter }),
  group: groupSetting("group", "gid", { doc: "The group that their paths have.", chapter }),
};

/** What unix sockets have where their `bind` lines say nothing else. */
export const UnixBind = v.strictObject(entriesOf(unixBindSettings));
/** {@linkcode UnixBind} */
export type UnixBind = v.InferOutput<typeof UnixBind>;

/** The parameters, for the help. */
export const unixBindOptions = table(keywordsOf(unixBindSettings, "global.unixBind."));

/** See above. */
export const unixBindSetting = {
  unixBind: define({
    doc: "What the unix sockets of 'bind' lines have, where these say nothing else.",
    chapter,
    schema: v.optional(v.nullable(UnixBind), null),
    forms: [{
      name: "unix-bind",
      usage: "[prefix <path>] [mode <mode>] [user <user>] [uid <uid>] [group <group>] [gid <gid>]",
      example: "mode 770 user nobody",
      read(args, before, mark) {
        const bind = before === null ? v.parse(UnixBind, {}) : { ...before };
        mark();
        args.mark(bind);
        readParameters(unixBindOptions, bind, args, "in 'unix-bind'");
        return bind;
      },
    }],
    print: (bind: UnixBind | null) =>
      bind === null ? [] : [["unix-bind", ...printSettings(unixBindSettings, bind).flat()]],
  }),
};
