/** Edits a response's head on its way from the server to the client. */
import { bytesOf } from "../../bytes/bytes.ts";
import { editResponseHop } from "../../http/h1/hop-by-hop.ts";
import type { HeadJournal } from "../../http/h1/journal.ts";
import {
  FIELD_CONTENT_LENGTH,
  FIELD_SET_COOKIE,
  FIELD_TRANSFER_ENCODING,
  fieldKind,
  type Head,
} from "../../http/head.ts";
import type { CookiePolicy } from "../../persist/policy.ts";
import {
  editSetCookie,
  mustInsert,
  type ResponseContext,
  serverCookieAction,
  serverSetsCookie,
  setCookieField,
} from "../../persist/response.ts";

const privateLine = bytesOf("Cache-Control: private\r\n");

/**
 * Notes what changes in a response's head, of an interim one too, apart from cookies.
 * @param close the client's connection ends with this response
 * @param minor the client's version is HTTP/1.minor
 */
export function editResponse(
  journal: HeadJournal,
  head: Head,
  bytes: Uint8Array,
  close: boolean,
  minor: number,
): void {
  if (head.framingIgnored || head.repeatedLength) {
    let lengths = 0;
    for (let i = 0; i < head.count; i++) {
      const kind = fieldKind(head, i);
      const framing = kind === FIELD_CONTENT_LENGTH || kind === FIELD_TRANSFER_ENCODING;
      if (!framing || (!head.framingIgnored && lengths++ === 0)) continue;
      journal.cutField(head, i);
    }
  }
  editResponseHop(journal, head, bytes, close, minor);
}

/**
 * Notes what becomes of the persistence cookie in a response.
 * @returns for the log, what that was (manual: "Session state at disconnection", 4th)
 */
export function editResponseCookies(
  journal: HeadJournal,
  head: Head,
  bytes: Uint8Array,
  policy: CookiePolicy,
  context: ResponseContext,
): string {
  let state = "N";
  const serverSets = serverSetsCookie(policy, head, bytes);
  if (serverSets) {
    const action = serverCookieAction(policy, context);
    state = action === "pass" ? "P" : action === "drop" ? "D" : "R";
    for (let i = 0; action !== "pass" && i < head.count; i++) {
      if (fieldKind(head, i) !== FIELD_SET_COOKIE) continue;
      editSetCookie(policy, action, context.serverCookie ?? "", head, i, bytes, journal);
    }
  }
  if (mustInsert(policy, context, serverSets)) {
    journal.addField(bytesOf(setCookieField(policy, context)));
    if (policy.nocache) journal.addField(privateLine);
    state = context.direct ? "U" : "I";
  }
  return state;
}
