/** The words of a system error, such as "permission denied", without its code and call. */
export function reasonOf(error: unknown): string {
  const { message } = error as Error;
  const reason = /^E[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message;
  // Deno's own: "Permission denied (os error 13)".
  const words = reason.replace(/ \(os error \d+\).*/s, "");
  return words === reason ? reason : words.charAt(0).toLowerCase() + words.slice(1);
}
