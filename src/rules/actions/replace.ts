/** Actions that replace what a regular expression matches. */
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { COMMA, isWord } from "../../bytes/bytes.ts";
import type { Regex } from "../../expr/patterns/regex/regex.ts";
import type { Words } from "../../expr/words.ts";
import { fieldStart, nameEnd, valueEnd, valueStart } from "../../http/head.ts";
import { pathEnd, pathStart } from "../../http/target.ts";
import type { Action, RuleKit, Run } from "../action.ts";
import type { Format } from "../format.ts";
import type { Ruleset } from "../rulesets.ts";
import { takeFieldName } from "../reply.ts";
import type { RuleStream } from "../stream.ts";
import { substitute, takeRegex } from "../substitute.ts";
import { CONTINUE } from "../verdict.ts";
import { lower, messageOf } from "./fields.ts";
import { type LinePart, setPart } from "./target.ts";

const chapter = "4.2";
const http: readonly Ruleset[] = ["http-request", "http-response", "http-after-response"];
const text = new ByteBuffer(512);
const value = new ByteBuffer(512);
const SPACE = 32;
const comma = Uint8Array.of(COMMA);

/**
 * Replaces what matches in bytes[from, to): in the whole value, or in each element of a
 * comma-separated list.
 * @param format makes what is put in its place, anew for each match
 * @returns the new value, until the next call; null: nothing matches
 */
export function replaceValue(
  bytes: Uint8Array,
  from: number,
  to: number,
  regex: Regex,
  byElement: boolean,
  format: Pick<Format, "write">,
  stream: RuleStream,
): ByteBuffer | null {
  value.clear();
  let changed = false;
  for (let at = from; at <= to;) {
    let end = byElement ? bytes.indexOf(COMMA, at) : to;
    if (end < 0 || end > to) end = to;
    let start = at;
    while (byElement && start < end && bytes[start] === SPACE) start++;
    const groups = regex.exec(bytes, start, end);
    if (groups === null) value.append(bytes, at, end);
    else {
      changed = true;
      text.clear();
      format.write(stream, text);
      substitute(text.bytes, text.length, groups, bytes, value);
    }
    if (end < to) value.append(comma, 0, 1);
    at = end + 1;
  }
  return changed ? value : null;
}

function replaceInFields(words: Words, kit: RuleKit, byElement: boolean): Run {
  const name = lower(takeFieldName(words));
  const regex = takeRegex(words, kit.references);
  const format = kit.format(words, words.take("a format string"));
  const which = messageOf(kit);
  return (stream) => {
    const view = which === "request" ? stream.request : stream.response;
    const count = view.head?.count ?? 0;
    for (let i = 0; i < count; i++) {
      const { head, bytes } = view;
      if (!isWord(bytes, fieldStart(head!, i), nameEnd(head!, i), name)) continue;
      const from = valueStart(head!, i);
      const to = valueEnd(head!, i);
      const made = replaceValue(bytes, from, to, regex, byElement, format, stream);
      if (made !== null) stream.edit(which).setValue(i, made.bytes, 0, made.length);
    }
    return CONTINUE;
  };
}

function replacePart(name: string, part: LinePart, doc: string): Action {
  return {
    name,
    rulesets: ["http-request"],
    usage: "<regex> <format>",
    doc,
    chapter,
    compile(words, kit) {
      const regex = takeRegex(words, kit.references);
      const format = kit.format(words, words.take("a format string"));
      return (stream) => {
        const { head, bytes } = stream.request;
        if (head === null) return CONTINUE;
        const start = part === "uri" ? head.targetStart : pathStart(head, bytes);
        const end = part === "path" ? pathEnd(head, bytes, start) : head.targetEnd;
        const groups = regex.exec(bytes, start, end);
        if (groups === null) return CONTINUE;
        text.clear();
        format.write(stream, text);
        value.clear();
        substitute(text.bytes, text.length, groups, bytes, value);
        setPart(stream.edit("request"), part, value.bytes, value.length);
        return CONTINUE;
      };
    },
  };
}

/** {@linkcode Action}s of this family. */
export const replaceActions: readonly Action[] = [
  {
    name: "replace-header",
    rulesets: http,
    usage: "<name> <regex> <format>",
    doc: "Puts another value in the place of those of a field that match.",
    chapter,
    compile: (words, kit) => replaceInFields(words, kit, false),
  },
  {
    name: "replace-value",
    rulesets: http,
    usage: "<name> <regex> <format>",
    doc: "The same for each element of a comma-separated list.",
    chapter,
    compile: (words, kit) => replaceInFields(words, kit, true),
  },
  replacePart("replace-path", "path", "Replaces the path, not the query, where it matches."),
  replacePart("replace-pathq", "pathq", "Replaces path and query where they match."),
  replacePart("replace-uri", "uri", "Replaces the whole request target where it matches."),
];
