/** What a request is sent again for (manual, chapter 4.2, "retry-on"). */
import * as v from "valibot";
import { didYouMean } from "../../text/nearest.ts";
import { define } from "./keyword.ts";

const events = [
  "conn-failure",
  "empty-response",
  "junk-response",
  "response-timeout",
  "0rtt-rejected",
  "401",
  "403",
  "404",
  "408",
  "425",
  "429",
  "500",
  "501",
  "502",
  "503",
  "504",
] as const;
type Event = (typeof events)[number];

/** What "all-retryable-errors" stands for. */
const retryable: readonly Event[] = [
  "conn-failure",
  "empty-response",
  "junk-response",
  "response-timeout",
  "0rtt-rejected",
  "500",
  "502",
  "503",
  "504",
];

const words = ["none", "all-retryable-errors", ...events];

/** Settings of retries. */
export const retrySettings = {
  retryOn: define({
    doc: "What a request is sent again for, as often as 'retries' allows; else conn-failure.",
    chapter: "4.2",
    side: "backend",
    schema: v.optional(v.nullable(v.array(v.picklist(events))), null),
    forms: [{
      name: "retry-on",
      usage: "none | all-retryable-errors | (conn-failure|empty-response|junk-response|" +
        "response-timeout|0rtt-rejected|<status>)*",
      example: "conn-failure empty-response 503",
      read(args, _before, mark) {
        const found = new Set<Event>();
        let none = false;
        do {
          const { text } = args.word("what to retry on");
          const event = events.find((each) => each === text);
          if (event !== undefined) found.add(event);
          else if (text === "all-retryable-errors") {
            for (const each of retryable) found.add(each);
          } else if (text === "none") none = true;
          else {
            const hint = didYouMean(text, words) ?? `one of: ${words.join(", ")}`;
            throw args.mistake(`'${text}' is nothing to retry on`, hint);
          }
          if (none && (found.size > 0 || args.peek() !== undefined)) {
            throw args.mistake("'none' must be alone");
          }
        } while (args.peek() !== undefined);
        mark();
        return events.filter((each) => found.has(each));
      },
    }],
    print: (list: readonly Event[] | null) =>
      list === null ? [] : [["retry-on", ...(list.length === 0 ? ["none"] : list)]],
  }),
};
