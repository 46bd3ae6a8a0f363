/** Replies that the configuration describes in parts, as they are sent (manual: "http-error"). */
import { reasonOf } from "../reason.ts";
import type { StoredMessage } from "./stored-message.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * What a format stands for that has no variables: `%%` is a percent sign.
 * @returns null if it has some
 */
export function constantFormat(format: string | Uint8Array): string | null {
  const text = typeof format === "string" ? format : decoder.decode(format);
  return /^(?:[^%]|%%)*$/.test(text) ? text.replaceAll("%%", "%") : null;
}

/** What a reply is made of; the length of its content is said in a field. */
export function replyMessage(
  { status, fields, contentType, content }: {
    readonly status: number;
    readonly fields: readonly { readonly name: string; readonly value: string }[];
    readonly contentType: string | null;
    readonly content: Uint8Array;
  },
): StoredMessage {
  const lines = [
    `HTTP/1.1 ${status} ${reasonOf(status)}`,
    ...fields.map(({ name, value }) => `${name}: ${value}`),
    `Content-Length: ${content.length}`,
    ...(contentType === null || content.length === 0 ? [] : [`Content-Type: ${contentType}`]),
  ];
  const head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
  const whole = new Uint8Array(head.length + content.length);
  whole.set(head);
  whole.set(content, head.length);
  return { whole, head: whole.subarray(0, head.length) };
}
