/** The parts of a request line that can be logged apart, as HAProxy 2.6 finds them. */

/** What is logged in place of a request that could not be read. */
const badRequest = "<BADREQ>";

/**
 * As much of a request line as is logged.
 * @param longest in bytes before escaping: "tune.http.logurilen" less 1
 */
export function loggedLine(requestLine: string, longest: number): string {
  return requestLine.length > longest ? requestLine.slice(0, longest) : requestLine;
}

/** `GET` */
export function method(requestLine: string): string {
  const space = requestLine.indexOf(" ");
  return space < 0 ? badRequest : requestLine.slice(0, space);
}

/** `/foo?bar=baz`, in whatever form it came. */
export function target(requestLine: string, longest: number): string {
  const line = loggedLine(requestLine, longest);
  const space = line.indexOf(" ");
  if (space < 0) return badRequest;
  const end = line.indexOf(" ", space + 1);
  return end < 0 ? line.slice(space + 1) : line.slice(space + 1, end);
}

/** `HTTP/1.1`; of a line without, or one too long for it, HTTP/0.9. */
export function version(requestLine: string, longest: number): string {
  const line = loggedLine(requestLine, longest);
  const space = line.indexOf(" ");
  if (space < 0) return badRequest;
  const end = line.indexOf(" ", space + 1);
  return end < 0 ? "HTTP/0.9" : line.slice(end + 1);
}

/** The target up to its query string. */
export function targetWithoutQuery(requestLine: string, longest: number): string {
  const whole = target(requestLine, longest);
  const query = whole.indexOf("?");
  return query < 0 ? whole : whole.slice(0, query);
}

/** The path: without scheme and host; empty where there is none, as in `OPTIONS *`. */
export function path(requestLine: string, longest: number): string {
  const whole = targetWithoutQuery(requestLine, longest);
  if (whole.startsWith("/") || whole === badRequest) return whole;
  const authority = whole.indexOf("://");
  const slash = authority < 0 ? -1 : whole.indexOf("/", authority + 3);
  return slash < 0 ? "" : whole.slice(slash);
}

/** The query string with its `?`; empty where there is none. */
export function query(requestLine: string, longest: number): string {
  const whole = target(requestLine, longest);
  if (whole === badRequest) return whole;
  const mark = whole.indexOf("?");
  return mark < 0 ? "" : whole.slice(mark);
}
