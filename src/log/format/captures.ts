/** Captured headers in a log line (manual, chapter 8.8); nothing at all, not even what follows, where none is captured. */
import type { LogRecord } from "../record.ts";
import { headerEscapes } from "./escape.ts";
import type { MakeSegment } from "./variable.ts";
import { textForm, writeText } from "./writers.ts";

type Captures = (record: LogRecord) => readonly (string | null)[] | undefined;

/** `{1wt.eu||Mozilla}` */
export function captureBlock(read: Captures): MakeSegment {
  return (flags, after) => {
    const quote = flags.quote ? '"' : "";
    const [before, behind] = [`${quote}{`, `}${quote}${after}`];
    const form = textForm({ ...flags, quote: false }, "", {
      escapes: headerEscapes,
      mayBeEmpty: true,
    });
    return (record) => {
      const values = read(record);
      if (values === undefined || values.length === 0) return "";
      return before + values.map((value) => writeText(form, value ?? undefined)).join("|") + behind;
    };
  };
}

/** `1wt.eu - Mozilla` */
export function captureList(read: Captures): MakeSegment {
  return (flags, after) => {
    const form = textForm(flags, "", { escapes: headerEscapes });
    return (record) => {
      const values = read(record);
      if (values === undefined || values.length === 0) return "";
      return values.map((value) => writeText(form, value ?? undefined)).join(" ") + after;
    };
  };
}
