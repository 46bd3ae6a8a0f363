/**
 * What a keyword is. A setting of the model is declared once, with its value, its default, the
 * keywords that set it, a chapter of the manual and a line of documentation; parser, `no` form,
 * model, JSON Schema, printer, checks and help derive from that.
 */
import * as v from "valibot";
import type { Capabilities } from "../../net/socket.ts";
import type { Arguments } from "../haproxy/arguments.ts";

/** The half of a proxy that a keyword is for: the client's, the servers', or both. */
export type Side = "frontend" | "backend" | "both";

/** What all keywords say of themselves. */
export interface About {
  /** One line: what it does. */
  readonly doc: string;
  /** The chapter of HAProxy's configuration manual (version 2.6) that describes it. */
  readonly chapter: string;
  /** In sections of proxies: the half that it is for; in one of the other half it is ignored. */
  readonly side?: Side;
  /** False: a `defaults` section cannot have it, and proxies do not take it over from one. */
  readonly defaults?: false;
  /** In a section of the other half: an error, not only ignored. */
  readonly strict?: true;
}

/** A keyword as the parser and the help use it, and what it does to a T. */
export interface Keyword<T> extends About {
  /** As written: "balance", or of two words: "option httplog". */
  readonly name: string;
  /** What follows it; "" if nothing. */
  readonly usage: string;
  /** What could follow it. */
  readonly example: string;
  /** The property of the model that it sets, and its default; without, it sets none, or several. */
  readonly property?: { readonly name: string; readonly unset: unknown };
  /** Reads what follows it into the target. May throw a {@linkcode Mistake}. */
  readonly read: (target: T, args: Arguments) => void;
  /** What "no" before it does, where that is allowed. */
  readonly undo?: (target: T, args: Arguments) => void;
}

/** A kind of value: what the model holds, and how HAProxy's language writes it. */
export interface Value<S extends v.GenericSchema> {
  readonly schema: S;
  readonly usage: string;
  readonly example: string;
  read(args: Arguments): v.InferOutput<S>;
  print(value: v.InferOutput<S>): string[];
}

/** One way to write a setting. */
export interface Form<T> {
  readonly name: string;
  readonly usage: string;
  readonly example: string;
  /** If it differs from the setting's. */
  readonly doc?: string;
  /**
   * Reads what follows the keyword.
   * @param before the value so far
   * @param mark notes that the value comes from the word last taken
   * @returns the new value
   */
  read(args: Arguments, before: T, mark: () => void): T;
  /** The value after "no" and the keyword. */
  undo?(before: T): T;
}

/** A property of the model and the keywords that set it. */
export interface Setting<S extends v.GenericSchema = v.GenericSchema> extends About {
  /** With the default and the documentation. */
  readonly schema: S;
  readonly forms: readonly Form<v.InferOutput<S>>[];
  /** The statements, or parameters, that set this value; none if it is the default. */
  print(value: v.InferOutput<S>): readonly (readonly string[])[];
  /** The first one counts if it is given twice. */
  readonly once?: true;
  /** In `mode tcp` it is ignored. */
  readonly http?: true;
  /** What the network must be able to do for this value. */
  needs?(value: v.InferOutput<S>): keyof Capabilities | null;
}

/** Settings by the names of their properties, in the order in which they are printed. */
export type Settings = Readonly<Record<string, Setting>>;

/** The schemas of settings, as the entries of an object's. */
export type Entries<F extends Settings> = {
  -readonly [K in keyof F]: F[K] extends Setting<infer S> ? S : never;
};

/** {@linkcode Entries} */
export function entriesOf<F extends Settings>(settings: F): Entries<F> {
  const entries = Object.entries(settings).map(([key, { schema }]) => [key, schema]);
  return Object.fromEntries(entries) as Entries<F>;
}

/** What a declaration adds to a value. */
export type Declaration<T> = About & Pick<Setting, "once" | "http"> & {
  readonly needs?: (value: T) => keyof Capabilities | null;
};

/** A setting written by one keyword, with a default. */
export function setting<S extends v.GenericSchema>(
  name: string,
  value: Value<S>,
  unset: v.InferInput<S> & v.InferOutput<S>,
  declaration: Declaration<v.InferOutput<S>>,
) {
  const print = (now: v.InferOutput<S>) => now === unset ? [] : [[name, ...value.print(now)]];
  const schema = v.optional(value.schema, unset as v.InferInput<S>);
  return define({ schema, forms: [formOf(name, value)], print, ...declaration });
}

