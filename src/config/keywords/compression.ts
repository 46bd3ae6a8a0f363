/** Keywords of compression (manual, chapter 4.2, "compression"; 9.2). */
import * as v from "valibot";
import { choice as readChoice } from "../haproxy/arguments.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import { define, type Form, type Keyword, nullable, setting, zeroable } from "./keyword.ts";
import { choice, integer, size } from "./values.ts";

const chapter = "4.2";

/** The algorithms: HAProxy's, then those that sluice has besides. */
export const compressionAlgorithms = [
  "identity",
  "gzip",
  "deflate",
  "raw-deflate",
  "br",
  "zstd",
] as const;
/** {@linkcode compressionAlgorithms} */
export type CompressionAlgorithm = (typeof compressionAlgorithms)[number];

const algorithm = choice("an algorithm", compressionAlgorithms);

/** A form that adds words to a list. */
function adding<T extends string>(name: string, doc: string, what: {
  readonly usage: string;
  readonly example: string;
  readonly read: (args: Arguments) => T;
}): Form<T[]> {
  return {
    name,
    doc,
    usage: `<${what.usage}> ...`,
    example: what.example,
    read(args, before, mark) {
      const after = [...before];
      do after.push(what.read(args)); while (args.peek() !== undefined);
      mark();
      return after;
    },
  };
}

const algorithmWord = {
  usage: "algorithm",
  example: "gzip",
  read: (args: Arguments) => readChoice(args, "an algorithm", compressionAlgorithms),
};
const typeWord = {
  usage: "mime type",
  example: "text/html",
  read: (args: Arguments) => args.word("a type of content").text,
};

function types(side: "responses" | "requests", property: "res" | "req", alone: boolean) {
  const doc = `Types of the ${side} that are compressed, by how they begin; else all.`;
  const long = adding(`compression type-${property}`, doc, typeWord);
  return define({
    doc,
    chapter,
    schema: v.optional(v.array(v.string()), []),
    forms: alone ? [adding("compression type", doc, typeWord), long] : [long],
    print: (list: readonly string[]) =>
      list.length === 0
        ? []
        : [[alone ? "compression type" : `compression type-${property}`, ...list]],
  });
}

const algorithmsDoc =
  "Compresses responses by one of these, as the client asks (br and zstd: sluice's own).";

/** Settings of a proxy's compression. */
export const compressionSettings = {
  compressionAlgoRes: define({
    doc: algorithmsDoc,
    chapter,
    schema: v.optional(v.array(v.picklist(compressionAlgorithms)), []),
    forms: [
      adding("compression algo", algorithmsDoc, algorithmWord),
      adding("compression algo-res", algorithmsDoc, algorithmWord),
    ],
    print: (list: readonly string[]) => list.length === 0 ? [] : [["compression algo", ...list]],
  }),
  compressionAlgoReq: nullable("compression algo-req", { ...algorithm, example: "gzip" }, {
    doc: "Compresses requests by this, where 'compression direction' says so.",
    chapter,
  }),
  compressionTypeRes: types("responses", "res", true),
  compressionTypeReq: types("requests", "req", false),
  compressionOffload: define({
    doc: "Servers do not see what the client accepts, and so do not compress themselves.",
    chapter,
    defaults: false,
    schema: v.optional(v.boolean(), false),
    forms: [],
    print: (value: boolean) => value ? [["compression offload"]] : [],
  }),
  compressionDirection: setting(
    "compression direction",
    { ...choice("a direction", ["request", "response", "both"]), example: "both" },
    "response",
    { doc: "What is compressed: requests, responses, or both.", chapter },
  ),
  compressionMinsizeReq: zeroable("compression minsize-req", size, {
    doc: "Requests with less content are not compressed.",
    chapter,
  }),
  compressionMinsizeRes: zeroable("compression minsize-res", size, {
    doc: "Responses with less content are not compressed.",
    chapter,
  }),
};

/** `compression offload`: not of a `defaults` section, where HAProxy only warns. */
export const compressionOffload: Keyword<
  { readonly keyword?: string; readonly proxy: { compressionOffload: boolean } }
> = {
  name: "compression offload",
  usage: "",
  example: "",
  doc: "Servers do not see what the client accepts, and so do not compress themselves.",
  chapter,
  property: { name: "proxies[].compressionOffload", unset: false },
  read({ keyword, proxy }, args) {
    if (keyword === "defaults") {
      const message = "'compression offload' is ignored in a 'defaults' section";
      args.report.warning(args.here(), message, "it is for listen, frontend or backend sections");
      return;
    }
    proxy.compressionOffload = true;
    args.mark(proxy, "compressionOffload");
  },
};

const ofProcess = "3.2";

/** Settings of the process's compression. */
export const globalCompressionSettings = {
  maxcomprate: zeroable("maxcomprate", integer({ zero: true, example: "1000" }), {
    doc:
      "Kilobytes that the process compresses a second at most; beyond, less well, or not at all.",
    chapter: ofProcess,
  }),
  maxcompcpuusage: setting(
    "maxcompcpuusage",
    integer({ max: 100, usage: "<0..100, in percent>", example: "80" }),
    100,
    { doc: "No response is compressed while a thread is busier than that.", chapter: ofProcess },
  ),
  maxzlibmem: zeroable("maxzlibmem", integer({ zero: true, usage: "<megabytes>" }), {
    doc: "MiB that compression may take at most: beyond, responses pass as they are.",
    chapter: ofProcess,
  }),
  tuneCompMaxlevel: setting(
    "tune.comp.maxlevel",
    integer({ max: 9, usage: "<0..9>", example: "6" }),
    1,
    {
      doc: "The level at which is compressed: more takes less room, and more time.",
      chapter: ofProcess,
    },
  ),
  tuneZlibMemlevel: setting(
    "tune.zlib.memlevel",
    integer({ min: 1, max: 9, usage: "<1..9>", example: "9" }),
    8,
    {
      doc: "How much memory each compression takes for its tables (zlib's memLevel).",
      chapter: ofProcess,
    },
  ),
  tuneZlibWindowsize: setting(
    "tune.zlib.windowsize",
    integer({ min: 8, max: 15, usage: "<8..15>", example: "12" }),
    15,
    {
      doc: "How far each compression looks back, as a power of 2 (zlib's windowBits).",
      chapter: ofProcess,
    },
  ),
};
