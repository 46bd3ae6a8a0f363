/** A file's first comment line; those without a letter, which only draw a frame, do not count. */
export function titleOf(text: string): string {
  return /^[ \t]*#+[ \t]*([^\n]*\p{L}[^\n]*?)[ \t\r]*$/mu.exec(text)?.[1] ?? "";
}
