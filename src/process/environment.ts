/** Variables of the runtime under the program, which compile.sh cannot take out of it. */
import { readFileSync } from "node:fs";
import process from "node:process";

/** Options of the JavaScript engine: they write files and change how it works, but run no code. */
const engineOptions = /^(BUN_)?JSC_/;

/**
 * Why the program must not go on in this environment; null: it may. A user that starts a binary that
 * has capabilities by its file does not choose how it works with them, as ld.so(8) sees it, too.
 * @param status what /proc/self/status holds (proc(5)); empty where there is no /proc
 */
export function whyUnsafe(
  env: Readonly<Record<string, string | undefined>>,
  status: string,
): string | null {
  const name = Object.keys(env).find((each) => engineOptions.test(each));
  if (name === undefined) return null;
  const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1];
  const permitted = /^CapPrm:\s+([0-9a-f]+)/m.exec(status)?.[1] ?? "0";
  if (uid === "0" || /^0+$/.test(permitted)) return null;
  return `the environment sets ${name}, and this process has capabilities: unset it`;
}

/** {@linkcode whyUnsafe} of this process. */
export function whyEnvironmentUnsafe(): string | null {
  let status = "";
  try {
    status = readFileSync("/proc/self/status", "latin1");
  } catch {
    // There is no /proc.
  }
  return whyUnsafe(process.env, status);
}
