/** A word or two of a message: what is answered, or expected. */
import type { AnswerPart } from "../simulate/demo-server.ts";
import { fieldsOf, type Head, status } from "../simulate/message.ts";
import { type Problem, problem } from "./language.ts";

/** See the file. */
export type Claim =
  | { readonly kind: "status"; readonly status: number }
  /** The whole request line. */
  | { readonly kind: "line"; readonly text: string }
  /** A field of this name has this value; `*` in it stands for any run of characters. */
  | { readonly kind: "field"; readonly name: string; readonly value: string }
  /** There is no field of this name. */
  | { readonly kind: "absent"; readonly name: string };

/** Reads "404", "no FIELD", "FIELD: VALUE" or a request line. */
export function claimOf(text: string): Claim {
  if (/^\d{3}$/.test(text)) return { kind: "status", status: Number(text) };
  if (text.startsWith("no ")) return { kind: "absent", name: text.slice(3) };
  const colon = text.indexOf(":");
  if (colon < 0 || /^[A-Z]+ /.test(text)) return { kind: "line", text };
  return { kind: "field", name: text.slice(0, colon), value: text.slice(colon + 1).trim() };
}

/** Reads what a server is told to answer. */
export function answerOf(text: string): AnswerPart | Problem {
  const claim = claimOf(text);
  if (claim.kind === "status" || claim.kind === "field") return claim;
  return problem(text, "a server cannot be told to answer so", "write STATUS, or FIELD: VALUE");
}

/** Whether a head is as claimed. @returns what is there instead; null: it is so */
export function contradiction(claim: Claim, head: Head): string | null {
  switch (claim.kind) {
    case "status":
      return status(head) === claim.status ? null : head.line;
    case "line":
      return head.line === claim.text ? null : head.line;
    case "field": {
      const values = fieldsOf(head, claim.name);
      if (values.some((value) => matches(claim.value, value))) return null;
      return values.length === 0 ? `no ${claim.name}${among(head)}` : shown(claim.name, values);
    }
    case "absent": {
      const values = fieldsOf(head, claim.name);
      return values.length === 0 ? null : shown(claim.name, values);
    }
  }
}

/** Whether `value` is `pattern`, in which `*` stands for any run of characters. */
export function matches(pattern: string, value: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(value);
}

function shown(name: string, values: readonly string[]): string {
  return values.map((value) => `${name}: ${value}`).join(", ");
}

function among({ fields }: Head): string {
  const names = fields.map((line) => line.slice(0, line.indexOf(":")));
  return names.length === 0 ? ", nor any field" : ` among ${names.join(", ")}`;
}
