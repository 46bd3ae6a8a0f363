/** Fetches of the stream under way: its times, counts, time-outs and place in queues. */
import { may, need } from "../arguments.ts";
import { backendOf, type Context } from "../context.ts";
import type { Fetch } from "../fetch.ts";
import { NEEDS_CLIENT, NEEDS_NOTHING } from "../needs.ts";
import { BOOL, type SampleType, SINT, STR } from "../sample.ts";
import { setText } from "../cast.ts";
import { MAYBE, type Test, YES } from "../test.ts";

/** An integer; below 0: there is none. */
function integer(
  name: string,
  chapter: string,
  doc: string,
  read: (context: Context) => number,
  aliases: readonly string[] = [],
): Fetch {
  return {
    name,
    aliases,
    type: SINT,
    needs: NEEDS_NOTHING,
    doc,
    chapter,
    create: () => (context, sample) => {
      const value = read(context);
      return value >= 0 && sample.setInt(value);
    },
  };
}
function boolean(
  name: string,
  chapter: string,
  doc: string,
  read: (context: Context) => boolean,
): Fetch {
  return {
    name,
    type: BOOL,
    needs: NEEDS_NOTHING,
    doc,
    chapter,
    create: () => (context, sample) => sample.setBool(read(context)),
  };
}

/** What is not measured here: 0, as in HAProxy without "profiling.tasks". */
function unmeasured(name: string, doc: string): Fetch {
  return {
    name,
    type: SINT,
    needs: NEEDS_NOTHING,
    doc: `${doc}; it is not measured, and always 0.`,
    chapter: "7.3.2",
    create(_args, { warn }) {
      warn(`'${name}' is always 0: it is not measured`);
      return (_context, sample) => sample.setInt(0);
    },
  };
}

/** Where a rule stands, which nobody knows once the configuration is read. */
function placeless(name: string, type: SampleType, doc: string): Fetch {
  return {
    name,
    type,
    needs: NEEDS_NOTHING,
    doc: `${doc}; it has no value here.`,
    chapter: "7.3.2",
    create(_args, { warn }) {
      warn(`'${name}' has no value: where rules stand is known only while they are read`);
      return () => false;
    },
  };
}

const since = ({ clock }: Context, from: number) => from < 0 ? -1 : Math.round(clock.now() - from);
const between = (from: number, to: number) => from < 0 || to < 0 ? -1 : Math.round(to - from);

