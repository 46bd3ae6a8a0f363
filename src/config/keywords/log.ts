/** Where logs go, and in which form (manual, chapters 4.2, "log", and 8). */
import * as v from "valibot";
import { facilities, levels } from "../../log/syslog.ts";
import { isStandardFormat, type StandardFormat } from "../../log/format/standard.ts";
import { type Arguments, choice, integer } from "../haproxy/arguments.ts";
import { LogDestination, logDestination, targetText } from "./addresses.ts";
import { logFormats } from "./log-formats.ts";
import { define, flag, type Form, type Keyword, nullable } from "./keyword.ts";
import { natural, text } from "./values.ts";

/** Where log lines go (manual: "log"). */
export const LogTarget = v.strictObject({
  target: LogDestination,
  format: v.optional(v.picklist(logFormats), "local"),
  /** Longest line, in bytes. */
  len: v.optional(v.pipe(natural, v.minValue(80), v.maxValue(65535)), 1024),
  facility: v.picklist(facilities),
  /** The least severe level that is sent. */
  level: v.optional(v.picklist(levels), "debug"),
  /** More severe messages are sent as this level. */
  minlevel: v.optional(v.picklist(levels), "emerg"),
  /**
   * Only some lines are sent: of each `of` those with these numbers, from 1 (manual: "sample"). Each
   * thread counts its own.
   */
  sample: v.optional(v.strictObject({
    numbers: v.array(v.pipe(natural, v.minValue(1))),
    of: v.pipe(natural, v.minValue(1)),
  })),
});
/** {@linkcode LogTarget} */
export type LogTarget = v.InferOutput<typeof LogTarget>;

const unset = v.parse(LogTarget, { target: { kind: "stdout" }, facility: "local0" });
const usage = "<address> [len <length>] [format <format>] [sample <ranges>:<of>] <facility> " +
  "[<level> [<minlevel>]]";
const example = "127.0.0.1:514 len 2048 format rfc5424 local0 info";

/** Reads what follows `log`, except `global`. */
function logTarget(args: Arguments): LogTarget {
  const target: LogTarget = { ...unset, target: logDestination(args) };
  args.mark(target, "target");
  for (let option = args.peek()?.text;; option = args.peek()?.text) {
    if (option === "len") {
      args.next();
      target.len = integer(args, 80, 65535);
    } else if (option === "format") {
      args.next();
      target.format = choice(args, "a log format", logFormats);
    } else if (option === "sample") {
      args.next();
      target.sample = readSample(args);
    } else if (option === "profile") {
      args.next();
      args.report.warning(args.here(), "'profile' has no effect: all lines of a log have one form");
      args.word("a profile");
    } else {
      break;
    }
  }
  target.facility = choice(args, "a facility", facilities);
  if (args.peek() !== undefined) target.level = choice(args, "a level", levels);
  if (args.peek() !== undefined) target.minlevel = choice(args, "a level", levels);
  args.end();
  args.mark(target);
  return target;
}

/** The most lines of which some are chosen. */
const largestSample = 1000;

