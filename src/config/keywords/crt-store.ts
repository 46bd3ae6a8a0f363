/** Certificates and what belongs to them: the section `crt-store` (HAProxy 3.x, chapter 3.11). */
import * as v from "valibot";
import { choice } from "../haproxy/arguments.ts";
import { define, entriesOf, type Keyword, nullable, printSettings } from "./keyword.ts";
import { namedSection, type SectionKind } from "./section.ts";
import { text } from "./values.ts";

const chapter = "3.11";

/** What may follow `load`, and the property that has it. */
const parameters = {
  crt: "crt",
  key: "key",
  ocsp: "ocsp",
  issuer: "issuer",
  sctl: "sctl",
  alias: "alias",
  acme: "acme",
  domains: "domains",
  "ocsp-update": "ocspUpdate",
} as const;

const optional = v.optional(v.nullable(v.string()), null);

/** A certificate of it. */
const StoreLoad = v.strictObject({
  crt: v.string(),
  key: optional,
  ocsp: optional,
  issuer: optional,
  sctl: optional,
  alias: optional,
  acme: optional,
  domains: optional,
  ocspUpdate: optional,
});
/** {@linkcode StoreLoad} */
export type StoreLoad = v.InferOutput<typeof StoreLoad>;

const loadWords = (load: StoreLoad): string[] =>
  Object.entries(parameters).flatMap(([word, property]) => {
    const value = load[property];
    return value === null ? [] : [word, value];
  });

const crtStoreSettings = {
  crtBase: nullable("crt-base", text("a folder", "<folder>", "/etc/sluice/certs"), {
    doc: "Where the certificates of this store are; by default that of the process.",
    chapter,
  }),
  keyBase: nullable("key-base", text("a folder", "<folder>", "/etc/sluice/keys"), {
    doc: "Where the keys of this store are; by default that of the process.",
    chapter,
  }),
  loads: define({
    doc: "The certificates of this store.",
    chapter,
    schema: v.optional(v.array(StoreLoad), []),
    forms: [],
    print: (loads: readonly StoreLoad[]) => loads.map((load) => ["load", ...loadWords(load)]),
  }),
};

/** A section; its name is "" where it has none. */
export const CrtStore = v.strictObject({ name: v.string(), ...entriesOf(crtStoreSettings) });
/** {@linkcode CrtStore} */
export type CrtStore = v.InferOutput<typeof CrtStore>;

const load: Keyword<CrtStore> = {
  name: "load",
  usage: "crt <file> [<parameter> <value>]*",
  example: "crt site.pem key site.key alias site",
  doc: "Loads a certificate with what belongs to it.",
  chapter,
  property: { name: "crtStores[].loads", unset: [] },
  read(section, args) {
    const found: Record<string, string> = {};
    const place = args.here();
    const names = Object.keys(parameters) as (keyof typeof parameters)[];
    do {
      const word = choice(args, "a parameter", names);
      const { text } = args.word("a value");
      if (word === "ocsp-update" && text !== "on" && text !== "off") {
        throw args.mistake(`'${text}' is not on or off`);
      }
      found[parameters[word]] = text;
    } while (args.peek() !== undefined);
    const { crt, alias } = found;
    // With 'acme' it need not be there, but it has a name.
    if (crt === undefined) {
      throw args.mistake("'load' needs 'crt' and a file", `usage: ${args.usage}`);
    }
    const same = section.loads.find((other) =>
      other.crt === crt || alias !== undefined && other.alias === alias
    );
    if (same !== undefined) {
      throw args.mistake(`'${alias ?? crt}' is in this store already`);
    }
    const one = v.parse(StoreLoad, found);
    args.places.mark(one, undefined, place);
    section.loads.push(one);
  },
};

const named = namedSection({
  keyword: "crt-store",
  doc: "Certificates, and what belongs to them, for listeners that name them.",
  chapter,
  path: "crtStores",
  schema: CrtStore,
  settings: crtStoreSettings,
  more: [load],
});

/** The section; it may have no name. */
export const crtStoreSection: SectionKind<CrtStore, CrtStore> = {
  ...named,
  usage: "[<name>]",
  create: () => v.parse(CrtStore, { name: "" }),
  open(section, args, others) {
    if (args.peek() !== undefined) return named.open(section, args, others);
    args.mark(section);
    return true;
  },
  print: (section) => [
    ["crt-store", ...section.name === "" ? [] : [section.name]],
    ...printSettings(crtStoreSettings, section as unknown as Readonly<Record<string, unknown>>),
  ],
};
