/**
 * The kinds of checks (manual: "option httpchk", "option ssl-hello-chk", "option tcp-check"), one
 * entry each: the configuration, and what checks servers, know them from here.
 */
import * as v from "valibot";
import type { Network } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import { httpProbe } from "./http.ts";
import type { Probe, Target } from "./probe.ts";
import { sslHelloProbe } from "./ssl-hello.ts";
import { tcpProbe } from "./tcp.ts";

/** What a check runs on. */
export interface CheckRuntime {
  readonly network: Network;
  readonly clock: Clock;
  /** From 0 to 1, like Math.random. */
  readonly random: () => number;
  /** The longest head that the traffic takes, in bytes. */
  readonly headLimit: number;
}

/** A kind of check, whose parameters the schema S describes. */
interface CheckKind<S extends v.GenericSchema> {
  /** As the model has it. */
  readonly name: string;
  /** What follows the word `option` in HAProxy's language. */
  readonly option: string;
  /** The words that may follow the option. */
  readonly usage: string;
  readonly most: number;
  readonly example: string;
  readonly doc: string;
  readonly schema: S;
  /** From the words that follow the option, {@linkcode most} at most. */
  parse(words: readonly string[]): v.InferOutput<S>;
  /** The words that {@linkcode parse} reads as this check. */
  print(check: v.InferOutput<S>): string[];
  run(target: Target, check: v.InferOutput<S>, runtime: CheckRuntime): Probe;
}

const kind = <S extends v.GenericSchema>(kind: CheckKind<S>) => kind;

const kinds = [
  kind({
    name: "tcp",
    option: "tcp-check",
    usage: "",
    most: 0,
    example: "",
    doc: "A server that takes a connection is up.",
    schema: v.strictObject({ kind: v.literal("tcp") }),
    parse: () => ({ kind: "tcp" as const }),
    print: () => [],
    run: (target, _, { network, clock }) => tcpProbe(network, clock, target),
  }),
  kind({
    name: "http",
    option: "httpchk",
    usage: "[[<method>] <uri> [<version>]]",
    most: 3,
    example: "GET /health HTTP/1.1\\r\\nHost:\\ www",
    doc: "A server that answers a request with 2xx or 3xx is up.",
    schema: v.strictObject({
      kind: v.literal("http"),
      method: v.optional(v.string(), "OPTIONS"),
      uri: v.optional(v.string(), "/"),
      /** What follows the URI: "HTTP/1.0", or more, as "HTTP/1.1\r\nHost:\ www". */
      version: v.optional(v.string(), "HTTP/1.0"),
    }),
    parse([first = "/", second, version = "HTTP/1.0"]) {
      const [method, uri] = second === undefined ? ["OPTIONS", first] : [first, second];
      return { kind: "http" as const, method, uri, version };
    },
    print({ method, uri, version }) {
      if (version !== "HTTP/1.0") return [method, uri, version];
      return method === "OPTIONS" ? [uri] : [method, uri];
    },
    run: (target, check, { network, clock, headLimit }) =>
      httpProbe(network, clock, target, check, headLimit),
  }),
  kind({
    name: "ssl-hello",
    option: "ssl-hello-chk",
    usage: "",
    most: 0,
    example: "",
    doc: "A server that answers the hello of TLS is up.",
    schema: v.strictObject({ kind: v.literal("ssl-hello") }),
    parse: () => ({ kind: "ssl-hello" as const }),
    print: () => [],
    run: (target, _, { network, clock, random }) => sslHelloProbe(network, clock, target, random),
  }),
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
export const checkKinds: readonly CheckKind<AnyCheck>[] = kinds;

/** A check's kind. */
export function kindOf(check: Check): CheckKind<AnyCheck> {
  return checkKinds.find(({ name }) => name === check.kind) ?? kinds[0];
}
