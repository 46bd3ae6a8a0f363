/** Edits a response's head on its way from the server to the client. */
import { bytesOf } from "../http/bytes.ts";
import {
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_OTHER,
  FIELD_SET_COOKIE,
  fieldKind,
  type Head,
} from "../http/head.ts";
import { HeadWriter } from "../http/h1/writer.ts";
import type { CookiePolicy } from "../persist/policy.ts";
import {
  editSetCookie,
  mustInsert,
  type ResponseContext,
  type ServerCookieFate,
  serverCookieFate,
  serverSetsCookie,
  setCookieField,
} from "../persist/response.ts";
import { closeLine, cutConnectionOptions } from "./http-request.ts";

/** Responses are edited one at a time, and sent before the next: one writer serves all. */
const writer = new HeadWriter(32768);

const keepAliveLine = bytesOf("Connection: keep-alive\r\n");
const privateLine = bytesOf("Cache-Control: private\r\n");

/** What was decided about a response's head. */
export interface ResponsePlan {
  /** Anything changes at all; else the head passes as it is. */
  edit: boolean;
  editConnection: boolean;
  addClose: boolean;
  addKeepAlive: boolean;
  fate: ServerCookieFate;
  /** The Set-Cookie field to insert; "": none. */
  setCookie: string;
  /** For the log: what happened to the cookie (manual: "Session state at disconnection", 4th). */
  cookieState: string;
}

/** One plan is made at a time, and good until the next. */
const thePlan: ResponsePlan = {
  edit: false,
  editConnection: false,
  addClose: false,
  addKeepAlive: false,
  fate: "pass",
  setCookie: "",
  cookieState: "-",
};

/**
 * Decides what changes in a response.
 * @param close the client's connection ends with this response
 * @param minor the client's version is HTTP/1.minor
 */
export function planResponse(
  head: Head,
  bytes: Uint8Array,
  close: boolean,
  minor: number,
  policy: CookiePolicy | null,
  context: ResponseContext | null,
): ResponsePlan {
  const plan = thePlan;
  // What the field says must hold between us and the client, not between us and the server.
  const announced = close ? head.close && !head.keepAlive : !head.close;
  plan.editConnection = head.hasConnection && !announced;
  // A response of HTTP/1.1 would promise the contrary, also where the client is of HTTP/1.0.
  plan.addClose = close && !announced && (minor === 1 || head.minor === 1);
  const old = minor === 0 || head.minor === 0;
  plan.addKeepAlive = !close && old && !(announced && head.keepAlive);
  plan.fate = "pass";
  plan.setCookie = "";
  plan.cookieState = policy === null ? "-" : "N";
  if (policy !== null && context !== null) planCookies(plan, head, bytes, policy, context);
  plan.edit = plan.editConnection || plan.addClose || plan.addKeepAlive || head.repeatedLength ||
    plan.fate !== "pass" || plan.setCookie !== "";
  return plan;
}

function planCookies(
  plan: ResponsePlan,
  head: Head,
  bytes: Uint8Array,
  policy: CookiePolicy,
  context: ResponseContext,
): void {
  const serverSets = serverSetsCookie(policy, head, bytes);
  if (serverSets) {
    plan.fate = serverCookieFate(policy, context);
    plan.cookieState = plan.fate === "pass" ? "P" : plan.fate === "drop" ? "D" : "R";
  }
  if (mustInsert(policy, context, serverSets)) {
    plan.setCookie = setCookieField(policy, context);
    plan.cookieState = context.direct ? "U" : "I";
  }
}

/** Writes the head as planned. The writer is good until the next response is planned. */
export function editResponse(
  plan: ResponsePlan,
  head: Head,
  bytes: Uint8Array,
  end: number,
  policy: CookiePolicy | null,
  serverCookie: string | null,
): HeadWriter {
  writer.begin(bytes, head.lineStart);
  let lengths = 0;
  for (let i = 0; i < head.count; i++) {
    const kind = fieldKind(head, i);
    if (kind === FIELD_OTHER) continue;
    if (kind === FIELD_SET_COOKIE && plan.fate !== "pass") {
      editSetCookie(policy!, plan.fate, serverCookie ?? "", head, i, bytes, writer);
    } else if (kind === FIELD_CONNECTION && plan.editConnection) {
      cutConnectionOptions(head, i, bytes, writer);
    } else if (kind === FIELD_CONTENT_LENGTH && lengths++ > 0) {
      writer.cutField(head, i);
    }
  }
  const at = head.emptyLine;
  if (plan.setCookie !== "") {
    writer.insert(at, bytesOf(plan.setCookie));
    if (policy!.nocache) writer.insert(at, privateLine);
  }
  if (plan.addClose) writer.insert(at, closeLine);
  if (plan.addKeepAlive) writer.insert(at, keepAliveLine);
  writer.finish(end);
  return writer;
}
