/** The action that writes the request target anew (manual, chapter 4.2: "normalize-uri"). */
import { bytesOf, textOf } from "../../bytes/bytes.ts";
import { normalizers } from "../../http/uri-normalizer.ts";
import type { Action } from "../action.ts";
import { CONTINUE, END } from "../verdict.ts";
import { setPart } from "./target.ts";

const names = Object.keys(normalizers);

/** See above. */
export const normalizeActions: readonly Action[] = [{
  name: "normalize-uri",
  rulesets: ["http-request"],
  usage: "<normalizer> [full|strict]",
  doc: `Writes the request target anew: ${names.join(", ")}.`,
  chapter: "4.2",
  compile(words) {
    const name = words.choice("a normalizer", names);
    const { option, create } = normalizers[name]!;
    const normalize = create(option !== undefined && words.skip(option));
    return (stream) => {
      const { head, bytes } = stream.request;
      const before = textOf(bytes, head!.targetStart, head!.targetEnd);
      const after = normalize(before);
      if (after === null) {
        stream.refuse(400, "PR");
        return END;
      }
      if (after !== before) {
        const target = bytesOf(after);
        setPart(stream.edit("request"), "uri", target, target.length);
      }
      return CONTINUE;
    };
  },
}];
