/**
 * Regular expressions on whole lines of a message, as HAProxy had them up to 2.0 ("reqrep", "rspdel"),
 * taken apart: what of them is about the request line, about one field, or about any line.
 */

/** What a regular expression of that kind looks at; the rest of it is `regex`. */
export type LinePattern =
  /** The request line: its method (a regular expression; null: any), and its target. */
  | { readonly kind: "request"; readonly method: string | null; readonly regex: string }
  /** A field: its name as it is, and its value. */
  | { readonly kind: "field"; readonly name: string; readonly regex: string }
  /** The names of fields: a regular expression. */
  | { readonly kind: "names"; readonly regex: string }
  /** The status line: the status. */
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "any"; readonly regex: string };

const method = String
  .raw`\[\^ :\]\*|\[\^ \]\*|\[\^:\]\*|\[\^: \]\*|\.\*|\[A-Z\]\+|\[A-Z\]\*|\\w\+|\\S\+|[A-Z]{3,}(?:\|[A-Z]{3,})*`;
const requestLine = new RegExp(
  String.raw`^\^(?:\((${method})\)|(${method}))(?: |\\ |\\s|\[ \])(.*)$`,
);
const requestInside = new RegExp(String.raw`^\^\((?:${method})(?: |\\ )([^)].*)$`);
/** What may stand between a name's colon and the value. */
const gap = String.raw`(?: \*| \+|\[ \\t\]\*|\[ \]\*|\[ \]\+|\[\[:space:\]\]\*|\\s\*|\\s\+| )?`;
const field = new RegExp(String.raw`^\^?(\()?([A-Za-z0-9_-]+)(?:\\?:)(\))?${gap}(.*)$`);
const bareField = /^\^?([A-Za-z0-9_-]+)$/;
const names = /^\^([A-Za-z0-9_.*+?[\]\\|()^-]+):(?:\.\*)?\$?$/;
const statusLine = /^\^HTTP\/(?:1\\?\.[\d.x[\]*]+|\S+?) (\d{3})(?:[ .].*)?$/;
const version = /(?: |\\ |\\s|\[ \])\(?HTTP\/.*$/;

/** How many groups stand before what is left of the expression. */
export interface Taken {
  readonly pattern: LinePattern;
  readonly groups: number;
  /** The first group holds the name or the method, and something behind it. */
  readonly inside?: true;
}

/** Takes a regular expression on lines apart. @param response it is about responses */
export function takeLine(text: string, response: boolean): Taken {
  if (!response) {
    const inside = requestInside.exec(text);
    if (inside !== null) {
      const regex = `(${inside[1]!}`.replace(version, "");
      return { pattern: { kind: "request", method: null, regex }, groups: 0, inside: true };
    }
    const request = requestLine.exec(text);
    if (request !== null && !/^\^?\(?[A-Za-z-]+:/.test(text)) {
      const [, grouped, bare, rest = ""] = request;
      const verb = grouped ?? bare!;
      return {
        pattern: {
          kind: "request",
          method: /^[A-Z|]+$/.test(verb) ? verb : null,
          regex: rest.replace(version, ""),
        },
        groups: grouped === undefined ? 0 : 1,
      };
    }
  } else {
    const status = statusLine.exec(text);
    if (status !== null) {
      return { pattern: { kind: "status", status: Number(status[1]) }, groups: 0 };
    }
  }
  const one = field.exec(text);
  if (one !== null && (one[1] === undefined) === (one[3] === undefined)) {
    return {
      pattern: { kind: "field", name: one[2]!, regex: one[4]! },
      groups: one[1] === undefined ? 0 : 1,
    };
  }
  if (one?.[1] !== undefined) {
    const pattern = { kind: "field", name: one[2]!, regex: `(${one[4]!}` } as const;
    return { pattern, groups: 0, inside: true };
  }
  const several = names.exec(text);
  if (several !== null) return { pattern: { kind: "names", regex: `^${several[1]!}$` }, groups: 0 };
  const bare = bareField.exec(text);
  if (bare !== null && text.startsWith("^")) {
    return { pattern: { kind: "names", regex: `^${bare[1]!}` }, groups: 0 };
  }
  return { pattern: { kind: "any", regex: text }, groups: 0 };
}

/** Numbers of groups in a replacement, less those that have gone; null: one of them is asked for. */
export function withoutGroups(text: string, groups: number): string | null {
  if (groups === 0) return text;
  let missing = false;
  const changed = text.replace(/\\(\d)/g, (_, digit: string) => {
    const number = Number(digit) - groups;
    if (digit !== "0" && number < 1) missing = true;
    return digit === "0" ? "\\0" : `\\${number}`;
  });
  return missing ? null : changed;
}

/** A regular expression that begins where the value does. */
export const anchored = (regex: string): string =>
  regex.startsWith("^") || regex.startsWith(".*") ? regex : `^${regex}`;

/** Text as a format string has it. */
export const literally = (text: string): string => text.replaceAll("%", "%%");

const versionAtEnd = /(?: \(?HTTP\/| \\\d$).*$/;

/** The new request target of a replaced request line; null: it cannot be told. */
export function newTarget(replacement: string, { groups, inside, pattern }: Taken): string | null {
  if (inside) return replacement.startsWith("\\1") ? replacement.replace(versionAtEnd, "") : null;
  const verb = pattern.kind === "request" ? pattern.method : null;
  const first = /^(\\1|[A-Z]+) (.*)$/.exec(replacement);
  if (first === null || (first[1] === "\\1") !== (groups === 1)) return null;
  if (groups === 0 && first[1] !== verb) return null;
  return withoutGroups(first[2]!.replace(versionAtEnd, ""), groups);
}

/** The new value of a replaced field; null: it gets another name. */
export function newValue(
  replacement: string,
  { groups, inside }: Taken,
  name: string,
): string | null {
  if (inside) return replacement.startsWith("\\1") ? replacement : null;
  const start = groups === 1 ? /^\\1 ?/ : /^([A-Za-z0-9_-]+): ?/;
  const found = start.exec(replacement);
  if (found === null) return null;
  if (groups === 0 && found[1]!.toLowerCase() !== name.toLowerCase()) return null;
  return withoutGroups(replacement.slice(found[0].length), groups);
}
