/** Whether what happened is what the story says: pure decisions on records. */
import { type Head, statusOf, valuesOf } from "./message.ts";
import type { Burst, Exchange, Verdict } from "./scene.ts";
import type { BurstExpectation, Claim, Expectation, Who } from "./steps.ts";

type Finding = { readonly held: boolean; readonly saw: string | null };

const held: Finding = { held: true, saw: null };
const not = (saw: string): Finding => ({ held: false, saw });

/**
 * Judges one expectation.
 * @param originOf the origin's name behind a server's: servers may share an address
 */
export function judge(
  expectation: Expectation,
  exchange: Exchange,
  originOf: (server: string) => string,
): Verdict {
  const { line, text } = expectation;
  return { line, text, ...find(expectation, exchange, originOf) };
}

/** Judges one expectation of many requests. */
export function judgeBurst(expectation: BurstExpectation, burst: Burst): Verdict {
  const { line, text } = expectation;
  return { line, text, ...findInBurst(expectation, burst) };
}

/** Whether `value` is `pattern`, in which `*` stands for any run of characters. */
export function matches(pattern: string, value: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(value);
}

function find(
  expectation: Expectation,
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
    case "gets":
      return outcome.response === null
        ? not(outcome.failure ?? "no response")
        : compare(expectation.claim, outcome.response);
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

function findInBurst(expectation: BurstExpectation, burst: Burst): Finding {
  switch (expectation.kind) {
    case "counts": {
      const as = ([server, count]: readonly [string, number]) => `${server} ${count}`;
      const wrong = [...expectation.counts].some(([server, count]) =>
        (burst.counts.get(server) ?? 0) !== count
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
  }
}
