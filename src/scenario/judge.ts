/** Whether what happened is what the story says: pure decisions on records. */
import { type Head, statusOf, valuesOf } from "./message.ts";
import type { Burst, Exchange, Verdict } from "./scene.ts";
import type { BurstExpectation, Claim, Expectation, LogExpectation, Who } from "./steps.ts";

/** What is judged here: not what the logs say, which is waited for. */
type OfExchange = Exclude<Expectation, LogExpectation>;
type OfBurst = Exclude<BurstExpectation, LogExpectation>;

type Finding = { readonly held: boolean; readonly saw: string | null };

const held: Finding = { held: true, saw: null };
const not = (saw: string): Finding => ({ held: false, saw });

/**
 * Judges one expectation.
 * @param originOf the origin's name behind a server's: servers may share an address
 */
export function judge(
  expectation: OfExchange,
  exchange: Exchange,
  originOf: (server: string) => string,
): Verdict {
  const { line, text } = expectation;
  return { line, text, ...find(expectation, exchange, originOf) };
}

/** Judges one expectation of many requests. */
export function judgeBurst(
  expectation: OfBurst,
  burst: Burst,
  originOf: (server: string) => string,
): Verdict {
  const { line, text } = expectation;
  return { line, text, ...findInBurst(expectation, burst, originOf) };
}

/** Whether `value` is `pattern`, in which `*` stands for any run of characters. */
export function matches(pattern: string, value: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(value);
}

function find(
  expectation: OfExchange,
  exchange: Exchange,
  originOf: (server: string) => string,
): Finding {
  const { outcome } = exchange;
  switch (expectation.kind) {
    case "serves":
      return serves(expectation.who, exchange, originOf);
    case "sees": {
      const served = serves(expectation.who, exchange, originOf);
      const seen = exchange.sights.at(-1)?.request;
      return served.held && seen !== undefined ? compare(expectation.claim, seen) : served;
    }
    case "sees-from": {
      const served = serves(expectation.who, exchange, originOf);
      const from = exchange.sights.at(-1)?.from;
      if (!served.held || from === undefined) return served;
      return from === expectation.host ? held : not(`it came from ${from}`);
    }
    case "sees-behalf": {
      const served = serves(expectation.who, exchange, originOf);
      const behalf = exchange.sights.at(-1)?.behalf;
      if (!served.held || behalf === undefined) return served;
      if (behalf === null) return not("no header of the PROXY protocol said so");
      return behalf === expectation.host ? held : not(`it was on behalf of ${behalf}`);
    }
    case "gets":
      return outcome.response === null
        ? not(outcome.failure ?? "no response")
        : compare(expectation.claim, outcome.response);
    case "nothing":
      return outcome.response === null ? held : not(outcome.response.line);
    case "refused":
      if (outcome.response !== null) return not(outcome.response.line);
      return outcome.refused ? held : not(outcome.failure ?? "no response");
    case "closes":
      return outcome.closed ? held : not("it stays open");
  }
}

function serves(who: Who, exchange: Exchange, originOf: (server: string) => string): Finding {
  const server = exchange.sights.at(-1)?.server ?? null;
  const { previous } = exchange;
  if (who.kind === "none") return server === null ? held : not(`${server} saw it`);
  if (server === null) return not("no server saw it");
  switch (who.kind) {
    case "any":
      return held;
    case "named":
      return server === originOf(who.server) ? held : not(`${server} served it`);
    case "same":
      if (previous === null) return not(`${server} served it, and no server before it`);
      return server === previous ? held : not(`${server} served it, ${previous} before it`);
    case "other":
      return server !== previous ? held : not(`${server} served it again`);
  }
}

function compare(claim: Claim, head: Head): Finding {
  switch (claim.kind) {
    case "status":
      return statusOf(head) === claim.status ? held : not(head.line);
    case "line":
      return head.line === claim.text ? held : not(head.line);
    case "field": {
      const values = valuesOf(head, claim.name);
      if (values.some((value) => matches(claim.value, value))) return held;
      return not(
        values.length === 0 ? `no ${claim.name}${among(head)}` : shown(claim.name, values),
      );
    }
    case "absent": {
      const values = valuesOf(head, claim.name);
      return values.length === 0 ? held : not(shown(claim.name, values));
    }
  }
}

function shown(name: string, values: readonly string[]): string {
  return values.map((value) => `${name}: ${value}`).join(", ");
}

function among(head: Head): string {
  const names = head.fields.map(([name]) => name);
  return names.length === 0 ? ", nor any field" : ` among ${names.join(", ")}`;
}

function findInBurst(
  expectation: OfBurst,
  burst: Burst,
  originOf: (server: string) => string,
): Finding {
  switch (expectation.kind) {
    case "counts": {
      const as = ([server, count]: readonly [string, number]) => `${server} ${count}`;
      const wrong = [...expectation.counts].some(([server, count]) =>
        (burst.counts.get(originOf(server)) ?? 0) !== count
      );
      return wrong ? not([...burst.counts].map(as).join(", ")) : held;
    }
    case "spread": {
      const used = [...burst.counts.values()].filter((count) => count > 0).length;
      return used >= expectation.least ? held : not(`${used} did`);
    }
    case "all-get": {
      const good = burst.statuses.get(expectation.status) ?? 0;
      if (good === burst.count) return held;
      const parts = [...burst.statuses].map(([status, count]) =>
        `${count} ${status === 0 ? "no response" : `x ${status}`}`
      );
      return not(parts.join(", "));
    }
    case "mean":
    case "p99": {
      const wait = burst[expectation.kind];
      return wait <= expectation.most ? held : not(`${Math.round(wait)} ms`);
    }
    case "reaches": {
      const peak = burst.peaks.get(originOf(expectation.server)) ?? 0;
      return peak >= expectation.least ? held : not(`it had ${peak} at most`);
    }
    case "peak": {
      const { server, most } = expectation;
      const over = [...burst.peaks].filter(([name, peak]) =>
        peak > most && (server === null || originOf(server) === name)
      );
      return over.length === 0
        ? held
        : not(over.map(([name, peak]) => `${name} had ${peak}`).join(", "));
    }
  }
}
