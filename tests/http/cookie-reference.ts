/** A second reading of Cookie and Set-Cookie fields, to hold the real one against. */

/**
 * A field value with each of its elements changed. A quote counts behind the first "=" of its
 * element, and hides delimiters up to the next.
 */
export function mapElements(
  text: string,
  delimiters: string,
  change: (element: string) => string,
): string {
  let changed = "";
  let element = "";
  for (let i = 0, quoted = false; i < text.length; i++) {
    const c = text[i]!;
    if (!quoted && delimiters.includes(c)) {
      changed += change(element) + c;
      element = "";
      continue;
    }
    if (c === '"' && element.includes("=")) quoted = !quoted;
    element += c;
    if (quoted && c === "\\") element += text[++i] ?? "";
  }
  return changed + change(element);
}

/** A field value's elements, without the white space around them. */
export function elementsOf(text: string, delimiters: string): string[] {
  const elements: string[] = [];
  mapElements(text, delimiters, (element) => {
    elements.push(element.replace(/^[ \t]+|[ \t]+$/g, ""));
    return "";
  });
  return elements;
}
