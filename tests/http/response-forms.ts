/**
 * What servers send, and what becomes of it: each form was sent through HAProxy 2.6. What that
 * forwards, and what can be read in one way only, is forwarded; what two clients could read in two
 * ways is not.
 */

/** A head that a server sends; `haproxy` is whether HAProxy forwards it. */
interface Form {
  readonly head: string;
  readonly haproxy: boolean;
}

/** A form that is forwarded, and as what. */
export interface ForwardedForm extends Form {
  readonly as: string;
}

/** A form that is not forwarded, for what the parser says, and why it should not be. */
export interface RefusedForm extends Form {
  readonly error: string;
  readonly why: string;
}

const ok = "HTTP/1.1 200 OK\r\n";
const withLine = (line: string) => `${line}\r\nX: y\r\n\r\n`;
const withField = (field: string) => `${ok}${field}\r\n\r\n`;

const forwarded = (head: string, as: string): ForwardedForm => ({ head, haproxy: true, as });
const sameLine = (line: string, as: string) => forwarded(withLine(line), withLine(as));
const sameField = (field: string, as: string) => forwarded(withField(field), withField(as));

/** Irregular heads that are forwarded. */
export const forwardedForms: readonly ForwardedForm[] = [
  // lone LFs: all, or some
  forwarded("HTTP/1.1 200 OK\nX: y\nZ:\n\n", "HTTP/1.1 200 OK\r\nX: y\r\nZ: \r\n\r\n"),
  forwarded("HTTP/1.1 200 OK\nX: y\r\n\r\n", `${ok}X: y\r\n\r\n`),
  forwarded("HTTP/1.1 200 OK\r\nX: y\nZ: z\r\n\r\n", `${ok}X: y\r\nZ: z\r\n\r\n`),
  forwarded("HTTP/1.1 200 OK\r\nX: y\r\n\n", `${ok}X: y\r\n\r\n`),
  forwarded("HTTP/1.1 200 OK\n\n", `${ok}\r\n`),
  forwarded("HTTP/1.1 200\n\r\n", "HTTP/1.1 200 \r\n\r\n"),
  forwarded("HTTP/1.0 204 No\n\n", "HTTP/1.0 204 No\r\n\r\n"),
  // versions to come
  ...["1.2", "1.9", "2.0", "2.1", "3.0", "9.9"].map((version) =>
    sameLine(`HTTP/${version} 200 OK`, "HTTP/1.1 200 OK")
  ),
  // white space in the status line
  ...["  ", "\t", " \t "].map((space) => sameLine(`HTTP/1.1${space}200 OK`, "HTTP/1.1 200 OK")),
  sameLine("HTTP/1.1 200\tOK", "HTTP/1.1 200 OK"),
  sameLine("HTTP/1.0  404   Not  Found", "HTTP/1.0 404 Not  Found"),
  sameLine("HTTP/2.0 200", "HTTP/1.1 200 "),
  // empty lines before it
  ...["\r\n", "\n", "\r\n\r\n\n"].map((lines) =>
    forwarded(lines + withLine("HTTP/1.1 200 OK"), withLine("HTTP/1.1 200 OK"))
  ),
  // folded fields
  sameField("X: a\r\n b", "X: a   b"),
  sameField("X: a\r\n\tb\r\n  c ", "X: a  \tb    c"),
  sameField("X: a\n b", "X: a  b"),
  sameField("X:\r\n b", "X:    b"),
  sameField("Set-Cookie: a=b;\r\n path=/", "Set-Cookie: a=b;   path=/"),
  // a list of equal lengths
  ...["5, 5", "5,5", "5 ,\t5", "5, 05, 5"].map((lengths) =>
    sameField(`Content-Length: ${lengths}`, "Content-Length: 5")
  ),
  sameField("Content-Length: 5, 5\r\nContent-Length: 5", "Content-Length: 5"),
];

const refused = (error: string, why: string, haproxy: boolean, ...heads: string[]) =>
  heads.map((head): RefusedForm => ({ head, haproxy, error, why }));

