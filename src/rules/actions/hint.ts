/** The action that tells clients of fields of the response to come (manual: "early-hint"; RFC 8297). */
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { bytesOf, CR, LF } from "../../bytes/bytes.ts";
import type { Action } from "../action.ts";
import { takeFieldName } from "../reply.ts";
import { CONTINUE } from "../verdict.ts";

const message = new ByteBuffer(256);
const status = bytesOf("HTTP/1.1 103 Early Hints\r\n");
const colon = bytesOf(": ");
const end = bytesOf("\r\n\r\n");

/** See above. */
export const hintActions: readonly Action[] = [{
  name: "early-hint",
  rulesets: ["http-request"],
  usage: "<name> <format>",
  doc: "Sends the client a response 103 with a field, before the one to come.",
  chapter: "4.2",
  compile(words, kit) {
    const name = takeFieldName(words).map((c) => c >= 65 && c <= 90 ? c | 32 : c);
    const format = kit.format(words, words.take("a format string"));
    return (stream) => {
      message.clear();
      message.append(status, 0, status.length);
      message.append(name, 0, name.length);
      message.append(colon, 0, colon.length);
      const start = message.length;
      format.write(stream, message);
      for (let i = start; i < message.length; i++) {
        // No value ends its line, and begins another field.
        if (message.bytes[i] === CR || message.bytes[i] === LF) return CONTINUE;
      }
      message.append(end, 0, end.length);
      stream.hint(message.bytes.slice(0, message.length));
      return CONTINUE;
    };
  },
}];
