/** Converters that let values through, or show them (manual, chapter 7.3.1: "when", "debug"). */
import { may, need } from "../arguments.ts";
import { castTo, sampleText } from "../cast.ts";
import type { Context } from "../context.ts";
import type { Converter } from "../converter.ts";
import { ANY, Sample, STR, typeNames } from "../sample.ts";
import { YES } from "../test.ts";

/** An error, a retry or a redispatch: what "option dontlog-normal" does not leave out. */
function hasFailed({ facts }: Context): boolean {
  const { termination, retries, redispatched, status } = facts;
  const ends = termination.slice(0, 2);
  return ends !== "--" && ends !== "LR" || retries > 0 || redispatched || status >= 500;
}

const conditions: Readonly<Record<string, (context: Context) => boolean>> = {
  error: hasFailed,
  normal: (context) => !hasFailed(context),
  forwarded: ({ serverConnection, facts }) => serverConnection !== null || facts.connectedAt >= 0,
  processed: ({ serverConnection, facts }) =>
    serverConnection !== null || facts.connectedAt >= 0 || facts.status >= 0,
  toapplet: ({ serverConnection, facts }) =>
    serverConnection === null && facts.connectedAt < 0 && facts.status >= 0,
  stopping: ({ process }) => process.stopping,
};
const names = [...Object.keys(conditions), "acl"];

/** What a sample is in a line for people: "type=str <abc>". */
function describe(value: Sample, copy: Sample): string {
  copy.assign(value);
  const short = { boolean: "bool", integer: "sint", string: "str", binary: "bin", method: "meth" };
  const name = typeNames[value.type];
  const type = short[name as keyof typeof short] ?? name;
  return `type=${type} <${castTo(copy, STR) ? sampleText(copy) : ""}>`;
}

/** {@linkcode Converter}s of this family. */
export const conditionalConverters: readonly Converter[] = [
  {
    name: "when",
    args: [need("condition"), may("acl")],
    from: ANY,
    to: ANY,
    doc: "The value where a condition is met (error, forwarded, acl...), else none.",
    chapter: "7.3.1",
    create(args, references) {
      const text = args.text(0);
      const negated = text.startsWith("!");
      const name = negated ? text.slice(1) : text;
      let test: (context: Context) => boolean;
      if (name === "acl") {
        const acls = references.acl?.(args.text(1)) ?? null;
        if (acls === null) throw args.mistake(1, `there is no ACL '${args.text(1)}'`);
        test = (context) => acls.some((each) => each(context) === YES);
      } else {
        const found = conditions[name];
        if (found === undefined) {
          throw args.mistake(0, `'${text}' is not a condition`, `one of: ${names.join(", ")}`);
        }
        test = found;
      }
      return (_sample, context) => test(context) !== negated;
    },
  },
  {
    name: "debug",
    args: [may("prefix"), may("destination")],
    from: ANY,
    to: ANY,
    doc: "Writes the value to stderr or stdout, and leaves it as it is.",
    chapter: "7.3.1",
    create(args, { emit, warn }) {
      const prefix = args.text(0);
      const destination = args.choice(1, ["stderr", "stdout", "buf0"], "buf0");
      if (destination === "buf0") {
        const why = "there is no ring buffer 'buf0' to write to";
        warn(`'debug' shows nothing here: ${why}`, "debug(prefix,stderr)");
        return () => true;
      }
      const copy = new Sample();
      return (sample) => {
        emit?.(
          destination,
          `[debug] ${prefix}${prefix === "" ? "" : ": "}${describe(sample, copy)}`,
        );
        return true;
      };
    },
  },
];
