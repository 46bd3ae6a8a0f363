/** Fetches of fields and cookies of messages (manual, chapter 7.3.6). */
import { BACKSLASH, bytesOf, COMMA, isWord, QUOTE } from "../../bytes/bytes.ts";
import { fieldStart, type Head, nameEnd, valueEnd, valueStart } from "../../http/head.ts";
import { type ArgumentForm, type Arguments, may } from "../arguments.ts";
import type { Context } from "../context.ts";
import { castTo } from "../cast.ts";
import type { Fetch, FetchValue } from "../fetch.ts";
import type { MessageView } from "../message.ts";
import { NEEDS_REQUEST, NEEDS_RESPONSE } from "../needs.ts";
import { ADDR, IPV6, type Sample, type SampleType, SINT, STR } from "../sample.ts";
import { takeScratch } from "../scratch.ts";
import { setAddress } from "./connection.ts";
import { sampleText } from "../cast.ts";

const chapter = "7.3.6";
const SPACE = 32;
const TAB = 9;

type Side = "req" | "res";
const viewOf = (side: Side) =>
  side === "req"
    ? (context: Context): MessageView => context.request
    : (context: Context): MessageView => context.response;
const needsOf = (side: Side) => side === "req" ? NEEDS_REQUEST : NEEDS_RESPONSE;

/** A walk over the values of a field, one after the other. */
class Walk {
  from = 0;
  to = 0;
}
const walk = new Walk();

/** Whether field `i` has the name (in lower case; null: every name will do). */
const hasName = (head: Head, bytes: Uint8Array, i: number, name: Uint8Array | null) =>
  name === null || isWord(bytes, fieldStart(head, i), nameEnd(head, i), name);

/** Where the element ends that begins at `i`: at a comma that is not quoted, or at `to`. */
function elementEnd(bytes: Uint8Array, i: number, to: number): number {
  let quoted = false;
  for (; i < to; i++) {
    const c = bytes[i]!;
    if (c === QUOTE) quoted = !quoted;
    else if (quoted && c === BACKSLASH) i++;
    else if (c === COMMA && !quoted) return i;
  }
  return to;
}

/**
 * Calls `found` with each value of the fields, elements of lists one by one unless `whole`; until it
 * returns true.
 */
function eachValue(
  head: Head,
  bytes: Uint8Array,
  name: Uint8Array | null,
  whole: boolean,
  found: (from: number, to: number) => boolean,
): boolean {
  for (let i = 0; i < head.count; i++) {
    if (!hasName(head, bytes, i, name)) continue;
    const end = valueEnd(head, i);
    let at = valueStart(head, i);
    if (whole) {
      if (found(at, end)) return true;
      continue;
    }
    do {
      const to = elementEnd(bytes, at, end);
      let from = at;
      let last = to;
      while (from < last && (bytes[from] === SPACE || bytes[from] === TAB)) from++;
      while (last > from && (bytes[last - 1] === SPACE || bytes[last - 1] === TAB)) last--;
      if (found(from, last)) return true;
      at = to + 1;
    } while (at <= end && at > valueStart(head, i) && at - 1 < end);
  }
  return false;
}

/** The value with the number `n` (from 1; negative: from the end) into {@linkcode walk}. */
function nth(
  head: Head,
  bytes: Uint8Array,
  name: Uint8Array | null,
  whole: boolean,
  n: number,
): boolean {
  let count = 0;
  if (n > 0) {
    return eachValue(head, bytes, name, whole, (from, to) => {
      if (++count < n) return false;
      walk.from = from;
      walk.to = to;
      return true;
    });
  }
  if (n === -1) {
    eachValue(head, bytes, name, whole, (from, to) => {
      count++;
      walk.from = from;
      walk.to = to;
      return false;
    });
    return count > 0;
  }
  const all: number[] = [];
  eachValue(head, bytes, name, whole, (from, to) => all.push(from, to) < 0);
  const at = all.length + 2 * n;
  if (at < 0) return false;
  walk.from = all[at]!;
  walk.to = all[at + 1]!;
  return true;
}

const nameOf = (args: Arguments) => args.has(0) ? bytesOf(args.text(0).toLowerCase()) : null;
const fieldArguments: readonly ArgumentForm[] = [may("name"), may("occ", "integer")];

/** Reads a value: the first one, the one that is asked for, or one after the other. */
function valueFetch(side: Side, whole: boolean, args: Arguments, byDefault: number): FetchValue {
  const name = nameOf(args);
  const occurrence = args.integer(1, byDefault);
  const view = viewOf(side);
  return (context, sample) => {
    const { head, bytes } = view(context);
    if (head === null) return false;
    if (occurrence !== 0 || !sample.iterate) {
      return nth(head, bytes, name, whole, occurrence || -1) &&
        sample.setBytes(STR, bytes, walk.from, walk.to);
    }
    if (!nth(head, bytes, name, whole, sample.cursor + 1)) {
      sample.more = false;
      return false;
    }
    sample.cursor++;
    sample.more = true;
    return sample.setBytes(STR, bytes, walk.from, walk.to);
  };
}

