/** Status codes of replies of the proxy itself. */

/** The statuses for which a proxy may have a reply of its own (manual: "errorfile"). */
export const replyStatuses = [
  200,
  400,
  401,
  403,
  404,
  405,
  407,
  408,
  410,
  413,
  414,
  421,
  422,
  425,
  429,
  431,
  500,
  501,
  502,
  503,
  504,
] as const;
/** {@linkcode replyStatuses} */
export type ReplyStatus = (typeof replyStatuses)[number];

/** Whether it is one of them. */
export function isReplyStatus(status: number): status is ReplyStatus {
  return (replyStatuses as readonly number[]).includes(status);
}
