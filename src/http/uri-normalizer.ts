/** Ways to write a request target anew (RFC 3986, section 6.2.2; manual: "normalize-uri"). */

/** The target, one character a byte, as it is normalized; null: it is broken. */
export type Normalizer = (target: string) => string | null;

/** Where path and query begin and end in a target. */
function parts(target: string): { before: string; path: string; query: string } {
  const start = target.startsWith("/") || target === "*" ? 0 : pathOf(target);
  const rest = target.slice(start);
  const end = rest.search(/[?#]/);
  const at = end < 0 ? rest.length : end;
  return { before: target.slice(0, start), path: rest.slice(0, at), query: rest.slice(at) };
}

function pathOf(target: string): number {
  const authority = target.indexOf("://");
  const slash = target.indexOf("/", authority < 0 ? 0 : authority + 3);
  return slash < 0 ? target.length : slash;
}

const ofPath = (change: (path: string) => string): Normalizer => (target) => {
  const { before, path, query } = parts(target);
  return before + change(path) + query;
};

/** Of each "%" followed by what `change` makes of two digits; null: of a broken one, where strict. */
const ofEscapes = (strict: boolean, change: (digits: string) => string): Normalizer => (target) => {
  let text = "";
  for (let i = 0; i < target.length; i++) {
    const digits = target.slice(i + 1, i + 3);
    if (target[i] !== "%") text += target[i];
    else if (/^[0-9A-Fa-f]{2}$/.test(digits)) {
      text += change(digits);
      i += 2;
    } else if (strict) return null;
    else text += "%";
  }
  return text;
};

const decodeUnreserved = (digits: string): string => {
  const character = String.fromCharCode(parseInt(digits, 16));
  return /[A-Za-z0-9._~-]/.test(character) ? character : `%${digits}`;
};

/** Segments "." go; one at the end leaves its slash. */
const stripDot = (path: string): string => {
  let text = path.replace(/\/\.(?=\/)/g, "");
  if (text.endsWith("/.")) text = text.slice(0, -1);
  return text;
};

/** Each segment ".." takes the one before it along. @param full also at the beginning */
function stripDotdot(path: string, full: boolean): string {
  if (!path.startsWith("/")) return path;
  const segments = path.slice(1).split("/");
  const kept: string[] = [];
  segments.forEach((segment, i) => {
    const isLast = i === segments.length - 1;
    if (segment !== "..") {
      kept.push(segment);
      return;
    }
    if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!full) kept.push("..");
    if (isLast) kept.push("");
  });
  return `/${kept.join("/")}`;
}

/** Parameters by their names, the shorter first; those of one name stay as they are. */
const sortQuery: Normalizer = (target) => {
  const { before, path, query } = parts(target);
  if (!query.startsWith("?")) return target;
  const end = query.indexOf("#");
  const whole = end < 0 ? query.slice(1) : query.slice(1, end);
  const name = (parameter: string) => parameter.split("=")[0]!;
  const compare = (a: string, b: string) => name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0;
  const sorted = whole.split("&").toSorted(compare).join("&");
  return `${before}${path}?${sorted}${end < 0 ? "" : query.slice(end)}`;
};

const fragment = (replacement: (rest: string) => string): Normalizer => (target) => {
  const at = target.indexOf("#");
  return at < 0 ? target : target.slice(0, at) + replacement(target.slice(at));
};

/** What a normalizer is called, the option that it has, and how it is made. */
export const normalizers: Readonly<
  Record<string, { readonly option?: string; readonly create: (option: boolean) => Normalizer }>
> = {
  "fragment-encode": { create: () => fragment((rest) => rest.replaceAll("#", "%23")) },
  "fragment-strip": { create: () => fragment(() => "") },
  "path-merge-slashes": { create: () => ofPath((path) => path.replace(/\/{2,}/g, "/")) },
  "path-strip-dot": { create: () => ofPath(stripDot) },
  "path-strip-dotdot": {
    option: "full",
    create: (full) => ofPath((path) => stripDotdot(path, full)),
  },
  "percent-decode-unreserved": {
    option: "strict",
    create: (strict) => ofEscapes(strict, decodeUnreserved),
  },
  "percent-to-uppercase": {
    option: "strict",
    create: (strict) => ofEscapes(strict, (digits) => `%${digits.toUpperCase()}`),
  },
  "query-sort-by-name": { create: () => sortQuery },
};