/** An IP address, where a value is one; an IPv4 one may have a port. */
function toAddress(sample: Sample): boolean {
  const text = sampleText(sample);
  if (setAddress(sample, text)) return true;
  const colon = text.lastIndexOf(":");
  if (text.startsWith("[")) {
    return setAddress(sample, text.slice(1, text.indexOf("]"))) && sample.type === IPV6;
  }
  return colon > 0 && text.indexOf(":") === colon && setAddress(sample, text.slice(0, colon));
}

/** The same values as another fetch's, made something else; those that cannot be are passed over. */
function mapped(value: FetchValue, convert: (sample: Sample) => boolean): FetchValue {
  return (context, sample) => {
    do {
      if (!value(context, sample)) return false;
      if (convert(sample)) return true;
    } while (sample.more);
    return false;
  };
}

function fieldFetches(side: Side, prefix: string, short: string): Fetch[] {
  const needs = needsOf(side);
  const what = side === "req" ? "request" : "response";
  const view = viewOf(side);
  const entry = (
    name: string,
    aliases: readonly string[],
    type: SampleType,
    doc: string,
    create: Fetch["create"],
    args: readonly ArgumentForm[] = fieldArguments,
  ): Fetch => ({ name: `${prefix}.${name}`, aliases, type, needs, args, doc, chapter, create });
  const values = (whole: boolean) => (args: Arguments): FetchValue =>
    valueFetch(side, whole, args, 0);
  const lastByDefault = (args: Arguments): FetchValue => valueFetch(side, false, args, 0);
  const count = (whole: boolean) => (args: Arguments): FetchValue => {
    const name = nameOf(args);
    return (context, sample) => {
      const { head, bytes } = view(context);
      if (head === null) return false;
      let number = 0;
      eachValue(head, bytes, name, whole, () => ++number < 0);
      return sample.setInt(number);
    };
  };
  return [
    {
      ...entry(
        "hdr",
        short === "" ? [] : [short],
        STR,
        `A value of a ${what} field, of a list one by one.`,
        lastByDefault,
      ),
      derives: true,
    },
    entry("fhdr", [], STR, `A whole ${what} field's value.`, values(true)),
    entry(
      "hdr_cnt",
      short === "" ? [] : [`${short}_cnt`],
      SINT,
      `How many values a ${what} field has.`,
      count(false),
      [may("name")],
    ),
    entry("fhdr_cnt", [], SINT, `How often a ${what} field stands there.`, count(true), [
      may("name"),
    ]),
    entry(
      "hdr_ip",
      short === "" ? [] : [`${short}_ip`],
      ADDR,
      `A value of a ${what} field, as an IP address.`,
      (args) => mapped(valueFetch(side, false, args, 0), toAddress),
    ),
    entry(
      "hdr_val",
      short === "" ? [] : [`${short}_val`],
      SINT,
      `A value of a ${what} field, as an integer.`,
      (args) => mapped(valueFetch(side, false, args, 0), (sample) => castTo(sample, SINT)),
    ),
    entry("hdr_names", [], STR, `The names of all ${what} fields.`, (args) => {
      const delimiter = bytesOf(args.text(0, ","));
      return (context, sample) => {
        const { head, bytes } = view(context);
        if (head === null) return false;
        const target = takeScratch();
        let length = 0;
        for (let i = 0; i < head.count; i++) {
          if (i > 0) { for (const c of delimiter) target[length++] = c; }
          for (let k = fieldStart(head, i); k < nameEnd(head, i); k++) {
            const c = bytes[k]!;
            target[length++] = c >= 65 && c <= 90 ? c | 32 : c;
          }
        }
        return sample.setBytes(STR, target, 0, length);
      };
    }, [may("delim")]),
  ];
}

/** Cookies of a field's value: name=value, separated by semicolons (RFC 6265, section 4.2.1). */
function eachCookie(
  bytes: Uint8Array,
  from: number,
  to: number,
  name: Uint8Array | null,
  found: (from: number, to: number, nameFrom: number, nameTo: number) => boolean,
  firstOnly: boolean,
): boolean {
  for (let at = from; at < to;) {
    let end = at;
    while (end < to && bytes[end] !== 59) end++;
    let start = at;
    while (start < end && (bytes[start] === SPACE || bytes[start] === TAB)) start++;
    let equals = start;
    while (equals < end && bytes[equals] !== 61) equals++;
    let nameTo = equals;
    while (nameTo > start && (bytes[nameTo - 1] === SPACE || bytes[nameTo - 1] === TAB)) nameTo--;
    if (equals < end && (name === null || same(bytes, start, nameTo, name))) {
      let valueFrom = equals + 1;
      let valueTo = end;
      while (valueFrom < valueTo && (bytes[valueFrom] === SPACE || bytes[valueFrom] === TAB)) {
        valueFrom++;
      }
      while (valueTo > valueFrom && (bytes[valueTo - 1] === SPACE || bytes[valueTo - 1] === TAB)) {
        valueTo--;
      }
      if (found(valueFrom, valueTo, start, nameTo)) return true;
    }
    if (firstOnly) return false;
    at = end + 1;
  }
  return false;
}

