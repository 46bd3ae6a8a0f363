/** The first message of a client of the Remote Desktop Protocol ([MS-RDPBCGR], 2.2.1.1). */
import { bytesOf, CR, EQUALS, isWord, LF, SP } from "../bytes/bytes.ts";

const cookieWord = bytesOf("cookie:");
/** What stands before the cookie: a TPKT header and that of an X.224 connection request. */
const headerLength = 11;

/**
 * Where the value of a cookie of the Remote Desktop Protocol is in the beginning of a stream.
 * @param name in lower case; null: any will do
 * @returns null: it is not there, or not whole
 */
export function rdpCookie(
  name: Uint8Array | null,
  content: Uint8Array,
  from: number,
  to: number,
): { readonly from: number; readonly to: number } | null {
  let at = from + headerLength;
  if (!isWord(content, at, Math.min(to, at + cookieWord.length), cookieWord)) return null;
  at += cookieWord.length;
  while (at < to && content[at] === SP) at++;
  const end = name === null ? content.indexOf(EQUALS, at) : at + name.length;
  if (end < at || end >= to || content[end] !== EQUALS) return null;
  if (name !== null && !isWord(content, at, end, name)) return null;
  const stop = content.indexOf(CR, end + 1);
  if (stop < 0 || stop + 1 >= to || content[stop + 1] !== LF || stop === end + 1) return null;
  return { from: end + 1, to: stop };
}
