/** Fetches of whole messages (manual, chapter 7.3.6): their content, all of their fields. */
import { bytesOf } from "../../bytes/bytes.ts";
import {
  FIELD_CONTENT_LENGTH,
  fieldKind,
  fieldStart,
  type Head,
  nameEnd,
  valueEnd,
  valueStart,
} from "../../http/head.ts";
import { bodyOf } from "../body.ts";
import type { Context } from "../context.ts";
import type { Fetch, FetchValue } from "../fetch.ts";
import type { MessageView } from "../message.ts";
import {
  NEEDS_REQUEST,
  NEEDS_REQUEST_BODY,
  NEEDS_RESPONSE,
  NEEDS_RESPONSE_BODY,
} from "../needs.ts";
import { BIN, BOOL, type SampleType, SINT, STR } from "../sample.ts";
import { takeScratch } from "../scratch.ts";

const chapter = "7.3.6";
const COLON = 58;
const SP = 32;

type View = (context: Context) => MessageView;

/** The length that a message says it has; -1: it does not say. */
function contentLength(head: Head, bytes: Uint8Array): number {
  for (let i = 0; i < head.count; i++) {
    if (fieldKind(head, i) !== FIELD_CONTENT_LENGTH) continue;
    let length = 0;
    for (let k = valueStart(head, i); k < valueEnd(head, i); k++) {
      length = length * 10 + bytes[k]! - 48;
    }
    return length;
  }
  return -1;
}

/** Fills a scratch buffer. */
class Writer {
  readonly bytes = takeScratch();
  length = 0;
  byte(value: number): void {
    if (this.length < this.bytes.length) this.bytes[this.length] = value;
    this.length++;
  }
  /** A part of others; names are written in lower case. */
  part(bytes: Uint8Array, from: number, to: number, isName: boolean): void {
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!;
      this.byte(isName && byte >= 65 && byte <= 90 ? byte | 32 : byte);
    }
  }
  /** An integer of variable length, as HAProxy's peers and agents have them (SPOE.txt, 3.1). */
  integer(value: number): void {
    if (value < 240) return this.byte(value);
    this.byte(value | 240);
    let rest = (value - 240) >>> 4;
    for (; rest >= 128; rest = (rest - 128) >>> 7) this.byte(rest | 128);
    this.byte(rest);
  }
  get fits(): boolean {
    return this.length <= this.bytes.length;
  }
}

const fields = (view: View): FetchValue => (context, sample) => {
  const { head, bytes } = view(context);
  if (head === null) return false;
  const writer = new Writer();
  for (let i = 0; i < head.count; i++) {
    writer.part(bytes, fieldStart(head, i), nameEnd(head, i), true);
    writer.byte(COLON);
    writer.byte(SP);
    writer.part(bytes, valueStart(head, i), valueEnd(head, i), false);
    writer.byte(13);
    writer.byte(10);
  }
  writer.byte(13);
  writer.byte(10);
  return writer.fits && sample.setBytes(STR, writer.bytes, 0, writer.length);
};

const binaryFields = (view: View): FetchValue => (context, sample) => {
  const { head, bytes } = view(context);
  if (head === null) return false;
  const writer = new Writer();
  for (let i = 0; i < head.count; i++) {
    writer.integer(nameEnd(head, i) - fieldStart(head, i));
    writer.part(bytes, fieldStart(head, i), nameEnd(head, i), true);
    writer.integer(valueEnd(head, i) - valueStart(head, i));
    writer.part(bytes, valueStart(head, i), valueEnd(head, i), false);
  }
  writer.byte(0);
  writer.byte(0);
  return writer.fits && sample.setBytes(BIN, writer.bytes, 0, writer.length);
};

function sideFetches(side: "req" | "res"): Fetch[] {
  const view: View = side === "req" ? ({ request }) => request : ({ response }) => response;
  const ofHead = side === "req" ? NEEDS_REQUEST : NEEDS_RESPONSE;
  const ofContent = side === "req" ? NEEDS_REQUEST_BODY : NEEDS_RESPONSE_BODY;
  const what = side === "req" ? "request" : "response";
  const entry = (
    name: string,
    type: SampleType,
    needs: number,
    doc: string,
    value: FetchValue,
  ): Fetch => ({ name: `${side}.${name}`, type, needs, doc, chapter, create: () => value });
  return [
    entry("body", BIN, ofContent, `What has come of the ${what}'s content.`, (context, sample) => {
      const message = view(context);
      if (message.head === null) return false;
      const { bytes, from, to } = bodyOf(message);
      return sample.setBytes(BIN, bytes, from, to);
    }),
    entry(
      "body_len",
      SINT,
      ofContent,
      `How much has come of the ${what}'s content.`,
      (context, sample) => {
        const message = view(context);
        if (message.head === null) return false;
        const { from, to } = bodyOf(message);
        return sample.setInt(to - from);
      },
    ),
    entry(
      "body_size",
      SINT,
      ofContent,
      `How long the ${what}'s content is, as far as that is known.`,
      (context, sample) => {
        const message = view(context);
        const { head, bytes } = message;
        if (head === null) return false;
        const { from, to } = bodyOf(message);
        return sample.setInt(Math.max(contentLength(head, bytes), to - from));
      },
    ),
    entry("hdrs", STR, ofHead, `All fields of the ${what}, as lines.`, fields(view)),
    entry(
      "hdrs_bin",
      BIN,
      ofHead,
      `All fields of the ${what}, each behind its length.`,
      binaryFields(view),
    ),
  ];
}

const ofResponse = (name: string, type: SampleType, doc: string, value: FetchValue): Fetch => ({
  name,
  type,
  needs: NEEDS_RESPONSE,
  doc,
  chapter,
  create: () => value,
});

/** {@linkcode Fetch}es of this family. */
export const contentFetches: readonly Fetch[] = [
  ...sideFetches("req"),
  ...sideFetches("res"),
  ofResponse(
    "res.cache_hit",
    BOOL,
    "Whether the response is of a cache.",
    ({ facts }, sample) => sample.setBool(facts.cache !== null),
  ),
  ofResponse(
    "res.comp",
    BOOL,
    "Whether the response is compressed here.",
    ({ facts }, sample) => sample.setBool(facts.compression !== null),
  ),
  ofResponse(
    "res.comp_algo",
    STR,
    "The algorithm that the response is compressed by.",
    ({ facts }, sample) =>
      facts.compression !== null && sample.setString(bytesOf(facts.compression)),
  ),
  ofResponse(
    "res.cache_name",
    STR,
    "The cache that the response is of.",
    ({ facts }, sample) => facts.cache !== null && sample.setString(bytesOf(facts.cache)),
  ),
];
