/** Actions that replace what a regular expression matches. */
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { isWord } from "../../bytes/bytes.ts";
import type { Words } from "../../expr/words.ts";
import { fieldStart, nameEnd, valueEnd, valueStart } from "../../http/head.ts";
import { pathEnd, pathStart } from "../../http/target.ts";
import type { Action, RuleKit, Run } from "../action.ts";
import type { Ruleset } from "../rulesets.ts";
import { takeFieldName } from "../reply.ts";
import { substitute, takeRegex } from "../substitute.ts";
import { CONTINUE } from "../verdict.ts";
import { messageOf } from "./fields.ts";
import { type LinePart, setPart } from "./target.ts";

const chapter = "4.2";
const http: readonly Ruleset[] = ["http-request", "http-response", "http-after-response"];
const text = new ByteBuffer(512);
const value = new ByteBuffer(512);
const COMMA = 44;
const SPACE = 32;
const comma = Uint8Array.of(COMMA);

function replaceWhole(words: Words, kit: RuleKit): Run {
  const name = takeFieldName(words).map((c) => c >= 65 && c <= 90 ? c | 32 : c);
  const regex = takeRegex(words, kit.references);
  const format = kit.format(words, words.take("a format string"));
  const which = messageOf(kit);
  return (stream) => {
    const { head, bytes } = which === "request" ? stream.request : stream.response;
    if (head === null) return CONTINUE;
    for (let i = 0; i < head.count; i++) {
      if (!isWord(bytes, fieldStart(head, i), nameEnd(head, i), name)) continue;
      const editor = stream.edit(which);
      const { head: edited, bytes: now } = editor;
      const groups = regex.exec(now, valueStart(edited, i), valueEnd(edited, i));
      if (groups === null) continue;
      text.clear();
      format.write(stream, text);
      value.clear();
      substitute(text.bytes, text.length, groups, now, value);
      editor.setValue(i, value.bytes, 0, value.length);
    }
    return CONTINUE;
  };
}

/** The same, element by element of comma-separated lists. */
function replaceElements(words: Words, kit: RuleKit): Run {
  const name = takeFieldName(words).map((c) => c >= 65 && c <= 90 ? c | 32 : c);
  const regex = takeRegex(words, kit.references);
  const format = kit.format(words, words.take("a format string"));
  const which = messageOf(kit);
  return (stream) => {
    const view = which === "request" ? stream.request : stream.response;
    const count = view.head?.count ?? 0;
    for (let i = 0; i < count; i++) {
      const { head, bytes } = view;
      if (!isWord(bytes, fieldStart(head!, i), nameEnd(head!, i), name)) continue;
      const end = valueEnd(head!, i);
      value.clear();
      let changed = false;
      for (let at = valueStart(head!, i); at <= end;) {
        let to = bytes.indexOf(COMMA, at);
        if (to < 0 || to > end) to = end;
        let from = at;
        while (from < to && bytes[from] === SPACE) from++;
        const groups = regex.exec(bytes, from, to);
        if (groups === null) value.append(bytes, at, to);
        else {
          changed = true;
          text.clear();
          format.write(stream, text);
          substitute(text.bytes, text.length, groups, bytes, value);
        }
        if (to < end) value.append(comma, 0, 1);
        at = to + 1;
      }
      if (changed) stream.edit(which).setValue(i, value.bytes, 0, value.length);
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
    compile: replaceWhole,
  },
  {
    name: "replace-value",
    rulesets: http,
    usage: "<name> <regex> <format>",
    doc: "The same for each element of a comma-separated list.",
    chapter,
    compile: replaceElements,
  },
  replacePart("replace-path", "path", "Replaces the path, not the query, where it matches."),
  replacePart("replace-pathq", "pathq", "Replaces path and query where they match."),
  replacePart("replace-uri", "uri", "Replaces the whole request target where it matches."),
];
