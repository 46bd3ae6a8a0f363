/** A server that clients are sent to in place of being served through it (manual: "redir"). */
import { bytesOf } from "../../bytes/bytes.ts";
import type { RuleReply } from "../../rules/stream.ts";

/**
 * The redirect of a GET or HEAD, whose path follows the prefix.
 * @param head of the request, one character a byte
 * @returns null: another request, which the server serves
 */
export function serverRedirect(prefix: string, head: string): RuleReply | null {
  const [, target] = /^(?:GET|HEAD) (\S+)/.exec(head) ?? [];
  const path = target === undefined ? null : /^(?:[^/]*:\/\/[^/]*)?(\/.*)$/.exec(target)?.[1];
  if (path === null || path === undefined) return null;
  const whole = bytesOf(
    "HTTP/1.1 302 Found\r\ncache-control: no-cache\r\ncontent-length: 0\r\n" +
      `location: ${prefix}${path}\r\n\r\n`,
  );
  return { status: 302, whole, head: whole };
}
