/** Actions that change what becomes of a stream beside its message: addresses, time-outs, logs. */
import { castTo } from "../../expr/cast.ts";
import { IPV4, IPV6, Sample, SINT, STR } from "../../expr/sample.ts";
import { levels } from "../../log/syslog.ts";
import { formatIp } from "../../net/ip/address.ts";
import { parseTime } from "../../text/time.ts";
import type { Action } from "../action.ts";
import type { Ruleset } from "../rulesets.ts";
import { CONTINUE } from "../verdict.ts";

const chapter = "4.2";
const sample = new Sample();
const early: readonly Ruleset[] = [
  "tcp-request connection",
  "tcp-request session",
  "tcp-request content",
  "http-request",
];
const anywhere: readonly Ruleset[] = [...early, "tcp-response content", "http-response"];
const http: readonly Ruleset[] = ["http-request", "http-response", "http-after-response"];

function address(side: "src" | "dst"): Action[] {
  const what = side === "src" ? "client's" : "destination";
  return [
    {
      name: `set-${side}`,
      rulesets: early,
      usage: "<expression>",
      doc: `Gives the connection another ${what} address, from here on.`,
      chapter,
      compile(words, kit) {
        const { evaluate } = kit.expression(words, words.take("an expression"));
        return (stream) => {
          sample.begin();
          if (!evaluate(stream, sample)) return CONTINUE;
          if (sample.type !== IPV6 && !castTo(sample, IPV4) && !castTo(sample, IPV6)) {
            return CONTINUE;
          }
          stream.setAddresses(side, formatIp(sample.copyBytes()), null);
          return CONTINUE;
        };
      },
    },
    {
      name: `set-${side}-port`,
      rulesets: early,
      usage: "<expression>",
      doc: `Gives the connection another ${what} port, from here on.`,
      chapter,
      compile(words, kit) {
        const { evaluate } = kit.expression(words, words.take("an expression"));
        return (stream) => {
          sample.begin();
          if (evaluate(stream, sample) && castTo(sample, SINT)) {
            stream.setAddresses(side, null, sample.int & 0xffff);
          }
          return CONTINUE;
        };
      },
    },
  ];
}

/** @param most the greatest value; the least is as far below 0 */
function priority(which: "class" | "offset", most: number, doc: string): Action {
  return {
    name: `set-priority-${which}`,
    rulesets: ["tcp-request content", "http-request"],
    usage: "<expression>",
    doc,
    chapter,
    compile(words, kit) {
      const { evaluate } = kit.expression(words, words.take("an expression"));
      return (stream) => {
        sample.begin();
        if (evaluate(stream, sample) && castTo(sample, SINT)) {
          stream.setPriority(which, Math.max(-most, Math.min(most, sample.int)));
        }
        return CONTINUE;
      };
    },
  };
}

/** What only marks packets, or the order of tasks in HAProxy: accepted, and said to do nothing. */
function noEffect(name: string, usage: string, why: string): Action {
  return {
    name,
    rulesets: anywhere,
    usage,
    doc: `Has no effect here: ${why}.`,
    chapter,
    compile(words, { references }) {
      words.take("a value");
      references.warn(`'${name}' has no effect: ${why}`, undefined, 0);
      return () => CONTINUE;
    },
  };
}

/** {@linkcode Action}s of this family. */
export const streamActions: readonly Action[] = [
  ...address("src"),
  ...address("dst"),
  {
    name: "set-log-level",
    rulesets: [
      "tcp-request content",
      "tcp-response content",
      "http-request",
      "http-response",
      "http-after-response",
    ],
    usage: `${levels.join("|")}|silent`,
    doc: "Sets the level of the log line; 'silent': there is none.",
    chapter,
    compile(words) {
      const level = words.choice("a level", [...levels, "silent"]);
      const number = level === "silent" ? null : levels.indexOf(level as typeof levels[number]);
      return (stream) => {
        stream.setLogLevel(number);
        return CONTINUE;
      };
    },
  },
  {
    name: "set-timeout",
    rulesets: ["http-request", "http-response"],
    usage: "server|tunnel|client <time>|<expression>",
    doc: "Changes a time-out of this request.",
    chapter,
    compile(words, kit) {
      const which = words.choice("a time-out", ["server", "tunnel", "client"]);
      const text = words.take("a time");
      const time = parseTime(text);
      if (time !== null) {
        return (stream) => {
          stream.setTimeout(which, time);
          return CONTINUE;
        };
      }
      const { evaluate } = kit.expression(words, text);
      return (stream) => {
        sample.begin();
        if (evaluate(stream, sample) && castTo(sample, SINT)) {
          stream.setTimeout(which, sample.int);
        }
        return CONTINUE;
      };
    },
  },
  noEffect("set-nice", "<number>", "there is no scheduler whose order it could change"),
  noEffect("set-mark", "<mark>", "packets are not marked by sluice yet"),
  noEffect("set-tos", "<tos>", "packets are not marked by sluice yet"),
  noEffect("set-fc-mark", "<mark>", "packets are not marked by sluice yet"),
  noEffect("set-fc-tos", "<tos>", "packets are not marked by sluice yet"),
  noEffect("set-bc-mark", "<mark>", "packets are not marked by sluice yet"),
  noEffect("set-bc-tos", "<tos>", "packets are not marked by sluice yet"),
  priority("class", 2047, "Its class in queues: streams of lower ones are served before."),
  priority("offset", 524_287, "An offset to its time of arrival in queues, ms."),
  {
    name: "strict-mode",
    rulesets: http,
    usage: "on|off",
    doc: "Whether an edit that fails refuses the message: here none can fail but for its room.",
    chapter,
    compile(words) {
      words.choice("'on' or 'off'", ["on", "off"]);
      return () => CONTINUE;
    },
  },
  {
    name: "disable-l7-retry",
    rulesets: ["http-request"],
    usage: "",
    doc: "The request is not sent again, whatever 'retry-on' says.",
    chapter,
    compile: () => (stream) => {
      stream.disableRetries();
      return CONTINUE;
    },
  },
  {
    name: "capture",
    rulesets: ["http-request", "http-response", "http-after-response", "tcp-request content"],
    usage: "<expression> len <length>|id <slot>",
    doc: "Keeps the value of an expression, for the log (%hr, %hs) and later rules.",
    chapter,
    compile(words, kit) {
      const { evaluate } = kit.expression(words, words.take("an expression"));
      const response = kit.ruleset.endsWith("response");
      const kind = words.choice("'len' or 'id'", ["len", "id"]);
      const number = words.integer("a number", kind === "len" ? 1 : 0, 65535);
      const slot = kind === "len" ? kit.captureSlot(response, number) : number;
      const length = kind === "len" ? number : kit.captureLength(response, number);
      return (stream) => {
        sample.begin();
        if (!evaluate(stream, sample) || !castTo(sample, STR)) return CONTINUE;
        const list = response ? stream.responseCaptures : stream.requestCaptures;
        while (list.length <= slot) list.push(null);
        list[slot] = sample.bytes.slice(sample.from, Math.min(sample.to, sample.from + length));
        return CONTINUE;
      };
    },
  },
];