/** Reads which lines are sent, as in "1,3-4:5": of five each the first, the third and the fourth. */
function readSample(args: Arguments): LogTarget["sample"] {
  const { text } = args.word("ranges and a size, as in 1:10");
  const wrong = (hint = "as in 1:10, or 1,3-4:5: of five lines each the first, third, fourth") =>
    args.mistake(`'${text}' is not a sample of lines`, hint);
  const [, ranges, size = "0"] = /^([\d,-]+):(\d{1,4})$/.exec(text) ?? [];
  const of = Number(size);
  if (ranges === undefined || of < 1 || of > largestSample) throw wrong();
  const numbers = ranges.split(",").flatMap((range) => {
    const [, low = "0", high = low] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(range) ?? [];
    const [first, last] = [Number(low), Number(high)];
    if (first < 1 || last < first || last > of) throw wrong(`numbers from 1 to ${of}`);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  return { numbers: [...new Set(numbers)].toSorted((a, b) => a - b), of };
}

function logWords(log: LogTarget): string[] {
  const minlevel = log.minlevel === unset.minlevel ? [] : [log.minlevel];
  const level = log.level === unset.level && minlevel.length === 0 ? [] : [log.level];
  return [
    "log",
    targetText(log.target),
    ...(log.len === unset.len ? [] : ["len", String(log.len)]),
    ...(log.format === unset.format ? [] : ["format", log.format]),
    ...(log.sample === undefined
      ? []
      : ["sample", `${log.sample.numbers.join(",")}:${log.sample.of}`]),
    log.facility,
    ...level,
    ...minlevel,
  ];
}

/** The property `log` of the process and of proxies: the keyword `log` sets it, and more. */
const targets = define({
  doc: "Where log lines go.",
  chapter: "4.2",
  schema: v.optional(v.array(LogTarget), []),
  forms: [],
  print: (log: readonly LogTarget[]) => log.map(logWords),
});

/** Sections that log. */
interface Logging {
  log: LogTarget[];
}

/** `log` of the process. */
export const globalLog = {
  setting: targets,
  keyword: {
    name: "log",
    usage,
    example,
    doc: "Adds a place where log lines go, for all proxies with 'log global'.",
    chapter: "3.1",
    read({ global }, args) {
      if (args.peek()?.text === "global") {
        args.next();
        throw args.mistake("'log global' is for proxies; this is the global section");
      }
      global.log.push(logTarget(args));
      args.mark(global, "log");
    },
    undo({ global }) {
      global.log = [];
    },
  } satisfies Keyword<{ readonly global: Logging }>,
};

/** The option of a format that has a name; `clf` may follow where there is a format of that name. */
function namedFormat(name: StandardFormat, doc: string): Form<string | null> {
  const clf = `${name} clf`;
  return {
    name: `option ${name}`,
    usage: isStandardFormat(clf) ? "[clf]" : "",
    example: "",
    doc,
    read(args, _before, mark) {
      mark();
      if (args.peek()?.text !== "clf" || !isStandardFormat(clf)) return name;
      args.next();
      return clf;
    },
  };
}

const ownFormat: Form<string | null> = {
  name: "log-format",
  usage: "<format>",
  example: '"%ci:%cp [%t] %ft %b/%s %B %ts"',
  doc: "Logs sessions in this form, of variables like %ci (chapter 8.2.4).",
  read(args, _before, mark) {
    const { text } = args.word("a format, in quotes");
    mark();
    if (!isStandardFormat(text)) return text;
    throw args.mistake(`'${text}' is no format, but the name of one`, `option ${text}`);
  },
};

/** Settings of a proxy's logs. */
export const logSettings = {
  logGlobal: define({
    doc: "Also logs where the global section says.",
    chapter: "4.2",
    schema: v.optional(v.boolean(), false),
    forms: [],
    print: (value: boolean) => value ? [["log", "global"]] : [],
  }),
  log: targets,
  logTag: nullable("log-tag", text("a tag", "<string>", "shop"), {
    doc: "What the proxy's lines of logs are tagged with; else as the process's.",
    chapter: "4.2",
  }),
  logFormat: define({
    doc: "The form of the lines about sessions: the name of one (as httplog), or a format string.",
    chapter: "8.2",
    side: "frontend",
    schema: v.optional(v.nullable(v.string()), null),
    forms: [
      namedFormat("httplog", "Logs requests, with times, states and names (chapter 8.2.3)."),
      namedFormat("tcplog", "Logs connections, with times and states (chapter 8.2.2)."),
      namedFormat("httpslog", "Logs requests as httplog does, and what TLS came to (8.2.4)."),
      ownFormat,
    ],
    print(format: string | null) {
      if (format === null) return [];
      return [isStandardFormat(format) ? [`option ${format}`] : ["log-format", format]];
    },
  }),
  logFormatSd: nullable(
    "log-format-sd",
    text("a format, in quotes", "<format>", '"[exampleSDID@1234 bytes=\\"%B\\" status=\\"%ST\\"]"'),
    {
      doc: "The structured data of lines in format rfc5424, of variables like %ci.",
      chapter: "4.2",
      side: "frontend",
    },
  ),
  logasap: flag("option logasap", {
    doc: "Logs a request as soon as its response begins: times and bytes so far have a '+'.",
    chapter: "4.2",
    side: "frontend",
    no: true,
  }),
  dontlogNormal: flag("option dontlog-normal", {
    doc: "Logs only what went wrong: errors, time-outs, retries, redispatches, status 5xx.",
    chapter: "4.2",
    side: "frontend",
    no: true,
  }),
  logSeparateErrors: flag("option log-separate-errors", {
    doc: "Logs what went wrong at the level 'err', not 'info'.",
    chapter: "4.2",
    side: "frontend",
    no: true,
  }),
  dontlognull: flag("option dontlognull", {
    doc: "Does not log connections on which nothing came.",
    chapter: "4.2",
    side: "frontend",
    no: true,
  }),
};

/** What `log` of a proxy acts on. */
interface LoggingSection {
  readonly proxy: Logging & { logGlobal: boolean };
  /** The properties whose arrays are those of a 'defaults' section, too. */
  readonly shared: Set<string>;
}

/** `log` of a proxy. */
export const proxyLog: Keyword<LoggingSection> = {
  name: "log",
  usage: `global | ${usage}`,
  example,
  doc: "Adds a place where log lines go, or those of the global section.",
  chapter: "4.2",
  read({ proxy, shared }, args) {
    if (args.peek()?.text === "global") {
      args.next();
      proxy.logGlobal = true;
      return args.mark(proxy, "logGlobal");
    }
    const target = logTarget(args);
    args.mark(proxy, "log");
    if (shared.delete("log")) {
      args.budget.copies -= proxy.log.length;
      if (args.budget.copies < 0) {
        const hint = "fewer 'log' lines in 'defaults' sections";
        throw args.mistake("the proxies of this configuration log to too many places", hint);
      }
      proxy.log = [...proxy.log];
    }
    proxy.log.push(target);
  },
  undo({ proxy, shared }) {
    shared.delete("log");
    proxy.log = [];
    proxy.logGlobal = false;
  },
};