/** {@linkcode Fetch}es of this family. */
export const streamFetches: readonly Fetch[] = [
  integer("thread", "7.3.2", "The number of this thread, from 0.", ({ process }) => process.thread),
  integer("act_conn", "7.3.2", "Connections of clients.", ({ process }) => process.connections),
  integer(
    "uptime",
    "7.3.2",
    "Seconds since the start.",
    ({ clock, process }) => Math.floor((clock.wall() - process.startedAt) / 1000),
  ),
  boolean("stopping", "7.3.2", "Whether the process stops.", ({ process }) => process.stopping),
  boolean("quic_enabled", "7.3.2", "Whether QUIC is spoken: it is not.", () => false),
  {
    ...integer("prio_class", "7.3.2", "Its class in queues ('set-priority-class').", () => 0),
    create: () => ({ priority }, sample) => sample.setInt(priority.class),
  },
  {
    ...integer("prio_offset", "7.3.2", "Its offset in queues ('set-priority-offset').", () => 0),
    create: () => ({ priority }, sample) => sample.setInt(priority.offset),
  },
  unmeasured("cpu_calls", "Calls of the stream's task"),
  unmeasured("cpu_ns_avg", "Nanoseconds of each call of the stream's task"),
  unmeasured("cpu_ns_tot", "Nanoseconds of all calls of the stream's task"),
  unmeasured("lat_ns_avg", "Nanoseconds before each call of the stream's task"),
  unmeasured("lat_ns_tot", "Nanoseconds before all calls of the stream's task"),
  placeless("last_rule_file", STR, "The file of the rule that ended the evaluation"),
  placeless("last_rule_line", SINT, "The line of the rule that ended the evaluation"),
  {
    name: "acl",
    args: [need("name"), ...Array.from({ length: 11 }, () => may("name"))],
    type: BOOL,
    needs: NEEDS_NOTHING,
    doc: "Whether all of these ACLs match; '!' before one: whether it does not.",
    chapter: "7.3.2",
    create(args, { acl }) {
      const tests: { readonly any: readonly Test[]; readonly negated: boolean }[] = [];
      for (let i = 0; i < args.count; i++) {
        const text = args.text(i).trim();
        const negated = text.startsWith("!");
        const any = acl?.(negated ? text.slice(1).trim() : text) ?? null;
        if (any === null) throw args.mistake(i, `there is no ACL '${text}'`);
        tests.push({ any, negated });
      }
      return (context, sample) => {
        let all = true;
        for (const { any, negated } of tests) {
          let found = 0;
          for (const test of any) found |= test(context);
          if (found === MAYBE) sample.pending = true;
          all &&= (found === YES) !== negated;
        }
        return sample.setBool(all);
      };
    },
  },
  {
    name: "txn.sess_term_state",
    type: STR,
    needs: NEEDS_NOTHING,
    doc: "The first two characters of the termination state of the log.",
    chapter: "7.3.2",
    create: () => ({ facts }, sample) => setText(sample, facts.termination.slice(0, 2)),
  },
  integer(
    "txn.conn_retries",
    "7.3.3",
    "How often the connection to a server was tried again.",
    ({ facts }) => facts.retries,
  ),
  boolean(
    "txn.redispatched",
    "7.3.3",
    "Whether it went to another server than it first was to.",
    ({ facts }) => facts.redispatched,
  ),
  {
    name: "accept_date",
    args: [may("unit")],
    type: SINT,
    needs: NEEDS_CLIENT,
    doc: "When the connection was accepted, in seconds since 1970 or the unit that is named.",
    chapter: "7.3.3",
    create(args) {
      const unit = args.choice(0, ["s", "ms", "us"], "s");
      const factor = unit === "s" ? 1 / 1000 : unit === "ms" ? 1 : 1000;
      return ({ acceptedAt }, sample) => sample.setInt(Math.floor(acceptedAt * factor));
    },
  },
  integer(
    "bytes_in",
    "7.3.3",
    "Bytes that the client has sent.",
    ({ facts }) => facts.bytesReceived,
    ["req.bytes_in"],
  ),
  integer(
    "bytes_out",
    "7.3.3",
    "Bytes that the client has been sent.",
    ({ facts }) => facts.bytesSent,
    ["res.bytes_out"],
  ),
  integer(
    "bc.timer.connect",
    "7.3.3",
    "Time to connect to the server, ms: %Tc.",
    ({ facts }) => between(facts.assignedAt, facts.connectedAt),
  ),
  integer(
    "fc.timer.total",
    "7.3.3",
    "Time since the request began, ms: %Tt.",
    (context) => since(context, context.facts.startedAt),
  ),
  integer(
    "res.timer.data",
    "7.3.3",
    "Time since the response's head, ms: %Td.",
    (context) => since(context, context.facts.respondedAt),
  ),
  integer(
    "cur_client_timeout",
    "7.3.3",
    "'timeout client' of this stream, ms.",
    ({ timeouts, frontend }) => timeouts.client ?? frontend.timeout("client") ?? 0,
  ),
  integer(
    "cur_server_timeout",
    "7.3.3",
    "'timeout server' of this stream, ms.",
    (context) => context.timeouts.server ?? backendOf(context).timeout("server") ?? 0,
  ),
  integer(
    "cur_tunnel_timeout",
    "7.3.3",
    "'timeout tunnel' of this stream, ms.",
    (context) => context.timeouts.tunnel ?? backendOf(context).timeout("tunnel") ?? 0,
  ),
];
