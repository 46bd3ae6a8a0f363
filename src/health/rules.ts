/**
 * The rules of a check (manual, chapter 4.2, "http-check" and "tcp-check"): what is sent to a server,
 * and what must come back. Texts that end in `-lf` are formats; they and the rest are as written.
 */
import * as v from "valibot";

const optionalText = v.optional(v.nullable(v.string()), null);
const off = v.optional(v.boolean(), false);

/** Opens a connection. */
export const ConnectRule = v.strictObject({
  rule: v.literal("connect"),
  /** What it does not say itself is as the server's line says for checks. */
  default: off,
  /** A port, or an expression that gives one; null: the server's. */
  port: optionalText,
  addr: optionalText,
  sendProxy: off,
  viaSocks4: off,
  ssl: off,
  sni: optionalText,
  alpn: optionalText,
  proto: optionalText,
  /** Closes by FIN, not by a reset. */
  linger: off,
  comment: optionalText,
});
/** {@linkcode ConnectRule} */
export type ConnectRule = v.InferOutput<typeof ConnectRule>;

/** The forms of what is sent over TCP. */
export const sendForms = ["send", "send-lf", "send-binary", "send-binary-lf"] as const;

/** Sends bytes. */
export const SendRule = v.strictObject({
  rule: v.picklist(sendForms),
  data: v.string(),
  comment: optionalText,
});
/** {@linkcode SendRule} */
export type SendRule = v.InferOutput<typeof SendRule>;

/** Sends an HTTP request; what is null is as `option httpchk` says. */
export const RequestRule = v.strictObject({
  rule: v.literal("request"),
  method: optionalText,
  uri: optionalText,
  /** The URI is a format. */
  uriFormat: off,
  version: optionalText,
  /** Fields, whose values are formats. */
  fields: v.optional(v.array(v.strictObject({ name: v.string(), value: v.string() })), []),
  body: optionalText,
  bodyFormat: off,
  comment: optionalText,
});
/** {@linkcode RequestRule} */
export type RequestRule = v.InferOutput<typeof RequestRule>;

/** Statuses that a rule may give a check: where all is well, where not, where nothing comes. */
export const okStatuses = ["L7OK", "L7OKC", "L6OK", "L4OK"] as const;
export const errorStatuses = ["L7RSP", "L7STS", "L7OKC", "L6RSP", "L4CON"] as const;
export const timeoutStatuses = ["L7TOUT", "L6TOUT", "L4TOUT"] as const;

/** How fields are compared. */
export const fieldMatches = ["str", "beg", "end", "sub", "reg"] as const;
const FieldPattern = v.strictObject({
  match: v.optional(v.picklist(fieldMatches), "str"),
  format: off,
  text: v.string(),
});
/** A pattern of a field's name or value. */
export type FieldPattern = v.InferOutput<typeof FieldPattern>;

/** What is looked for over TCP, and in HTTP responses; fields apart. */
export const tcpMatches = [
  "string",
  "rstring",
  "string-lf",
  "binary",
  "rbinary",
  "binary-lf",
] as const;
export const httpMatches = ["status", "rstatus", "string", "rstring", "string-lf"] as const;

/** What every rule that expects something has. */
const expectation = {
  rule: v.literal("expect"),
  /** It must not be there. */
  not: off,
  /** So many bytes must have come before it is looked for; 0: what has come is enough; -1: all. */
  minRecv: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-1)), -1),
  okStatus: v.optional(v.nullable(v.picklist(okStatuses)), null),
  errorStatus: v.optional(v.nullable(v.picklist(errorStatuses)), null),
  toutStatus: v.optional(v.nullable(v.picklist(timeoutStatuses)), null),
  /** Formats of what the log says. */
  onSuccess: optionalText,
  onError: optionalText,
  /** An expression: the code that the log has. */
  statusCode: optionalText,
  comment: optionalText,
};

/** Expects something in what came. */
export const ExpectRule = v.strictObject({
  ...expectation,
  match: v.picklist([...tcpMatches, "status", "rstatus"]),
  pattern: v.string(),
});
/** {@linkcode ExpectRule} */
export type ExpectRule = v.InferOutput<typeof ExpectRule>;

/** Expects a field in an HTTP response. */
export const ExpectFieldRule = v.strictObject({
  ...expectation,
  /** "hdr": each value of a list; "fhdr": the whole of the field. */
  match: v.picklist(["hdr", "fhdr"]),
  name: FieldPattern,
  value: v.optional(v.nullable(FieldPattern), null),
});
/** {@linkcode ExpectFieldRule} */
export type ExpectFieldRule = v.InferOutput<typeof ExpectFieldRule>;

/** Comments the rules that follow. */
export const CommentRule = v.strictObject({ rule: v.literal("comment"), text: v.string() });
/** {@linkcode CommentRule} */
export type CommentRule = v.InferOutput<typeof CommentRule>;

/** Sets a variable, or takes it away (`value` null). */
export const VariableRule = v.strictObject({
  rule: v.picklist(["set-var", "set-var-fmt", "unset-var"]),
  /** With its scope, and the conditions of setting it, as in "check.port,ifnotexists". */
  name: v.string(),
  value: optionalText,
});
/** {@linkcode VariableRule} */
export type VariableRule = v.InferOutput<typeof VariableRule>;

/** A rule of `tcp-check`. */
export const TcpRule = v.union([ConnectRule, SendRule, ExpectRule, CommentRule, VariableRule]);
/** {@linkcode TcpRule} */
export type TcpRule = v.InferOutput<typeof TcpRule>;

/** A rule of `http-check`. */
export const HttpRule = v.union([
  ConnectRule,
  RequestRule,
  ExpectRule,
  ExpectFieldRule,
  CommentRule,
  VariableRule,
]);
/** {@linkcode HttpRule} */
export type HttpRule = v.InferOutput<typeof HttpRule>;

/** Any rule of a check. */
export type CheckRule = TcpRule | HttpRule;
