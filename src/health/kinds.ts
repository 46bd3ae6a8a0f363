/**
 * The kinds of checks (manual: "option httpchk", "option tcp-check" and its kin), one entry each: the
 * configuration, and what checks servers, know them from here.
 */
import * as v from "valibot";
import type { Network } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import type { CheckExpressions } from "./expressions.ts";
import { plainRequest } from "./http-request.ts";
import type { Probe, Target } from "./probe.ts";
import { ldapSteps } from "./protocols/ldap.ts";
import { mysqlSteps, mysqlVersions } from "./protocols/mysql.ts";
import { pgsqlSteps } from "./protocols/pgsql.ts";
import { redisSteps } from "./protocols/redis.ts";
import { smtpSteps } from "./protocols/smtp.ts";
import { spopSteps } from "./protocols/spop.ts";
import type { HttpRule, TcpRule } from "./rules.ts";
import { httpSteps, tcpSteps } from "./ruleset.ts";
import { type RunDeps, stepsProbe } from "./run.ts";
import { sslHelloSteps } from "./ssl-hello.ts";
import { implicitConnect, type Steps } from "./steps.ts";

/** What a check runs on. */
export interface CheckRuntime {
  readonly network: Network;
  readonly clock: Clock;
  /** From 0 to 1, like Math.random. */
  readonly random: () => number;
  /** How much of what comes is kept, in bytes. */
  readonly bufferSize: number;
  readonly expressions: CheckExpressions;
  /** How connections speak TLS: see run.ts. */
  readonly connectTls?: NonNullable<RunDeps["connectTls"]>;
}

/** What is checked, and by which rules. */
export interface CheckJob {
  /** Where it is now. */
  readonly target: () => Target;
  /** The rules of its proxy. */
  readonly tcpRules: readonly TcpRule[];
  readonly httpRules: readonly HttpRule[];
  /** What `http-check send-state` says of the server; null: nothing. */
  readonly state: (() => string) | null;
  /** Whether a 404 asks for no new sessions (manual: "http-check disable-on-404"). */
  readonly mayStop: () => boolean;
  /** The program of `option external-check`, to be run for the server. */
  readonly program: Probe;
}

/** A kind of check, whose parameters the schema S describes. */
interface CheckKind<S extends v.GenericSchema> {
  /** As the model has it. */
  readonly name: string;
  /** What follows the word `option` in HAProxy's language; null: nothing need be said. */
  readonly option: string | null;
  /** The words that may follow the option. */
  readonly usage: string;
  readonly most: number;
  readonly example: string;
  readonly doc: string;
  readonly schema: S;
  /** From the words that follow the option, {@linkcode most} at most; a text: what is wrong. */
  parse(words: readonly string[]): v.InferOutput<S> | string;
  /** The words that {@linkcode parse} reads as this check. */
  print(check: v.InferOutput<S>): string[];
  /** It has a program run, not steps. */
  readonly external?: true;
  steps(check: v.InferOutput<S>, job: CheckJob, runtime: CheckRuntime): Steps;
}

const kind = <S extends v.GenericSchema>(kind: CheckKind<S>) => kind;

/** A kind without parameters. */
function plain<const Name extends string>(
  name: Name,
  about: { option: string | null; doc: string; external?: true },
  steps: (job: CheckJob, runtime: CheckRuntime) => Steps,
) {
  const schema = v.strictObject({ kind: v.literal(name) });
  return kind({
    ...about,
    name,
    usage: "",
    most: 0,
    example: "",
    schema,
    parse: () => v.parse(schema, { kind: name }),
    print: () => [],
    steps: (_, job, runtime) => steps(job, runtime),
  });
}

const connectOnly: Steps = { steps: [implicitConnect], named: false, method: null };

