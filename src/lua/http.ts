/** The class HTTP: a message's head, as scripts read and edit it. */
import { ByteBuffer } from "../bytes/byte-buffer.ts";
import { bytesOf, isWord, textOf } from "../bytes/bytes.ts";
import type { Context } from "../expr/context.ts";
import { PatternMistake } from "../expr/patterns/pattern.ts";
import { compileRegex, type Regex } from "../expr/patterns/regex/regex.ts";
import { fieldStart, nameEnd, valueEnd, valueStart } from "../http/head.ts";
import { pathEnd, pathStart } from "../http/target.ts";
import { reasonOf } from "../http/reason.ts";
import { isToken } from "../http/token.ts";
import { hostName, isFraming, lower, removeFields } from "../rules/actions/fields.ts";
import { replaceValue } from "../rules/actions/replace.ts";
import { type LinePart, setPart } from "../rules/actions/target.ts";
import type { RuleStream } from "../rules/stream.ts";
import {
  FromZero,
  type LuaCall,
  LuaClass,
  type LuaInput,
  type LuaMethod,
  LuaMistake,
} from "./values.ts";

type Which = "request" | "response";

/** What the class is about. */
export interface HttpTarget {
  readonly context: Context;
  /** null: it is only looked at. */
  readonly stream: RuleStream | null;
  /** What may be edited here; null: nothing. */
  readonly edits: Which | null;
}

const value = new ByteBuffer(512);
const question = bytesOf("?");

/** All fields of a message, by their names in lower case: tables whose first index is 0. */
export function fieldsOf(stream: Pick<Context, Which>, which: Which): LuaInput {
  const { head, bytes } = which === "request" ? stream.request : stream.response;
  const fields: Record<string, FromZero> = {};
  for (let i = 0; i < (head?.count ?? 0); i++) {
    const name = textOf(bytes, fieldStart(head!, i), nameEnd(head!, i)).toLowerCase();
    const { list } = fields[name] ??= new FromZero([]);
    list.push(bytes.slice(valueStart(head!, i), valueEnd(head!, i)));
  }
  return fields;
}

function editor({ stream, edits }: HttpTarget, which: Which) {
  if (stream === null || edits !== which || stream[which].head === null) {
    throw new LuaMistake(`the ${which} cannot be changed here`);
  }
  return stream.edit(which);
}

function nameOf(call: LuaCall): Uint8Array {
  const name = call.text(0);
  if (!isToken(name)) throw new LuaMistake(`'${name}' is not the name of a field`);
  return bytesOf(name);
}

/** A value must not end its line. */
function valueOf(call: LuaCall, i: number): Uint8Array {
  const bytes = call.bytes(i);
  if (bytes.some((byte) => byte === 10 || byte === 13 || byte === 0)) {
    throw new LuaMistake(`argument #${i + 1}: a line feed or NUL cannot stand here`);
  }
  return bytes;
}

function add(target: HttpTarget, which: Which, call: LuaCall, replaces: boolean): null {
  const name = nameOf(call);
  const bytes = valueOf(call, 1);
  const lowerName = lower(name);
  // The message has been read by these: they are no script's.
  if (isFraming(lowerName)) return null;
  const edited = editor(target, which);
  if (replaces) removeFields(edited, lowerName);
  edited.add(name, bytes);
  if (replaces && which === "request" && isWord(name, 0, name.length, hostName)) {
    edited.setAuthority(bytes, 0, bytes.length);
  }
  return null;
}

const regexes = new Map<string, Regex>();
function regexOf(text: string): Regex {
  let regex = regexes.get(text);
  if (regex !== undefined) return regex;
  try {
    regex = compileRegex(text, false);
  } catch (error) {
    if (error instanceof PatternMistake) throw new LuaMistake(error.message);
    throw error;
  }
  if (regexes.size > 256) regexes.clear();
  regexes.set(text, regex);
  return regex;
}

function replace(target: HttpTarget, which: Which, call: LuaCall, byElement: boolean): null {
  const name = lower(nameOf(call));
  const regex = regexOf(call.text(1));
  const text = valueOf(call, 2);
  const format = { write: (_: RuleStream, to: ByteBuffer) => to.append(text, 0, text.length) };
  const edited = editor(target, which);
  for (let i = 0; i < edited.head.count; i++) {
    const { head, bytes } = edited;
    if (!isWord(bytes, fieldStart(head, i), nameEnd(head, i), name)) continue;
    const [from, to] = [valueStart(head, i), valueEnd(head, i)];
    const made = replaceValue(bytes, from, to, regex, byElement, format, target.stream!);
    if (made !== null) edited.setValue(i, made.bytes, 0, made.length);
  }
  return null;
}

const line = (part: LinePart): LuaMethod<HttpTarget> => (target, call) => {
  const text = valueOf(call, 0);
  setPart(editor(target, "request"), part, text, text.length);
  return true;
};

function editing(which: Which): Readonly<Record<string, LuaMethod<HttpTarget>>> {
  const prefix = which === "request" ? "req" : "res";
  return {
    [`${prefix}_get_headers`]: ({ context }) => fieldsOf(context, which),
    [`${prefix}_add_header`]: (target, call) => add(target, which, call, false),
    [`${prefix}_set_header`]: (target, call) => add(target, which, call, true),
    [`${prefix}_del_header`]: (target, call) => {
      const name = lower(nameOf(call));
      if (!isFraming(name)) removeFields(editor(target, which), name);
      return null;
    },
    [`${prefix}_rep_header`]: (target, call) => replace(target, which, call, false),
    [`${prefix}_rep_value`]: (target, call) => replace(target, which, call, true),
  };
}

/** See the head of this file. */
export const httpClass = new LuaClass("HTTP", {
  ...editing("request"),
  ...editing("response"),
  req_set_method: line("method"),
  req_set_path: line("path"),
  req_set_query(target: HttpTarget, call: LuaCall) {
    const query = valueOf(call, 0);
    const edited = editor(target, "request");
    const { head, bytes } = edited;
    const start = pathStart(head, bytes);
    // As in HAProxy: with the "?" also where nothing follows it.
    value.clear();
    value.append(bytes, start, pathEnd(head, bytes, start));
    value.append(question, 0, 1);
    value.append(query, 0, query.length);
    setPart(edited, "pathq", value.bytes, value.length);
    return true;
  },
  req_set_uri: line("uri"),
  res_set_status(target: HttpTarget, call: LuaCall) {
    const status = call.number(0);
    if (!(status >= 100 && status <= 999)) throw new LuaMistake(`${status} is not a status`);
    const reason = call.has(1) ? valueOf(call, 1) : bytesOf(reasonOf(status));
    editor(target, "response").setStatus(status, reason);
    return null;
  },
});
