/** Words that a keyword does not read. */
import type { Arguments } from "../haproxy/arguments.ts";

/** What still follows is ignored with a warning: HAProxy says nothing of it. */
export function ignoreRest(args: Arguments): void {
  const extra = args.next();
  if (extra === undefined) return;
  const hint = `usage: ${args.usage}`;
  args.report.warning(args.here(), `'${extra.text}', and what follows it, is ignored`, hint);
  while (args.next() !== undefined);
}