const kinds = [
  plain("tcp", { option: null, doc: "A server that takes a connection is up." }, () => connectOnly),
  plain("tcp-check", {
    option: "tcp-check",
    doc: "A server that answers as the 'tcp-check' rules have it is up.",
  }, ({ tcpRules }, { expressions }) => tcpSteps(tcpRules, expressions, true)),
  kind({
    name: "http",
    option: "httpchk",
    usage: "[[<method>] <uri> [<version>]]",
    most: 3,
    example: "GET /health HTTP/1.1",
    doc: "A server that answers a request with 2xx or 3xx, or as 'http-check' has it, is up.",
    schema: v.strictObject({
      kind: v.literal("http"),
      method: v.optional(v.string(), plainRequest.method),
      uri: v.optional(v.string(), plainRequest.uri),
      /** What follows the URI: "HTTP/1.0", or more, as "HTTP/1.1\r\nHost:\ www". */
      version: v.optional(v.string(), plainRequest.version),
    }),
    parse([first = "/", second, version = plainRequest.version]) {
      const [method, uri] = second === undefined ? [plainRequest.method, first] : [first, second];
      return { kind: "http" as const, method, uri, version };
    },
    print({ method, uri, version }) {
      if (version !== plainRequest.version) return [method, uri, version];
      return method === plainRequest.method ? [uri] : [method, uri];
    },
    steps: (check, { httpRules, state, mayStop }, { expressions }) =>
      httpSteps(check, httpRules, expressions, state, mayStop),
  }),
  plain("ssl-hello", {
    option: "ssl-hello-chk",
    doc: "A server that answers the hello of TLS is up.",
  }, (_, { random }) => sslHelloSteps(random)),
  kind({
    name: "mysql",
    option: "mysql-check",
    usage: "[user <name> [post-41|pre-41]]",
    most: 3,
    example: "user haproxy",
    doc: "A MySQL server that greets, and lets a user in, is up.",
    schema: v.strictObject({
      kind: v.literal("mysql"),
      user: v.optional(v.nullable(v.string()), null),
      client: v.optional(v.picklist(mysqlVersions), "post-41"),
    }),
    parse(words) {
      const [word, user, client = "post-41"] = words;
      const known = mysqlVersions.find((version) => version === client);
      if (word !== undefined && word !== "user") return `'${word}' is not 'user'`;
      if (word !== undefined && (user ?? "") === "") return "'user' expects a name";
      if (known === undefined) return `'${client}' is neither 'post-41' nor 'pre-41'`;
      return { kind: "mysql" as const, user: user ?? null, client: known };
    },
    print({ user, client }) {
      if (user === null) return [];
      return ["user", user, ...(client === "post-41" ? [] : [client])];
    },
    steps: ({ user, client }) => mysqlSteps(user, client),
  }),
  kind({
    name: "pgsql",
    option: "pgsql-check",
    usage: "user <name>",
    most: 2,
    example: "user haproxy",
    doc: "A PostgreSQL server that asks a user to authenticate is up.",
    schema: v.strictObject({ kind: v.literal("pgsql"), user: v.string() }),
    parse([word, user]) {
      if (word !== "user") {
        return word === undefined ? "it expects 'user'" : `'${word}' is not 'user'`;
      }
      return (user ?? "") === ""
        ? "'user' expects a name"
        : { kind: "pgsql" as const, user: user! };
    },
    print: ({ user }) => ["user", user],
    steps: ({ user }) => pgsqlSteps(user),
  }),
  plain("redis", {
    option: "redis-check",
    doc: "A Redis server that answers PING is up.",
  }, redisSteps),
  plain("ldap", {
    option: "ldap-check",
    doc: "An LDAP server that lets an anonymous bind pass is up.",
  }, ldapSteps),
  kind({
    name: "smtp",
    option: "smtpchk",
    usage: "[HELO|EHLO <domain>]",
    most: 2,
    example: "EHLO mail.example.com",
    doc: "An SMTP server that greets, and can be greeted, is up.",
    schema: v.strictObject({
      kind: v.literal("smtp"),
      hello: v.optional(v.picklist(["HELO", "EHLO"]), "HELO"),
      domain: v.optional(v.string(), "localhost"),
    }),
    parse([word, domain]) {
      // As HAProxy, which takes any other word for no word at all.
      const isKnown = (word === "EHLO" || word === "HELO") && (domain ?? "") !== "";
      const hello: "HELO" | "EHLO" = isKnown && word === "EHLO" ? "EHLO" : "HELO";
      return { kind: "smtp" as const, hello, domain: isKnown ? domain! : "localhost" };
    },
    print: ({ hello, domain }) => hello === "HELO" && domain === "localhost" ? [] : [hello, domain],
    steps: ({ hello, domain }) => smtpSteps(`${hello} ${domain}`),
  }),
  plain("spop", {
    option: "spop-check",
    doc: "A stream processing agent that answers a hello is up.",
  }, spopSteps),
  plain("external", {
    option: "external-check",
    doc: "A server of which a program says so is up ('external-check command').",
    external: true,
  }, () => connectOnly),
] as const;

type SchemasOf<T extends readonly { readonly schema: v.GenericSchema }[]> = {
  [I in keyof T]: T[I]["schema"];
};

/** The parameters of a check, of any kind. */
export const Check = v.variant(
  "kind",
  kinds.map(({ schema }) => schema) as unknown as SchemasOf<typeof kinds>,
);
/** {@linkcode Check} */
export type Check = v.InferOutput<typeof Check>;

type AnyCheck = v.GenericSchema<v.InferInput<typeof Check>, Check>;

/** The kinds, in the order of the table. */
export const checkKinds = kinds as unknown as readonly CheckKind<AnyCheck>[];

/** A check's kind. */
export function kindOf(check: Check): CheckKind<AnyCheck> {
  return checkKinds.find(({ name }) => name === check.kind) ?? checkKinds[0]!;
}

/** What checks a server. */
export function probeOf(check: Check, job: CheckJob, runtime: CheckRuntime): Probe {
  const kind = kindOf(check);
  if (kind.external === true) return job.program;
  return stepsProbe(runtime, job.target, kind.steps(check, job, runtime));
}
