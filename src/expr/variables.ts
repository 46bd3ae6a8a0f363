/** Variables (manual, chapter 2.8): values that rules keep, each in a scope. */
import { BIN, IPV4, IPV6, METH, type Sample, type SampleType, STR } from "./sample.ts";

/** The scopes, from the longest to the shortest life. */
export const scopes = ["proc", "sess", "txn", "req", "res", "check"] as const;
/** A name of {@linkcode scopes}. */
export type Scope = typeof scopes[number];

/** A variable's name, taken apart. */
export interface VariableName {
  readonly scope: Scope;
  /** Its number among all variables of the configuration: where a {@linkcode Variables} has it. */
  readonly slot: number;
}

/** What a value takes beside its bytes, as HAProxy counts. */
const overhead = 48;

/**
 * How much the values of a scope may take, bytes (manual: "tune.vars.txn-max-size" and its kin);
 * Infinity: as much as they like. Of this thread; set before any is used.
 */
export const variableLimits: Record<Scope, number> = {
  proc: Infinity,
  sess: Infinity,
  txn: Infinity,
  req: Infinity,
  res: Infinity,
  check: Infinity,
};

const slots = new Map<string, number>();

/** The number of a variable's name, within its scope; the same in all scopes. */
export function variableSlot(name: string): number {
  let slot = slots.get(name);
  if (slot === undefined) slots.set(name, slot = slots.size);
  return slot;
}

/**
 * Reads "txn.name" (letters, digits, `_` and `.`); `scope.` may be left out where `implied` is given.
 * @returns null: it is no name of a variable
 */
export function parseVariableName(text: string, implied?: Scope): VariableName | null {
  const dot = text.indexOf(".");
  const scope = scopes.find((each) => each === text.slice(0, Math.max(0, dot))) ?? implied;
  if (scope === undefined) return null;
  const name = scopes.some((each) => text.startsWith(`${each}.`)) ? text.slice(dot + 1) : text;
  if (!/^[A-Za-z0-9_.]+$/.test(name)) return null;
  return { scope, slot: variableSlot(name) };
}

interface Value {
  readonly type: SampleType;
  readonly int: number;
  readonly wide: bigint | null;
  readonly bytes: Uint8Array | null;
}

const hasBytes = (type: SampleType) =>
  type === STR || type === BIN || type === IPV4 || type === IPV6 || type === METH;

/** The variables of one scope: of the process, a session, a transaction, a message. */
export class Variables {
  #values: (Value | undefined)[] = [];
  #size = 0;

  constructor(readonly scope: Scope) {}

  /** Forgets all. */
  clear(): void {
    if (this.#values.length > 0) this.#values = [];
    this.#size = 0;
  }

  has(slot: number): boolean {
    return this.#values[slot] !== undefined;
  }

  /** Gives a variable the value of `sample`. @returns false: there is no room for it */
  set(slot: number, sample: Sample): boolean {
    const bytes = hasBytes(sample.type) ? sample.copyBytes() : null;
    const size = this.#size + overhead + (bytes?.length ?? 0) - sizeOf(this.#values[slot]);
    if (size > variableLimits[this.scope]) return false;
    this.#size = size;
    this.#values[slot] = { type: sample.type, int: sample.int, wide: sample.wide, bytes };
    return true;
  }

  unset(slot: number): void {
    this.#size -= sizeOf(this.#values[slot]);
    this.#values[slot] = undefined;
  }

  /** Makes `sample` a variable's value. @returns false: it has none */
  get(slot: number, sample: Sample): boolean {
    const value = this.#values[slot];
    if (value === undefined) return false;
    sample.type = value.type;
    sample.int = value.int;
    sample.wide = value.wide;
    if (value.bytes !== null) {
      sample.bytes = value.bytes;
      sample.from = 0;
      sample.to = value.bytes.length;
    }
    return true;
  }
}

function sizeOf(value: Value | undefined): number {
  return value === undefined ? 0 : overhead + (value.bytes?.length ?? 0);
}

/** The variables of the process, as this thread has them. */
export const processVariables = new Variables("proc");
