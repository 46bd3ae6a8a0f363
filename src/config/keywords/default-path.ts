/** From where the files of a configuration are reached (manual, chapter 3.1, "default-path"). */
import * as v from "valibot";
import { choice as readChoice } from "../haproxy/arguments.ts";
import { ignoreRest } from "./arguments-rest.ts";
import { nullable } from "./keyword.ts";

const policies = ["current", "config", "parent", "origin"] as const;

/** A policy, and the folder of `origin`. */
export const DefaultPath = v.strictObject({
  policy: v.picklist(policies),
  origin: v.optional(v.string(), ""),
});
/** {@linkcode DefaultPath} */
export type DefaultPath = v.InferOutput<typeof DefaultPath>;

/** The setting. */
export const defaultPath = nullable("default-path", {
  schema: DefaultPath,
  usage: "current|config|parent|origin <folder>",
  example: "config",
  read(args): DefaultPath {
    const policy = readChoice(args, "a policy", policies);
    const origin = policy === "origin" ? args.word("a folder").text : "";
    ignoreRest(args);
    return { policy, origin };
  },
  print: ({ policy, origin }) => policy === "origin" ? [policy, origin] : [policy],
}, {
  doc: "From where files without a '/' before their path are reached.",
  chapter: "3.1",
});

/**
 * A file's path as it is opened.
 * @param file the configuration that names it
 */
export function pathFrom(from: DefaultPath | null, file: string, path: string): string {
  if (from === null || from.policy === "current" || path.startsWith("/")) return path;
  if (from.policy === "origin") return `${from.origin}/${path}`;
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  return `${folder}${from.policy === "parent" ? "../" : ""}${path}`;
}
