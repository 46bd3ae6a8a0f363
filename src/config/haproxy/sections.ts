/** The lines that open a section, and names between sections (manual, chapter 4). */
import type { Place, Report } from "../diagnostic.ts";
import { looksLikeAddress } from "../keywords/addresses.ts";
import { bindOptions, bindsAt } from "../keywords/bind.ts";
import { type Bind, legalName, type Proxy } from "../model.ts";
import type { Places } from "../places.ts";
import { kindsByKeyword } from "../sections.ts";
import { type Arguments, attempt, Mistake } from "./arguments.ts";
import { openSection, type Section } from "./section.ts";

const proxyKeywords = ["defaults", "listen", "frontend", "backend"] as const;
type ProxyKeyword = (typeof proxyKeywords)[number];

/** Whether a word opens a section of proxies. */
export function isProxyKeyword(word: string): word is ProxyKeyword {
  return proxyKeywords.some((each) => each === word);
}

/** The words that open the sections there are. */
export const sectionKeywords: readonly string[] = [
  "global",
  ...proxyKeywords,
  ...kindsByKeyword.keys(),
];

/** The sections read so far. */
export interface Sections {
  /** Opens a section by its first line, whose keyword was taken. Errors are reported. */
  open(keyword: ProxyKeyword, args: Arguments): Section;
  /** Called after the last section: returns the proxies, in their order. */
  end(): Proxy[];
}

/** A `defaults` section and how proxies came to use it. */
interface Defaults {
  readonly name: string;
  readonly section: Section;
  namedBy?: Place;
  impliedBy?: Place;
}

/** What a section's first line says. */
interface FirstLine {
  name: string;
  place: Place;
  binds: Bind[];
  /** The addresses are those that the section is named by. */
  impliedBind: boolean;
  /** Why the name is not an address, if it looks like one. */
  mistake?: Mistake;
  from?: Defaults;
}

/** The first lines of sections of proxies. */
const proxyUsages: Readonly<Record<ProxyKeyword, string>> = {
  defaults: "defaults [<name>] [from <defaults>]",
  listen: "listen [<name>] [<address>:<port>[,...]] [from <defaults>]",
  frontend: "frontend <name> [<address>:<port>[,...]] [from <defaults>]",
  backend: "backend <name> [from <defaults>]",
};

/** The first lines of sections, by the words that open them. */
export const sectionUsages: ReadonlyMap<string, string> = new Map([
  ["global", "global"],
  ...Object.entries(proxyUsages),
  ...[...kindsByKeyword].map(([word, [, { usage }]]) => [word, `${word} ${usage}`.trim()] as const),
]);

/** No sections yet. */
export function createSections(report: Report, places: Places): Sections {
  /** Each proxy, and what is wrong if it does not listen. */
  const proxies = new Map<Proxy, Mistake | undefined>();
  const defaults = new Map<string, Defaults[]>();
  let last: Defaults | undefined;

  /** The `defaults` section that is named after `from`. */
  const named = (args: Arguments): Defaults => {
    const name = args.word("the name of a 'defaults' section").text;
    const [found, second] = defaults.get(name) ?? [];
    if (found === undefined) {
      throw args.mistake(
        `there is no 'defaults ${name}' above`,
        report.suggestion(name, defaults.keys()),
      );
    }
    if (second !== undefined) {
      const lines = `lines ${found.section.place.line} and ${second.section.place.line}`;
      throw args.mistake(`there is more than one 'defaults ${name}'`, lines);
    }
    if (!legalName.test(name)) throw args.mistake(`'${name}' is not a name that 'from' can take`);
    found.namedBy ??= args.here();
    warnOfMixedUse(found);
    return found;
  };

  /** HAProxy advises against a section that some name and others take because it is the last. */
  const warnOfMixedUse = ({ name, namedBy, impliedBy }: Defaults) => {
    if (namedBy === undefined || impliedBy === undefined) return;
    const message = `'defaults ${name}' is named by some proxies and used unnamed by others`;
    const hint = "name it always with 'from', or end with a 'defaults' that is never named";
    report.warning(impliedBy, message, hint);
  };

  /** A name that is almost an address is only a name if 'bind' lines follow. */
  const readImpliedBinds = (line: FirstLine, args: Arguments) => {
    try {
      line.binds = bindsAt(args, line.name);
    } catch (error) {
      if (!(error instanceof Mistake) || !legalName.test(line.name)) throw error;
      line.mistake = error;
    }
  };

  /** A listener that is more than its address takes a line of its own. */
  const refuseParameter = (addresses: string, args: Arguments) => {
    const parameter = args.peek()?.text ?? "";
    if (!looksLikeAddress(addresses) || !bindOptions.keywords.has(parameter)) return;
    args.next();
    const message = `'${parameter}' is a parameter of 'bind', and cannot stand here`;
    throw args.mistake(message, `in a line of its own: bind ${addresses} ${parameter}`);
  };

  /** What a section's first line says, after its keyword. */
  const readFirstLine = (line: FirstLine, keyword: Section["keyword"], args: Arguments) => {
    if (keyword !== "defaults") {
      line.name = args.word(keyword === "listen" ? "a name or an address" : "a name").text;
      line.place = args.here();
      if (keyword === "listen" && looksLikeAddress(line.name)) {
        line.impliedBind = true;
        readImpliedBinds(line, args);
      } else if (!legalName.test(line.name)) {
        const { name } = line;
        line.name = "";
        throw args.mistake(`'${name}' is not a name`, "letters, digits, '-', '_', '.', ':'");
      }
    } else if (args.peek() !== undefined && args.peek()?.text !== "from") {
      line.name = args.next()?.text ?? "";
    }
    refuseParameter(line.name, args);
    const next = args.peek()?.text;
    if ((keyword === "listen" || keyword === "frontend") && next !== undefined && next !== "from") {
      const addresses = args.address("an address to listen on");
      if (line.impliedBind) {
        throw args.mistake("there is an address already", `'${line.name}' is not a name`);
      }
      line.binds = bindsAt(args, addresses);
      refuseParameter(addresses, args);
    }
    if (args.peek()?.text === "from") {
      args.next();
      line.from = named(args);
    }
    args.end();
  };

  const implied = (keyword: Section["keyword"], place: Place): Defaults | undefined => {
    if (keyword === "defaults" || last === undefined) return undefined;
    last.impliedBy ??= place;
    warnOfMixedUse(last);
    return last;
  };

  return {
    open(keyword, args) {
      args.usage = proxyUsages[keyword];
      const place = args.here();
      // Where the line is wrong, the section is read nonetheless, for the errors in it.
      const line: FirstLine = { name: "", place, binds: [], impliedBind: false };
      attempt(report, () => readFirstLine(line, keyword, args));
      const from = line.from ?? implied(keyword, place);
      const section = openSection(keyword, line.name, line.place, from?.section, places);
      section.impliedBind = line.impliedBind;
      for (const bind of line.binds) {
        section.proxy.bind.push(bind);
        places.mark(section.proxy, "bind", places.place(bind));
      }
      if (keyword === "defaults") {
        last = { name: line.name, section };
        defaults.set(line.name, [...(defaults.get(line.name) ?? []).slice(0, 1), last]);
      } else if (line.name !== "") proxies.set(section.proxy, line.mistake);
      return section;
    },
    end() {
      return [...proxies].flatMap(([proxy, mistake]) => {
        if (mistake === undefined || proxy.bind.length > 0) return proxy;
        report.error(mistake.place, mistake.message, mistake.hint);
        return [];
      });
    },
  };
}
