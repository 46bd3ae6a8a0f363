/**
 * What a section is that has a name and is no proxy ("resolvers", "userlist"): one declaration, from
 * which derive its place in the model (an array, of which each such section is an item), its JSON
 * Schema, the parser, the printer and the help. The table of them all is ../sections.ts.
 */
import * as v from "valibot";
import type { Report } from "../diagnostic.ts";
import { type Arguments, attempt } from "../haproxy/arguments.ts";
import { type KeywordTable, table } from "../haproxy/table.ts";
import type { Locator } from "../places.ts";
import type { Foreign } from "./foreign.ts";
import {
  type About,
  entriesOf,
  type Keyword,
  keywordsOf,
  printSettings,
  type Settings,
} from "./keyword.ts";
import { legalName } from "./values.ts";

/** A kind of section; M is what the model has of one, T what its keywords act on. */
export interface SectionKind<M = unknown, T = unknown> extends Pick<About, "doc" | "chapter"> {
  /** The word that opens it. */
  readonly keyword: string;
  /** What follows that word. */
  readonly usage: string;
  /** What could follow it. */
  readonly example: string;
  /** Of one section, in the model. */
  readonly schema: v.GenericSchema<unknown, M>;
  readonly keywords: KeywordTable<Keyword<T>>;
  /** A section of which nothing has been read. */
  create(): T;
  /** What the model has of it. */
  modelOf(section: T): M;
  /**
   * Reads what follows the word that opens it.
   * @param others the sections of this kind before it
   * @returns false: nothing of it counts; its lines are read for the errors in them
   * @throws {Mistake} likewise
   */
  open(section: T, args: Arguments, others: readonly M[]): boolean;
  /** Its statements; the first one opens it. */
  print(section: M): readonly (readonly string[])[];
  /** Checks one when all files are read, whatever their language. */
  check?(section: M, locator: Locator, report: Report): void;
}

/** What a section says that has a name and settings. */
export interface NamedSection<F extends Settings, M extends { name: string }> {
  readonly keyword: string;
  readonly doc: string;
  readonly chapter: string;
  /** The property of the model, for the help: "resolvers". */
  readonly path: string;
  /** An object of a name and the settings: {@linkcode namedSchema}. */
  readonly schema: v.GenericSchema<unknown, M>;
  readonly settings: F;
  /** Keywords that no setting has for its own: they add to one, or set several. */
  readonly more?: readonly Keyword<M>[];
  /** What HAProxy has besides. */
  readonly foreign?: readonly string[] | Foreign;
  /** What another section of this name means; by default an error. */
  readonly again?: "error" | "ignored";
  readonly check?: (section: M, locator: Locator, report: Report) => void;
}

/** The schema of a section of that kind: its name, and its settings. */
export function namedSchema<F extends Settings>(settings: F) {
  const name = v.pipe(v.string(), v.minLength(1));
  return v.strictObject({ name, ...entriesOf(settings) });
}

/** A kind of section that is opened by its keyword and a name. */
export function namedSection<F extends Settings, M extends { name: string }>(
  { settings, path, more = [], foreign, again = "error", ...declared }: NamedSection<F, M>,
): SectionKind<M, M> {
  const { keyword, schema } = declared;
  const keywords = [
    ...keywordsOf(settings, `${path}[].`) as unknown as Keyword<M>[],
    ...more,
  ];
  return {
    ...declared,
    usage: "<name>",
    example: "main",
    keywords: table(keywords, foreign),
    // Parsed anew, for arrays and objects of its own.
    create: () => v.parse(schema, { name: "unnamed" }),
    modelOf: (section) => section,
    open(section, args, others) {
      const name = args.word("a name").text;
      if (!legalName.test(name)) {
        throw args.mistake(`'${name}' is not a name`, "letters, digits, '-', '_', '.', ':'");
      }
      const place = args.here();
      section.name = name;
      args.mark(section);
      args.mark(section, "name");
      args.end();
      const other = others.find((each) => each.name === name);
      if (other === undefined) return true;
      const { file, line } = args.places.place(other);
      const message = `there is another section '${keyword} ${name}'`;
      const where = `the other one: ${file}:${line}`;
      if (again === "ignored") args.report.warning(place, `${message}: this one is ignored`, where);
      else args.report.error(place, message, where);
      return false;
    },
    print: (section) => [
      [keyword, section.name],
      ...printSettings(settings, section as unknown as Readonly<Record<string, unknown>>),
    ],
  };
}

/** A section that is being read. */
export interface OpenSection {
  readonly kind: SectionKind;
  readonly section: unknown;
  readonly name: string;
}

/** Opens a section by its first line, whose keyword was taken; what counts goes to `others`. */
export function openKind(kind: SectionKind, args: Arguments, others: unknown[]): OpenSection {
  const section = kind.create();
  args.usage = `${kind.keyword} ${kind.usage}`.trimEnd();
  const name = args.peek()?.text ?? "";
  attempt(args.report, () => {
    if (kind.open(section, args, others)) others.push(kind.modelOf(section));
  });
  return { kind, section, name };
}
