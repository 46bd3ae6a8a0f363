/** How many tests a run had, and how they ended. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** The tests of both. */
export function add(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** "12 passed, 0 failed", and ", 1 skipped" where some were. */
export function summary({ passed, failed, skipped }: Counts): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}

/** Reads the summary line of `deno test`; undefined where the run ended without one. */
export function countsOfDeno(output: string): Counts | undefined {
  const line = [...plain(output).matchAll(/^(?:ok|FAILED) \| \d+ passed .*$/gm)].at(-1)?.[0];
  if (line === undefined) return undefined;
  const count = (word: string) => Number(new RegExp(`\\| (\\d+) ${word}\\b`).exec(line)?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
}

/** Reads the summary lines of `bun test`; undefined where the run ended without them. */
export function countsOfBun(output: string): Counts | undefined {
  const block = [...plain(output).matchAll(/^((?: *\d+ .+\n)+)Ran \d+ tests? across /gm)].at(-1);
  const lines = block?.[1];
  if (lines === undefined) return undefined;
  const count = (word: string) =>
    Number(new RegExp(`^ *(\\d+) ${word}$`, "m").exec(lines)?.[1] ?? 0);
  return { passed: count("pass"), failed: count("fail"), skipped: count("skip") + count("todo") };
}

/** The tests that either runner says it left out. (Bun names them twice, the second time last.) */
export function skippedTests(output: string): string[] {
  const lines = plain(output).matchAll(/^(?:\(skip\) (.+)|(.+) \.\.\. ignored \(.*\))$/gm);
  return [...new Set([...lines].map(([, ofBun, ofDeno]) => ofBun ?? ofDeno ?? ""))];
}

function plain(output: string): string {
  // deno-lint-ignore no-control-regex -- ESC is what marks the colours
  return output.replace(/\x1b\[[\d;]*m/g, "").replaceAll("\r\n", "\n");
}
