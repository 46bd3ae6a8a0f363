/**
 * The rules of one proxy, compiled: when the configuration is checked, for the mistakes in them, and
 * then by each thread.
 */
import { balanceOf, isFault } from "../balance/balance-text.ts";
import type { Proxy, Rule as RuleLine, UseBackend } from "../config/model.ts";
import type { Expression } from "../expr/expression.ts";
import { compileAcls } from "../expr/condition.ts";
import type { Phase } from "../expr/needs.ts";
import type { References } from "../expr/references.ts";
import type { Test } from "../expr/test.ts";
import { WordMistake, Words } from "../expr/words.ts";
import type { ErrorPages, RuleKit, RuleScripts } from "./action.ts";
import type { Ruleset } from "./rulesets.ts";
import { CaptureSlots } from "./captures.ts";
import { compileRedirect } from "./actions/redirect.ts";
import { compileFormat, type Format } from "./format.ts";
import { compileStickRule, type StickRules } from "./stick.ts";
import { compileReply, type ReplyMaker } from "./reply.ts";
import { isFormatted, replyWords } from "./reply-words.ts";
import { compileRest, compileRule, createKit, type Rule } from "./ruleset.ts";

/** Which backend takes a stream. */
export interface BackendRule {
  readonly test: Test | null;
  /** Makes the name. */
  readonly name: Format;
  readonly line: UseBackend;
}

/** Which server takes a stream. */
export interface ServerRule {
  readonly test: Test | null;
  readonly name: Format;
}

/** A list of rules; null: there are none, and nothing need be done for them. */
export type RuleList = readonly Rule[] | null;

/** The rules of a proxy. */
export interface ProxyRules {
  readonly tcpConnection: RuleList;
  readonly tcpSession: RuleList;
  readonly tcpContent: RuleList;
  readonly tcpResponse: RuleList;
  readonly httpRequest: RuleList;
  readonly httpResponse: RuleList;
  readonly httpAfterResponse: RuleList;
  readonly useBackend: readonly BackendRule[] | null;
  readonly useServer: readonly ServerRule[] | null;
  /** Any of them will do (manual: "force-persist", "ignore-persist", "monitor fail"). */
  readonly forcePersist: readonly Test[] | null;
  readonly ignorePersist: readonly Test[] | null;
  readonly monitorFail: readonly Test[] | null;
  /** What the choice of a server hashes on (manual: "balance", hash). */
  readonly balanceHash: Expression | null;
  readonly stick: StickRules | null;
  /** When the statistics page may change something, and the conditions of its own rules. */
  readonly statsAdmin: readonly Test[] | null;
  readonly statsHttpRequest: readonly (Test | null)[] | null;
  /** Replies of "http-error" that depend on the request, by their lines. */
  readonly formattedReplies: ReadonlyMap<object, ReplyMaker> | null;
  /** How many slots there are for what is captured. */
  readonly captureSlots: { readonly request: number; readonly response: number };
  /** The id of a request; null: there is no "unique-id-format". */
  readonly uniqueId: Format | null;
}

/** Those of a proxy without any. */
export const noRules: ProxyRules = {
  tcpConnection: null,
  tcpSession: null,
  tcpContent: null,
  tcpResponse: null,
  httpRequest: null,
  httpResponse: null,
  httpAfterResponse: null,
  useBackend: null,
  useServer: null,
  forcePersist: null,
  ignorePersist: null,
  monitorFail: null,
  balanceHash: null,
  stick: null,
  statsAdmin: null,
  statsHttpRequest: null,
  formattedReplies: null,
  captureSlots: { request: 0, response: 0 },
  uniqueId: null,
};

/** Called with what is wrong. @param of the line of the model that it is in */
export type OnMistake = (of: object, mistake: WordMistake) => void;

function mapOrNull<V>(entries: readonly (readonly [object, V] | null)[]) {
  const found = new Map(entries.filter((entry) => entry !== null));
  return found.size === 0 ? null : found;
}
const orNull = <T>(list: readonly T[]): readonly T[] | null => list.length === 0 ? null : list;

/**
 * Compiles the rules of a proxy. A rule that is wrong is left out.
 * @param references makes them for a line, for its warnings
 */
