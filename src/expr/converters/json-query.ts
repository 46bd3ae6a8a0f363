/** "json_query": values of JSON texts (manual, chapter 7.3.1). */
import { Buffer } from "node:buffer";
import { type Arguments, may, need } from "../arguments.ts";
import { sampleText, setText } from "../cast.ts";
import type { Converter } from "../converter.ts";
import { ANY, type Sample, STR } from "../sample.ts";

/** Whether an output type of "int" is asked for. @throws {ExpressionMistake} */
export function wantsInteger(args: Arguments, i: number): boolean {
  return args.choice(i, ["int"], "") === "int";
}

/** The value at "$.a.b[0]" of a JSON text. @returns false: there is none, or it is an object */
export function queryJson(sample: Sample, json: string, path: string, integer: boolean): boolean {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return false;
  }
  for (const step of path.replace(/^\$\.?/, "").match(/[^.[\]]+/g) ?? []) {
    if (typeof value !== "object" || value === null) return false;
    if (!Object.hasOwn(value, step)) return false;
    value = (value as Record<string, unknown>)[step];
  }
  if (typeof value === "string") {
    return setText(sample, Buffer.from(value, "utf8").toString("latin1"));
  }
  if (typeof value === "boolean") return sample.setBool(value);
  if (typeof value === "number") {
    return integer && Number.isInteger(value)
      ? sample.setInt(value)
      : setText(sample, Number.isInteger(value) ? String(value) : value.toFixed(6));
  }
  return value !== undefined && value !== null &&
    setText(sample, Buffer.from(JSON.stringify(value), "utf8").toString("latin1"));
}

/** {@linkcode Converter}s of this family. */
export const jsonQueryConverters: readonly Converter[] = [{
  name: "json_query",
  args: [need("path"), may("type")],
  from: STR,
  to: ANY,
  doc: "A value of a JSON text, by a path as '$.a.b'.",
  chapter: "7.3.1",
  create(args) {
    const path = args.text(0);
    const integer = wantsInteger(args, 1);
    return (sample) => queryJson(sample, sampleText(sample), path, integer);
  },
}];
