/** Actions that change the request line: method, path, query. */
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import type { HeadEditor } from "../../http/editor.ts";
import { methodEnd, pathEnd, pathStart } from "../../http/target.ts";
import type { Action } from "../action.ts";
import { CONTINUE } from "../verdict.ts";

const value = new ByteBuffer(512);
const target = new ByteBuffer(512);
const QUESTION = 63;
const question = Uint8Array.of(QUESTION);

/** What of the request line an action sets. */
export type LinePart = "method" | "path" | "pathq" | "query" | "uri";

/** Puts bytes[0, length) of `text` in the place of a part of the request line. */
export function setPart(
  editor: HeadEditor,
  part: LinePart,
  text: Uint8Array,
  length: number,
): void {
  const { head, bytes } = editor;
  target.clear();
  if (part === "method") {
    target.append(bytes, head.targetStart, head.targetEnd);
    editor.setRequestLine(text.slice(0, length), target.bytes.slice(0, target.length));
    return;
  }
  const method = bytes.slice(head.lineStart, methodEnd(head, bytes));
  const start = pathStart(head, bytes);
  const query = pathEnd(head, bytes, start);
  if (part === "uri") target.append(text, 0, length);
  else {
    target.append(bytes, head.targetStart, start);
    if (part === "query") {
      target.append(bytes, start, query);
      // As in HAProxy: without the "?", for nothing is no query.
      if (length > 0) target.append(question, 0, 1);
    }
    target.append(text, 0, length);
    if (part === "path") target.append(bytes, query, head.targetEnd);
  }
  editor.setRequestLine(method, target.bytes.slice(0, target.length));
}

function setter(name: string, part: LinePart, doc: string): Action {
  return {
    name,
    rulesets: ["http-request"],
    usage: "<format>",
    doc,
    chapter: "4.2",
    compile(words, kit) {
      const text = words.take("a format string");
      const format = kit.format(words, text);
      return (stream) => {
        value.clear();
        format.write(stream, value);
        setPart(stream.edit("request"), part, value.bytes, value.length);
        return CONTINUE;
      };
    },
  };
}

/** {@linkcode Action}s of this family. */
export const targetActions: readonly Action[] = [
  setter("set-method", "method", "Changes the method."),
  setter("set-path", "path", "Changes the path, not the query."),
  setter("set-pathq", "pathq", "Changes path and query."),
  setter("set-query", "query", "Changes the query."),
  setter("set-uri", "uri", "Changes the whole request target."),
];