export function compileProxyRules(
  proxy: Proxy,
  references: (line: object) => References,
  { errors, scripts }: { readonly errors: ErrorPages; readonly scripts: RuleScripts },
  onMistake: OnMistake,
): ProxyRules {
  const acls = compileAcls(proxy.acl, references(proxy), onMistake);
  const captures = new CaptureSlots(proxy);
  const kitFor = (line: object, ruleset: Ruleset, phase: Phase): RuleKit =>
    createKit(ruleset, phase, { references: references(line), acls, errors, scripts, captures });

  const compile = <L extends object, T>(lines: readonly L[], read: (line: L) => T): T[] =>
    lines.flatMap((line) => {
      try {
        return [read(line)];
      } catch (error) {
        if (!(error instanceof WordMistake)) throw error;
        onMistake(line, error);
        return [];
      }
    });
  const list = (lines: readonly RuleLine[], ruleset: Ruleset, phase: Phase) =>
    compile(lines, (line) => compileRule(line, kitFor(line, ruleset, phase)));
  const request: Phase = proxy.kind === "frontend" ? "http-request" : "http-request, backend";
  const content: Phase = proxy.mode === "http"
    ? "tcp-request content, HTTP"
    : proxy.kind === "frontend"
    ? "tcp-request content"
    : "tcp-request content, backend";
  const named = (text: string, words: Words, kit: RuleKit) => {
    const name = kit.format(words, text);
    return { test: compileRest(words, kit, ""), name };
  };
  const conditions = (lines: readonly RuleLine[], phase: Phase): Test[] =>
    compile(lines, (line) => {
      const words = new Words(line.words);
      const test = compileRest(words, kitFor(line, "http-request", phase), "");
      if (test === null) {
        throw words.mistake("a condition is missing", "'if' or 'unless', and ACLs");
      }
      return test;
    });
  const stickRules = (): StickRules | null => {
    const sides = (response: boolean) =>
      compile(
        proxy.stick.filter(({ kind }) => (kind === "store-response") === response),
        (line) =>
          compileStickRule(
            line,
            response
              ? kitFor(
                line,
                "http-response",
                proxy.mode === "http" ? "http-response" : "tcp-response",
              )
              : kitFor(line, "http-request", proxy.mode === "http" ? request : switching),
          ),
      );
    const [ofRequest, ofResponse] = [sides(false), sides(true)];
    if (ofRequest.length + ofResponse.length === 0) return null;
    return { request: ofRequest, response: ofResponse };
  };
  const switching: Phase = proxy.mode === "http" ? "http-request" : "tcp-request content, backend";

  return {
    tcpConnection: orNull(
      list(proxy.tcpRequestConnection, "tcp-request connection", "tcp-request connection"),
    ),
    tcpSession: orNull(list(proxy.tcpRequestSession, "tcp-request session", "tcp-request session")),
    tcpContent: orNull(list(proxy.tcpRequestContent, "tcp-request content", content)),
    tcpResponse: orNull(list(proxy.tcpResponseContent, "tcp-response content", "tcp-response")),
    httpRequest: orNull([
      ...list(proxy.httpRequest, "http-request", request),
      ...compile(proxy.redirect, (line) => {
        const kit = kitFor(line, "http-request", request);
        const words = new Words(line.words);
        const run = compileRedirect(words, kit);
        return { run, test: compileRest(words, kit, "redirect"), line };
      }),
    ]),
    httpResponse: orNull(list(proxy.httpResponse, "http-response", "http-response")),
    httpAfterResponse: orNull(
      list(proxy.httpAfterResponse, "http-after-response", "http-after-response"),
    ),
    useBackend: orNull(compile(proxy.useBackend, (line) => {
      const kit = kitFor(line, "http-request", switching);
      return { ...named(line.backend, new Words(line.condition), kit), line };
    })),
    useServer: orNull(compile(proxy.useServer, (line) => {
      const words = new Words(line.words);
      const kit = kitFor(line, "http-request", proxy.mode === "http" ? request : switching);
      return named(words.take("a server's name"), words, kit);
    })),
    forcePersist: orNull(conditions(proxy.forcePersist, request)),
    ignorePersist: orNull(conditions(proxy.ignorePersist, request)),
    monitorFail: orNull(conditions(proxy.monitorFail, "http-request")),
    formattedReplies: mapOrNull(compile(proxy.errors, (line) => {
      if (line.kind !== "http-error" || !isFormatted(line.reply)) return null;
      const kit = kitFor(line, "http-request", request);
      const words = new Words(replyWords(line.reply));
      return [line, compileReply(words, kit, line.reply.status, ["status"], false)] as const;
    })),
    balanceHash: compile([proxy], ({ balance }) => {
      const parsed = balanceOf(balance);
      if (isFault(parsed) || parsed.name !== "hash") return null;
      const kit = kitFor(proxy, "http-request", proxy.mode === "http" ? request : switching);
      return kit.expression(new Words(["hash", parsed.argument]), parsed.argument);
    })[0] ?? null,
    stick: stickRules(),
    statsAdmin: orNull(conditions(proxy.stats?.admin ?? [], request)),
    statsHttpRequest: orNull(
      compile(
        proxy.stats?.httpRequest ?? [],
        (line) => compileRest(new Words(line.words), kitFor(line, "http-request", request), ""),
      ),
    ),
    captureSlots: { request: captures.request.length, response: captures.response.length },
    uniqueId: compile(proxy.uniqueIdFormat === null ? [] : [proxy], () => {
      const { available, references } = kitFor(proxy, "http-request", "http-request");
      return compileFormat(proxy.uniqueIdFormat!, available, references, 0, true);
    })[0] ?? null,
  };
}
