/** HTML that is safe from what is put into it: names, addresses, words of servers. */

/** HTML as it is. */
export class Html {
  constructor(readonly text: string) {}
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities[char]!);
}

type Part = Html | string | number | null | undefined | false | readonly Part[];

function partText(part: Part): string {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(partText).join("");
  if (part === null || part === undefined || part === false) return "";
  return escape(String(part));
}

/** A template whose values are escaped, except {@linkcode Html}. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(
    strings.map((text, i) => text + (i < parts.length ? partText(parts[i]) : "")).join(""),
  );
}