/** Heads that are refused. */
export const refusedForms: readonly RefusedForm[] = [
  ...refused(
    "status line",
    "it is none",
    false,
    ...["HTTP/1.1", "HTTP 200 OK", "HTTP/2 200 OK", "HTTP/1.10 200 OK", "HTTP/11.1 200 OK"]
      .map(withLine),
    ...["http/1.1 200 OK", "Http/1.1 200 OK", " HTTP/1.1 200 OK", "HTTPS/1.1 200 OK"].map(withLine),
    ...["ICY 200 OK", "HTTP/1.1 2O0 OK", "HTTP/1.1 +20 OK", "HTTP/1.1 200OK"].map(withLine),
    ...["HTTP/1.1200 OK", "HTTP/1,1 200 OK", "<html></html>"].map(withLine),
  ),
  ...refused(
    "status line",
    "a status code of other than three digits is read in several ways, or not at all",
    true,
    ...["HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 2 OK"].map(withLine),
  ),
  ...refused(
    "status code",
    "below 100 there is no class that a client could take it for",
    true,
    ...["HTTP/1.1 000 OK", "HTTP/1.1 099 OK"].map(withLine),
  ),
  ...refused(
    "version",
    "before HTTP/1.0 there was no status line",
    true,
    withLine("HTTP/0.9 200 OK"),
  ),
  ...refused("status line", "another protocol", true, withLine("RTSP/1.0 200 OK")),
  ...refused(
    "reason phrase",
    "some readers end a line, or a string, at a control character",
    true,
    ...["a\0", "a\x7f", "a\x0bb", "a\x0cb", "a\x1cb"].map((reason) =>
      withLine(`HTTP/1.1 200 ${reason}`)
    ),
  ),
  ...refused(
    "field value",
    "some readers end a line, or a string, at a control character",
    true,
    ...["\0", "\x01", "\x0b", "\x0c", "\x1c", "\x1f", "\x7f"].map((c) => withField(`X: a${c}b`)),
  ),
  ...refused(
    "bare CR",
    "some readers end a line at it",
    false,
    withLine("HTTP/1.1 200 a\rb"),
    withLine("HTTP/1.1 200 OK\r"),
    withField("X: a\rb"),
    withField("X: a\r"),
    "HTTP/1.1 200 OK\r\n\rX\r\n",
    "\rHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\nX: a\r\r\n\n",
  ),
  ...refused(
    "field name",
    "it is no field; readers skip it, repair it or give up",
    false,
    ...["X : a", "X\t: a", "X", ": a", "X Y: a", "X\xe9: a", "X\0: a", "X(: a"].map(withField),
    ...["Content-Length : 5", "Transfer-Encoding : chunked"].map(withField),
  ),
  ...refused(
    "line folding",
    "there is no field before it",
    false,
    `${ok} X: a\r\n\r\n`,
  ),
  ...refused(
    "line folding",
    "a line of nothing but space is the end of the head to some",
    true,
    withField("X: a\r\n "),
    withField("X: a\n\t\n b"),
  ),
  ...refused(
    "line folding",
    "readers that do not know of folding find other framing",
    true,
    withField("Connection: close\r\n , x"),
  ),
  ...refused(
    "Content-Length",
    "it is no length",
    false,
    ...["", "+5", "-5", "0x5", "5 5", "5,", ",5", "5,,5", "5;", "5.0", "1e1", "a", "5, 6", "5, +5"]
      .map((length) => withField(`Content-Length: ${length}`)),
    withField("Content-Length: 9223372036854775808"),
  ),
  ...refused(
    "Content-Length",
    "readers disagree on numbers of so many digits; who counts modulo 2^64 finds 2",
    true,
    ...["00000000000000002", "18446744073709551618"].map((n) => withField(`Content-Length: ${n}`)),
  ),
  ...refused(
    "Content-Length",
    "readers that do not know of folding find other framing",
    true,
    withField("Content-Length:\r\n 5"),
  ),
  ...refused(
    "Transfer-Encoding",
    "readers that do not know of folding find other framing",
    true,
    withField("Transfer-Encoding:\r\n chunked"),
  ),
  ...refused(
    "differing Content-Length",
    "one of them is not the length",
    false,
    withField("Content-Length: 5\r\nContent-Length: 6"),
    withField("Content-Length: 5, 5\r\nContent-Length: 6"),
  ),
  ...refused(
    "Transfer-Encoding",
    "who does not know the coding, or finds chunked elsewhere, finds another end",
    false,
    ...["gzip", "identity", "gzip, chunked", "identity, chunked", "chunked, gzip"].map((coding) =>
      withField(`Transfer-Encoding: ${coding}`)
    ),
    ...["chunked, chunked", ",chunked", "xchunked", "chunked;q=1", '"chunked"'].map((coding) =>
      withField(`Transfer-Encoding: ${coding}`)
    ),
    ...["chunked", "identity"].map((coding) =>
      withField(`Transfer-Encoding: chunked\r\nTransfer-Encoding: ${coding}`)
    ),
    withField("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"),
  ),
  ...refused(
    "Transfer-Encoding",
    "an empty element is chunked to some, an unknown coding to others",
    true,
    withField("Transfer-Encoding: chunked,"),
    withField("Transfer-Encoding:"),
  ),
  ...refused(
    "too many Connection options",
    "more than fields there can be",
    true,
    withField(`Connection: ${Array.from({ length: 102 }, (_, i) => `a${i}`).join()}`),
  ),
];

/** Framing that is refused though each field is valid. */
export const ambiguousFramings: readonly RefusedForm[] = refused(
  "",
  "old clients take the length, or do not know the coding (RFC 9112, sections 6.1 and 6.3)",
  true,
  withField("Transfer-Encoding: chunked\r\nContent-Length: 5"),
  withField("Content-Length: 5\r\nTransfer-Encoding: chunked"),
  withField("Content-Length: 0\r\nTransfer-Encoding: chunked"),
  "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
  "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
);
