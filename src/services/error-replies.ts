/** What proxies reply in place of the replies of reply.ts (manual: "errorfile", "http-error"). */
import type { Configuration, ErrorRule, Proxy, Reply } from "../config/model.ts";
import { redirection } from "../http/h1/redirection.ts";
import { constantFormat, replyMessage } from "../http/h1/reply-message.ts";
import { type StoredMessage, storedMessage } from "../http/h1/stored-message.ts";
import type { ReplyMaker } from "../rules/reply.ts";
import type { Service } from "./service.ts";

/** The services that reply in place of the proxy's own, by status; those have no others. */
export type ErrorReplies = ReadonlyMap<number, Service>;

/**
 * What replies with a status. Of the heads that are too long, HAProxy 2.6 says 400: where they have no
 * reply of their own, that of 400 stands in.
 */
export function ofStatus(replies: ErrorReplies, status: number): Service | undefined {
  return replies.get(status) ?? (status === 414 || status === 431 ? replies.get(400) : undefined);
}

const encoder = new TextEncoder();
const nothing = new Uint8Array(0);

/** What sends a message; nothing, and the connection ends, where that is empty. */
export function storedService({ whole, head }: StoredMessage): Service {
  return {
    serve(request, response) {
      if (whole.length > 0) response.send(request.bodiless ? head : whole);
      response.end();
    },
  };
}

/** What sends a reply that depends on the request. */
function formattedService({ make }: ReplyMaker): Service {
  return {
    needsStream: true,
    serve(request, response) {
      const { whole, head } = make!(request.stream!);
      response.send(request.bodiless ? head : whole);
      response.end();
    },
  };
}

/** @returns what makes the replies of a proxy; null: it has none of its own */
export function errorReplies(
  { global, httpErrors, files }: Configuration,
): (proxy: Proxy, formatted?: ReadonlyMap<object, ReplyMaker> | null) => ErrorReplies | null {
  const headLimit = global.tuneBufsize - global.tuneMaxrewrite;
  // Proxies take over the rules of 'defaults' sections: each message is made once.
  const fileServices = new Map<string, Service | null>();
  const ruleServices = new WeakMap<ErrorRule, Service | null>();
  const sections = new Map(httpErrors.map((section) => [section.name, section.errorfiles]));

  const service = (bytes: Uint8Array): Service | null => {
    const message = storedMessage(bytes, headLimit);
    return typeof message === "string" ? null : storedService(message);
  };
  const ofFile = (file: string): Service | null => {
    const known = fileServices.get(file);
    if (known !== undefined) return known;
    const content = files?.get(file);
    const made = content === undefined ? null : service(content);
    fileServices.set(file, made);
    return made;
  };
  const ofReply = (reply: Reply): Service | null => {
    const { kind, argument } = reply.body;
    return kind === "errorfile" ? ofFile(argument) : storedService(replyMessage({
      ...reply,
      fields: reply.fields.map(({ name, value }) => ({
        name,
        value: constantFormat(value) ?? value,
      })),
      content: contentOf(reply, files?.get(argument) ?? nothing),
    }));
  };
  const ofRule = (rule: Exclude<ErrorRule, { kind: "errorfiles" }>): Service | null => {
    const known = ruleServices.get(rule);
    if (known !== undefined) return known;
    const made = rule.kind === "errorfile"
      ? ofFile(rule.file)
      : rule.kind === "errorloc"
      ? service(redirection(rule.code, rule.url))
      : ofReply(rule.reply);
    ruleServices.set(rule, made);
    return made;
  };

  return ({ errors }, formatted = null) => {
    const replies = new Map<number, Service>();
    const set = (status: number, service: Service | null) => {
      if (service === null) replies.delete(status);
      else replies.set(status, service);
    };
    const setAll = (section: string, statuses: readonly number[]) => {
      for (const { status, file } of sections.get(section) ?? []) {
        if (statuses.length === 0 || statuses.includes(status)) set(status, ofFile(file));
      }
    };
    for (const rule of errors) {
      if (rule.kind === "errorfiles") {
        setAll(rule.section, rule.statuses);
      } else if (rule.kind !== "http-error") {
        set(rule.status, ofRule(rule));
      } else if (rule.reply.body.kind === "errorfiles") {
        setAll(rule.reply.body.argument, [rule.reply.status]);
      } else {
        const { body, status } = rule.reply;
        const maker = formatted?.get(rule);
        if (maker !== undefined) set(status, formattedService(maker));
        else set(status, body.kind === "default-errorfiles" ? null : ofRule(rule));
      }
    }
    return replies.size === 0 ? null : replies;
  };
}

/** The content of a reply. @param file what is in the file that it names */
function contentOf({ body: { kind, argument } }: Reply, file: Uint8Array): Uint8Array {
  switch (kind) {
    case "file":
      return file;
    case "lf-file":
      return encoder.encode(constantFormat(file) ?? "");
    case "string":
      return encoder.encode(argument);
    case "lf-string":
      return encoder.encode(constantFormat(argument) ?? "");
    default:
      return nothing;
  }
}
