/** Colour where somebody looks at it; plain text where a program reads. */

/** Wraps text in the escape sequences of a colour, or in none. */
export interface Paint {
  /** Whether it does anything. */
  readonly colour: boolean;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/**
 * The paint for an output.
 * @param terminal whether it is a terminal
 * @param env the environment: NO_COLOR, if set to anything, and TERM=dumb ask for plain text
 */
export function paintFor(
  terminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const colour = terminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  const sgr = (on: number, off: number) => (text: string) =>
    colour && text !== "" ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    colour,
    bold: sgr(1, 22),
    dim: sgr(2, 22),
    red: sgr(31, 39),
    green: sgr(32, 39),
    yellow: sgr(33, 39),
    cyan: sgr(36, 39),
  };
}

/** No colour at all. */
export const plain: Paint = paintFor(false, {});
