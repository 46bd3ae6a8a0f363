/** A reply that the configuration describes, as the words that say it (manual: "http-error"). */
import { constantFormat } from "../http/h1/reply-message.ts";

/** As the model has it. */
export interface DescribedReply {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: { readonly kind: string; readonly argument: string };
  readonly fields: readonly { readonly name: string; readonly value: string }[];
}

/** Its words. */
export function replyWords({ status, contentType, body, fields }: DescribedReply): string[] {
  const { kind, argument } = body;
  return [
    ...(status === 0 ? [] : ["status", String(status)]),
    ...(contentType === null ? [] : ["content-type", contentType]),
    ...(kind === "none" ? [] : kind === "default-errorfiles" ? [kind] : [kind, argument]),
    ...fields.flatMap(({ name, value }) => ["hdr", name, value]),
  ];
}

/** Whether it depends on the request: there are formats in it that are not constant. */
export function isFormatted(
  { contentType, body: { kind, argument }, fields }: DescribedReply,
): boolean {
  // Those have all from a file; and a content without its type is a mistake.
  if (kind.includes("errorfile") || kind !== "none" && contentType === null) return false;
  return kind === "lf-file" || kind === "lf-string" && constantFormat(argument) === null ||
    fields.some(({ value }) => constantFormat(value) === null);
}
