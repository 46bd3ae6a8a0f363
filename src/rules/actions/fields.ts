/** Actions that edit the field section of a message. */
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { bytesOf, isWord } from "../../bytes/bytes.ts";
import type { Words } from "../../expr/words.ts";
import {
  FIELD_CONTENT_LENGTH,
  FIELD_TRANSFER_ENCODING,
  fieldKind,
  fieldStart,
  type Head,
  nameEnd,
} from "../../http/head.ts";
import type { HeadEditor } from "../../http/editor.ts";
import { reasonOf } from "../../http/reason.ts";
import type { Action, RuleKit, Run } from "../action.ts";
import type { Ruleset } from "../rulesets.ts";
import type { Format } from "../format.ts";
import { takeFieldName } from "../reply.ts";
import type { RuleStream } from "../stream.ts";
import { CONTINUE } from "../verdict.ts";
import { methods } from "../../expr/patterns/methods.ts";
import { matchMethods, PatternMistake } from "../../expr/patterns/pattern.ts";
import { Sample, STR } from "../../expr/sample.ts";

const chapter = "4.2";
const http: readonly Ruleset[] = ["http-request", "http-response", "http-after-response"];
const value = new ByteBuffer(512);

/** Which message the rules of a list are about. */
export const messageOf = ({ ruleset }: RuleKit): "request" | "response" =>
  ruleset.includes("request") ? "request" : "response";

/** The fields of a head that have a name, from the last to the first: so they can be taken out. */
export function eachField(
  head: Head,
  bytes: Uint8Array,
  lowerName: Uint8Array,
  act: (i: number) => void,
): void {
  for (let i = head.count - 1; i >= 0; i--) {
    if (isWord(bytes, fieldStart(head, i), nameEnd(head, i), lowerName)) act(i);
  }
}

/** A name in lower case, as those that compare names take it. */
export const lower = (name: Uint8Array) => name.map((c) => c >= 65 && c <= 90 ? c | 32 : c);

/** Fields that frame a message are no rule's: the message has been read by them. */
function takeEditableName(words: Words, kit: RuleKit): Uint8Array {
  const name = takeFieldName(words, kit.references.warn);
  const text = String.fromCharCode(...lower(name));
  if (text === "content-length" || text === "transfer-encoding") {
    kit.references.warn(
      `'${text}' frames the message, and is not edited by rules: this one does nothing`,
      undefined,
      words.at - 1,
    );
  }
  return name;
}

function setOrAdd(words: Words, kit: RuleKit, replaces: boolean): Run {
  const name = takeEditableName(words, kit);
  const lowerName = lower(name);
  const framing = isFraming(lowerName);
  const text = words.take("a format string");
  const format: Format = kit.format(words, text);
  const which = messageOf(kit);
  const isHost = which === "request" && isWord(name, 0, name.length, hostName);
  return (stream) => {
    if (framing) return CONTINUE;
    value.clear();
    format.write(stream, value);
    const editor = stream.edit(which);
    if (replaces) removeFields(editor, lowerName);
    editor.add(name, value.bytes, 0, value.length);
    if (isHost && replaces) editor.setAuthority(value.bytes, 0, value.length);
    return CONTINUE;
  };
}

/** Takes out all fields of a name, in lower case. */
export function removeFields(editor: HeadEditor, lowerName: Uint8Array): void {
  for (let i = editor.head.count - 1; i >= 0; i--) {
    const { head, bytes } = editor;
    if (isWord(bytes, fieldStart(head, i), nameEnd(head, i), lowerName)) editor.remove(i);
  }
}

export const hostName = bytesOf("host");
/** Whether fields of this name, in lower case, frame a message. */
export const isFraming = (lowerName: Uint8Array) =>
  isWord(lowerName, 0, lowerName.length, lengthName) ||
  isWord(lowerName, 0, lowerName.length, codingName);
const lengthName = bytesOf("content-length");
const codingName = bytesOf("transfer-encoding");

/** Takes out all fields for which `matches` says so. */
function removeWhere(
  stream: RuleStream,
  which: "request" | "response",
  matches: (bytes: Uint8Array, from: number, to: number) => boolean,
): void {
  const view = which === "request" ? stream.request : stream.response;
  const { head, bytes } = view;
  if (head === null) return;
  let any = false;
  for (let i = 0; i < head.count && !any; i++) {
    any = !framesContent(head, i) && matches(bytes, fieldStart(head, i), nameEnd(head, i));
  }
  if (!any) return;
  const editor = stream.edit(which);
  for (let i = editor.head.count - 1; i >= 0; i--) {
    const { head: edited, bytes: text } = editor;
    if (matches(text, fieldStart(edited, i), nameEnd(edited, i))) editor.remove(i);
  }
}

const framesContent = (head: Head, i: number) => {
  const kind = fieldKind(head, i);
  return kind === FIELD_CONTENT_LENGTH || kind === FIELD_TRANSFER_ENCODING;
};

function remove(words: Words, kit: RuleKit): Run {
  const which = messageOf(kit);
  const name = words.take("the name of a field");
  if (!words.skip("-m")) {
    words.at--;
    const lowerName = lower(takeEditableName(words, kit));
    return (stream) => {
      removeWhere(stream, which, (bytes, from, to) => isWord(bytes, from, to, lowerName));
      return CONTINUE;
    };
  }
  const method = words.choice("a way to compare", matchMethods);
  const index = methods.get(method)!.create(true);
  try {
    index.add(name, 0);
  } catch (error) {
    if (error instanceof PatternMistake) throw words.mistake(error.message, error.hint);
    throw error;
  }
  const sample = new Sample();
  return (stream) => {
    removeWhere(stream, which, (bytes, from, to) => {
      sample.begin();
      sample.setBytes(STR, bytes, from, to);
      return index.find(sample) >= 0;
    });
    return CONTINUE;
  };
}

/** {@linkcode Action}s of this family. */
export const fieldActions: readonly Action[] = [
  {
    name: "add-header",
    rulesets: http,
    usage: "<name> <format>",
    doc: "Adds a field behind those that there are.",
    chapter,
    compile: (words, kit) => setOrAdd(words, kit, false),
  },
  {
    name: "set-header",
    rulesets: http,
    usage: "<name> <format>",
    doc: "Puts a field in the place of all that have its name.",
    chapter,
    compile: (words, kit) => setOrAdd(words, kit, true),
  },
  {
    name: "del-header",
    rulesets: http,
    usage: "<name> [-m <method>]",
    doc: "Removes all fields of a name, or whose names match.",
    chapter,
    compile: remove,
  },
  {
    name: "set-status",
    rulesets: ["http-response", "http-after-response"],
    usage: "<status> [reason <text>]",
    doc: "Changes the status of the response, and its reason phrase.",
    chapter,
    compile(words) {
      const status = words.integer("a status", 100, 999);
      const reason = bytesOf(
        words.skip("reason") ? words.take("a reason phrase") : reasonOf(status),
      );
      return (stream) => {
        stream.edit("response").setStatus(status, reason);
        return CONTINUE;
      };
    },
  },
];
