/** Waiting for a message's content (manual: "wait-for-body", "option http-buffer-request"). */
import { bytesOf } from "../bytes/bytes.ts";
import { FIELD_EXPECT, fieldKind } from "../http/head.ts";
import type { RuleStream } from "./stream.ts";
import { CONTINUE, END, type Verdict, WAIT } from "./verdict.ts";

const goOn = bytesOf("HTTP/1.1 100 Continue\r\n\r\n");

/** A client that waits to be told so sends its content (RFC 9110, section 10.1.1). */
function tellToGoOn(stream: RuleStream): void {
  const { head, from, to } = stream.request;
  if (head === null || head.expect === 0) return;
  if (to === from) stream.hint(goOn);
  const editor = stream.edit("request");
  for (let i = editor.head.count - 1; i >= 0; i--) {
    if (fieldKind(editor.head, i) === FIELD_EXPECT) editor.remove(i);
  }
}

/**
 * Waits until so much of the content is there, or all of it, or as much as is kept.
 * @param time ms
 * @param room how much is kept, bytes
 */
export function waitForBody(
  stream: RuleStream,
  time: number,
  least: number,
  room: number,
): Verdict {
  const { request, response } = stream;
  const ofResponse = response.head !== null;
  const message = ofResponse ? response : request;
  const length = message.to - message.from;
  const began = stream.waitingSince >= 0;
  if (message.done || length >= least || length >= room) {
    if (began && !ofResponse) stream.setRead(true);
    return CONTINUE;
  }
  const left = began ? time - (stream.clock.now() - stream.waitingSince) : time;
  if (left <= 0) {
    if (ofResponse) return CONTINUE;
    stream.setRead(false);
    stream.refuse(408, "cR");
    return END;
  }
  if (!began && !ofResponse) tellToGoOn(stream);
  stream.wait(left);
  return WAIT;
}