function same(bytes: Uint8Array, from: number, to: number, name: Uint8Array): boolean {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name[i]) return false;
  return true;
}

const cookieName = bytesOf("cookie");
const setCookieName = bytesOf("set-cookie");

function cookieFetches(
  side: Side,
  prefix: string,
  aliases: (name: string) => readonly string[],
): Fetch[] {
  const needs = needsOf(side);
  const view = viewOf(side);
  const field = side === "req" ? cookieName : setCookieName;
  const what = side === "req" ? "request" : "response";
  // Set-Cookie has one cookie, and attributes behind it.
  const firstOnly = side === "res";
  const walkCookies = (
    context: Context,
    name: Uint8Array | null,
    found: (from: number, to: number, nameFrom: number, nameTo: number) => boolean,
  ) => {
    const { head, bytes } = view(context);
    return head !== null && eachValue(
      head,
      bytes,
      field,
      true,
      (from, to) => eachCookie(bytes, from, to, name, found, firstOnly),
    );
  };
  const value = (args: Arguments): FetchValue => {
    const name = args.has(0) ? bytesOf(args.text(0)) : null;
    return (context, sample) => {
      let count = 0;
      const { bytes } = view(context);
      let any = false;
      const found = walkCookies(context, name, (from, to) => {
        any ||= !sample.iterate;
        if (sample.iterate && count++ < sample.cursor) return false;
        return sample.setBytes(STR, bytes, from, to) && sample.iterate;
      });
      if (!sample.iterate) return any;
      sample.more = found;
      sample.cursor++;
      return found;
    };
  };
  const entry = (
    name: string,
    type: SampleType,
    doc: string,
    create: Fetch["create"],
    args: readonly ArgumentForm[] = [may("name")],
  ): Fetch => ({
    name: `${prefix}.${name}`,
    aliases: aliases(name),
    type,
    needs,
    args,
    doc,
    chapter,
    create,
  });
  return [
    { ...entry("cook", STR, `A cookie of the ${what}.`, value), derives: true },
    entry("cook_cnt", SINT, `How many cookies of the name the ${what} has.`, (args) => {
      const name = args.has(0) ? bytesOf(args.text(0)) : null;
      return (context, sample) => {
        let count = 0;
        walkCookies(context, name, () => ++count < 0);
        return sample.setInt(count);
      };
    }),
    entry(
      "cook_val",
      SINT,
      `A cookie of the ${what}, as an integer.`,
      (args) => mapped(value(args), (sample) => castTo(sample, SINT)),
    ),
    entry("cook_names", STR, `The names of all cookies of the ${what}.`, (args) => {
      const delimiter = bytesOf(args.text(0, ","));
      return (context, sample) => {
        const target = takeScratch();
        const { bytes } = view(context);
        let length = 0;
        walkCookies(context, null, (_from, _to, nameFrom, nameTo) => {
          if (length > 0) { for (const c of delimiter) target[length++] = c; }
          for (let i = nameFrom; i < nameTo; i++) target[length++] = bytes[i]!;
          return false;
        });
        return length > 0 && sample.setBytes(STR, target, 0, length);
      };
    }, [may("delim")]),
  ];
}

/**
 * "hdr" and "cook" alone are the request's or the response's, as the rule is: those of the direction
 * that there is.
 */
function ofEither(request: Fetch, response: Fetch, name: string): Fetch {
  return {
    ...request,
    name,
    aliases: [],
    needs: 0,
    doc: request.doc.replace("request", "message's"),
    create(args, references) {
      const inRequest = request.create(args, references);
      const inResponse = response.create(args, references);
      return (context, sample) =>
        context.response.head === null ? inRequest(context, sample) : inResponse(context, sample);
    },
  };
}

const requestFields = fieldFetches("req", "req", "");
const responseFields = fieldFetches("res", "res", "shdr");
const requestCookies = cookieFetches("req", "req", () => []);
const responseCookies = cookieFetches("res", "res", (name) => [`s${name}`]);

const oldCookie = (found: Fetch, name: string): Fetch => ({ ...found, name, aliases: [] });
const names = ["hdr", "hdr_cnt", "hdr_ip", "hdr_val"];
const cookieNames = ["cook", "cook_cnt", "cook_val"];
const byName = (list: readonly Fetch[], name: string) =>
  list.find((each) => each.name.endsWith(`.${name}`))!;

/** {@linkcode Fetch}es of this family. */
export const messageFetches: readonly Fetch[] = [
  ...requestFields,
  ...responseFields,
  ...requestCookies,
  ...responseCookies,
  ofEither(byName(requestCookies, "cook"), byName(responseCookies, "cook"), "cookie"),
  oldCookie(byName(responseCookies, "cook"), "set-cookie"),
  ...names.map((name) => ofEither(byName(requestFields, name), byName(responseFields, name), name)),
  ...cookieNames.map((name) =>
    ofEither(byName(requestCookies, name), byName(responseCookies, name), name)
  ),
];
