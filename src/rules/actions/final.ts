/** Actions that end the evaluation without a reply of their own. */
import { castTo } from "../../expr/cast.ts";
import { Sample, SINT } from "../../expr/sample.ts";
import { parseTime } from "../../text/time.ts";
import type { RuleStream } from "../stream.ts";
import type { Action } from "../action.ts";
import type { Ruleset } from "../rulesets.ts";
import { scratchSize } from "../../expr/scratch.ts";
import { waitForBody } from "../body.ts";
import { takeSize, takeTime } from "../values.ts";
import { CONTINUE, END, STOP, WAIT } from "../verdict.ts";

const chapter = "4.2";
const sample = new Sample();
const http: readonly Ruleset[] = ["http-request", "http-response", "http-after-response"];
const tcp: readonly Ruleset[] = [
  "tcp-request connection",
  "tcp-request session",
  "tcp-request content",
  "tcp-response content",
];

/** {@linkcode Action}s of this family. */
export const finalActions: readonly Action[] = [
  {
    name: "allow",
    rulesets: http,
    usage: "",
    doc: "No further rule of this list is evaluated; the message passes.",
    chapter,
    final: true,
    compile: () => () => STOP,
  },
  {
    name: "accept",
    rulesets: tcp,
    usage: "",
    doc: "No further rule of this list is evaluated; the connection goes on.",
    chapter,
    final: true,
    compile: () => () => STOP,
  },
  {
    name: "reject",
    rulesets: [...tcp, "http-request"],
    usage: "",
    doc: "Closes the connection without an answer.",
    chapter,
    final: true,
    compile: () => (stream) => {
      stream.reject(false);
      return END;
    },
  },
  {
    name: "close",
    rulesets: ["tcp-response content"],
    usage: "",
    doc: "Closes the connection to the server, after what it has sent.",
    chapter,
    final: true,
    compile: () => (stream) => {
      stream.reject(false);
      return END;
    },
  },
  {
    name: "silent-drop",
    rulesets: [...tcp, "http-request", "http-response"],
    usage: "",
    doc: "Forgets the connection without the client learning of it.",
    chapter,
    final: true,
    compile(words) {
      if (words.skip("rst-ttl")) words.integer("a time to live", 1, 255);
      return (stream) => {
        stream.reject(true);
        return END;
      };
    },
  },
  {
    name: "expect-proxy",
    rulesets: ["tcp-request connection"],
    usage: "layer4",
    doc: "The connection begins with a PROXY header, as with 'accept-proxy'.",
    chapter,
    compile(words) {
      words.choice("a layer", ["layer4"]);
      return (stream) => {
        stream.expectProxy();
        return CONTINUE;
      };
    },
  },
  {
    name: "pause",
    rulesets: ["http-request"],
    usage: "<time>|<expression>",
    doc: "Lets the request wait for so long, before the next rule.",
    chapter,
    compile(words, kit) {
      const text = words.take("a time");
      const time = parseTime(text);
      const evaluate = time === null ? kit.expression(words, text).evaluate : null;
      const pauseOf = (stream: RuleStream): number => {
        if (evaluate === null) return time!;
        sample.begin();
        return evaluate(stream, sample) && castTo(sample, SINT) ? sample.int : 0;
      };
      return (stream) => {
        const since = stream.waitingSince;
        const left = pauseOf(stream) - (since < 0 ? 0 : stream.clock.now() - since);
        if (left <= 0) return CONTINUE;
        stream.wait(left);
        return WAIT;
      };
    },
  },
  {
    name: "wait-for-handshake",
    rulesets: ["http-request"],
    usage: "",
    doc:
      "Waits until the TLS handshake is over: here it always is, for early data is not accepted.",
    chapter,
    compile: () => () => CONTINUE,
  },
  {
    name: "wait-for-body",
    rulesets: ["http-request", "http-response"],
    usage: "time <time> [at-least <bytes>]",
    doc: "Waits until the content, or so much of it, has come.",
    chapter,
    compile(words) {
      if (!words.skip("time")) throw words.mistake("'wait-for-body' expects 'time' and a time");
      const time = takeTime(words);
      const least = words.skip("at-least") ? takeSize(words) : Infinity;
      return (stream) => waitForBody(stream, time, least || Infinity, scratchSize());
    },
  },
];
