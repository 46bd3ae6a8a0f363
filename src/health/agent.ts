/**
 * Agents on servers (manual, chapter 5.2: "agent-check"): one line, whose words say how the server is
 * doing. What it does not say stays as it is.
 */
import { encode } from "./expressions.ts";
import { latin1 } from "./expect.ts";
import type { Probe, Target } from "./probe.ts";
import { type Verdict, verdict } from "./result.ts";
import { type RunDeps, stepsProbe } from "./run.ts";
import { implicitConnect, type Step, WAIT } from "./steps.ts";

/** What an agent's line says: of each kind the last word. */
export interface AgentReply {
  readonly health: "up" | "down" | "stopped" | "fail" | null;
  readonly admin: "ready" | "drain" | "maint" | null;
  /** As it stands: "75%". */
  readonly weight: string | null;
  /** As it stands behind "maxconn:". */
  readonly maxconn: string | null;
  /** The first word that means nothing. */
  readonly unknown: string | null;
  /** What is said about the health. */
  readonly description: string;
}

const healths = ["up", "down", "stopped", "fail"] as const;
const admins = ["ready", "drain", "maint"] as const;

/** Reads an agent's line, without its end. */
export function parseAgent(line: string): AgentReply {
  const at = /(?:^|[ \t,])#/.exec(line);
  const said = at === null ? line : line.slice(0, at.index);
  const description = at === null ? "" : line.slice(at.index + at[0].length).replace(/^[ \t]+/, "");
  let health: AgentReply["health"] = null;
  let admin: AgentReply["admin"] = null;
  let weight: string | null = null;
  let maxconn: string | null = null;
  let unknown: string | null = null;
  for (const word of said.split(/[ \t,]+/).filter((each) => each !== "")) {
    const name = word.toLowerCase();
    const found = healths.find((each) => each === name);
    const state = admins.find((each) => each === name);
    if (found !== undefined) health = found;
    else if (state !== undefined) admin = state;
    else if (/^\d[^%]*%/.test(word)) weight = word;
    else if (name.startsWith("maxconn:")) maxconn = word.slice("maxconn:".length);
    else unknown ??= word;
  }
  return { health, admin, weight, maxconn, unknown, description };
}

/**
 * The weight that an agent's word gives a server.
 * @param initial what the configuration says
 * @param dynamic whether weights may change
 * @returns why not, in HAProxy's words
 */
export function agentWeight(word: string, initial: number, dynamic: boolean): number | string {
  const [, digits = "", rest = ""] = /^(-?\d+)(.*)$/.exec(word) ?? [];
  if (digits === "") return "Empty weight string empty or preceded by garbage";
  let weight = Number(digits);
  if (rest === "%") weight = Math.min(256, Math.floor(initial * Math.min(25_600, weight) / 100));
  else if (weight > 256) return "Absolute weight can only be between 0 and 256 inclusive.";
  else if (rest !== "") return "Trailing garbage in weight string";
  if (weight === 0 || weight === initial || dynamic) return weight;
  return "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.";
}

/** The bound of sessions that an agent's word gives a server. @returns why not */
export function agentMaxconn(word: string): number | string {
  const [, digits = "", rest = ""] = /^\s*([-+]?\d+)(.*)$/.exec(word) ?? [];
  if (digits === "") return "maxconn string empty or preceded by garbage";
  return rest === "" ? Math.max(0, Number(digits)) : "Trailing garbage in maxconn string";
}

/** What a reply means for the check. @param warning why something of it could not be done */
export function agentVerdict(reply: AgentReply, warning: string): Verdict {
  const { health, unknown, description } = reply;
  if (health !== null) {
    const isUp = health === "up";
    const said = isUp || description === "" ? (unknown ?? (warning || description)) : description;
    const info = `via agent : ${health}${said === "" ? "" : ` (${said})`}`;
    return { status: isUp ? "L7OK" : "L7STS", code: 0, info };
  }
  if (unknown !== null) return verdict("CHECKED", `agent reports an error : ${unknown}`);
  return verdict("CHECKED", warning === "" ? "" : `agent warns : ${warning}`);
}

/**
 * A check by an agent.
 * @param send what it is told first; null: nothing
 * @param obey does what it says. @returns why something of it could not be done; ""
 */
export function agentProbe(
  deps: RunDeps,
  target: () => Target,
  send: string | null,
  obey: (reply: AgentReply) => string,
): Probe {
  const first = send === null ? [] : [send];
  const ask = first.map((text): Step => {
    const bytes = encode(text);
    return { kind: "send", id: 1, comment: null, bytes: () => bytes };
  });
  const id = ask.length + 1;
  const expect: Step = {
    kind: "expect",
    id,
    head: id,
    comment: null,
    timeout: "L7TOUT",
    empty: "L7RSP",
    what: "custom function",
    find({ bytes, complete }) {
      const [line = "", ...more] = latin1(bytes).split(/[\r\n\0]/);
      if (more.length === 0) {
        return complete ? verdict("CHECKED", "Ignoring incomplete line from agent") : WAIT;
      }
      const reply = parseAgent(line);
      return agentVerdict(reply, obey(reply));
    },
    success: () => verdict("CHECKED"),
  };
  return stepsProbe(deps, target, {
    steps: [implicitConnect, ...ask, expect],
    named: false,
    method: null,
  });
}