/** A setting written by one keyword, that is null where it is not given. */
export function nullable<S extends v.GenericSchema>(
  name: string,
  value: Value<S>,
  declaration: Declaration<v.InferOutput<S> | null>,
  /** Other keywords that set it. */
  others: readonly Form<v.InferOutput<S> | null>[] = [],
) {
  const schema = v.optional(v.nullable(value.schema), null);
  const print = (now: v.InferOutput<S> | null) =>
    now === null ? [] : [[name, ...value.print(now as v.InferOutput<S>)]];
  return define({ schema, forms: [formOf(name, value), ...others], print, ...declaration });
}

/** A setting of the last kind for which 0 is as good as not given. */
export function zeroable(
  name: string,
  value: Value<v.GenericSchema<number>>,
  declaration: Declaration<number | null>,
  others: readonly Form<number | null>[] = [],
) {
  const made = nullable(name, value, declaration, others);
  const forms = made.forms.map((form) => ({
    ...form,
    read: (args: Arguments, before: number | null, mark: () => void) =>
      form.read(args, before, mark) || null,
  }));
  return { ...made, forms };
}

/** A setting that a word turns on. `off`: another word that turns it off; `no`: "no" does. */
export function flag(
  name: string,
  declaration: Declaration<boolean> & { readonly off?: string; readonly no?: true },
) {
  const { off, no, ...rest } = declaration;
  const on = word<boolean>(name, true);
  const forms = [
    no === undefined ? on : { ...on, undo: () => false },
    ...(off === undefined ? [] : [{ ...word(off, false), doc: `Takes '${name}' back.` }]),
  ];
  const print = (value: boolean) => value ? [[name]] : [];
  return define({ schema: v.optional(v.boolean(), false), forms, print, ...rest });
}

/** A word that sets a value, without arguments. */
export function word<T>(name: string, value: T, doc?: string): Form<T> {
  const read: Form<T>["read"] = (_args, _before, mark) => {
    mark();
    return value;
  };
  const form = { name, usage: "", example: "", read };
  return doc === undefined ? form : { ...form, doc };
}

/** A keyword that one value follows. */
export function formOf<S extends v.GenericSchema>(
  name: string,
  { usage, example, read }: Value<S>,
): Form<v.InferOutput<S>> {
  return {
    name,
    usage,
    example,
    read(args, _before, mark) {
      const value = read(args);
      mark();
      return value;
    },
  };
}

/** A setting as it is, its documentation put into the schema. */
export function define<S extends v.GenericSchema>(declared: Setting<S>) {
  return { ...declared, schema: v.pipe(declared.schema, v.description(declared.doc)) };
}

/** The keywords that set the properties of an object; `path` leads to it, for the help. */
export function keywordsOf(settings: Settings, path: string): Keyword<Record<string, unknown>>[] {
  return Object.entries(settings).flatMap(([key, setting]) =>
    setting.forms.map((form) => keywordOf(key, setting, form, path))
  );
}

function keywordOf(
  key: string,
  { schema, once, doc, chapter, side, defaults, strict }: Setting,
  form: Form<unknown>,
  path: string,
): Keyword<Record<string, unknown>> {
  const unset = v.getDefault(schema);
  const { undo } = form;
  return {
    name: form.name,
    usage: form.usage,
    example: form.example,
    doc: form.doc ?? doc,
    chapter,
    ...(side === undefined ? {} : { side }),
    ...(defaults === undefined ? {} : { defaults }),
    ...(strict === undefined ? {} : { strict }),
    property: { name: path + key, unset },
    read(target, args) {
      const before = target[key];
      if (once === undefined || before === unset) {
        target[key] = form.read(args, before, () => args.mark(target, key));
      } else {
        const here = args.here();
        form.read(args, before, () => {});
        args.report.warning(here, `'${form.name}' was given before; the first one counts`);
      }
    },
    ...(undo === undefined ? {} : {
      undo(target, args) {
        target[key] = undo(target[key]);
        args.mark(target, key);
      },
    }),
  };
}

/** The statements, or parameters, that set an object's properties; defaults are left out. */
export function printSettings(
  settings: Settings,
  values: Readonly<Record<string, unknown>>,
): (readonly string[])[] {
  return Object.entries(settings).flatMap(([key, setting]) => setting.print(values[key]));
}
