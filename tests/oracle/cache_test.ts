/** Caches beside haproxy: what is kept, what is answered from there, and how. */
import { type Case, oracleCases } from "./harness.ts";

const get = (fields = "", line = "GET / HTTP/1.1") => `${line}\r\nHost: h\r\n${fields}\r\n`;
const kept = "Cache-Control: max-age=60\r\n";
const response = (fields: string, content = "hello", status = "200 OK") =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${content.length}\r\n${fields}\r\n${content}`;
const chunked = (content: string) =>
  `HTTP/1.1 200 OK\r\n${kept}Transfer-Encoding: chunked\r\n\r\n${content}`;
const rules = (cache: string) => [
  `http-request cache-use ${cache}`,
  "http-response set-header x-before 1",
  `http-response cache-store ${cache}`,
  "http-response set-header x-after %[res.cache_hit]-%[res.cache_name]",
];

let count = 0;
/** A case with a cache of its own: haproxy has all of them in one process. */
function cached(
  name: string,
  answer: NonNullable<Case["answer"]>,
  requests: readonly string[],
  { settings = [], ...more }: Partial<Case> & { settings?: string[] } = {},
): Case {
  const cache = `cache${count++}`;
  return {
    name,
    before: [`cache ${cache}`, "  total-max-size 1", ...settings.map((line) => `  ${line}`)],
    config: rules(cache),
    answer,
    requests,
    ...more,
  };
}

const responses: Case[] = [
  ["a plain one", response(`${kept}X-A: 1\r\nSet-Cookie: a=b\r\n`)],
  ["s-maxage", response("Cache-Control: s-maxage=10\r\n")],
  ["max-age=0", response("Cache-Control: max-age=0\r\n")],
  ["max-age=0, s-maxage", response("Cache-Control: max-age=0, s-maxage=10\r\n")],
  ["s-maxage=0", response("Cache-Control: s-maxage=0, max-age=10\r\n")],
  ["quoted", response('Cache-Control: max-age="10"\r\n')],
  ["no number", response("Cache-Control: max-age=x\r\n")],
  ["no value", response("Cache-Control: max-age\r\n")],
  ["public alone", response("Cache-Control: public\r\n")],
  ["private", response("Cache-Control: private, max-age=10\r\n")],
  ["no-cache", response("Cache-Control: no-cache, max-age=10\r\n")],
  ["no-store", response("Cache-Control: no-store, max-age=10\r\n")],
  ["no-cache of cookies", response('Cache-Control: no-cache="set-cookie", max-age=10\r\n')],
  ["private of a field", response('Cache-Control: private="x", max-age=10\r\n')],
  ["capitals", response("Cache-Control: MAX-AGE=10\r\n")],
  ["private, then public", response("Cache-Control: private, public, max-age=10\r\n")],
  ["nothing", response("")],
  ["ETag alone", response('ETag: "a"\r\n')],
  ["Last-Modified alone", response("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n")],
  ["Expires later", response("Expires: Sun, 06 Nov 2033 08:49:37 GMT\r\n")],
  ["Expires before", response("Expires: Sun, 06 Nov 1994 08:49:37 GMT\r\n")],
  ["Expires of no date", response("Expires: x\r\n")],
  ["Expires, and max-age", response("Expires: 0\r\nCache-Control: max-age=10\r\n")],
  ["Pragma", response(`Pragma: no-cache\r\n${kept}`)],
  ["Age beyond", response(`${kept}Age: 61\r\n`)],
  ["Age 0", response(`${kept}Age: 0\r\n`)],
  ["Age of no number", response(`${kept}Age: x\r\n`)],
  ["Vary", response(`${kept}Vary: accept-encoding\r\n`)],
  ["201", response(kept, "hello", "201 Made")],
  ["203", response(kept, "hello", "203 Other")],
  ["206", response(kept, "hello", "206 Part")],
  ["404", response(kept, "hello", "404 None")],
  ["204", `HTTP/1.1 204 No\r\n${kept}\r\n`],
  ["HTTP/1.0", response(kept).replace("HTTP/1.1", "HTTP/1.0")],
  ["chunks", chunked("5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n")],
  ["chunks and trailers", chunked("5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n")],
  ["until the close", `HTTP/1.1 200 OK\r\n${kept}\r\nhello`],
  ["large", response(kept, "x".repeat(3000))],
  ["too large", response(kept, "x".repeat(5000))],
  ["too large, in chunks", chunked(`1388\r\n${"x".repeat(5000)}\r\n0\r\n\r\n`)],
  ["empty", response(kept, "")],
].map(([name = "", answer = ""]) => cached(`response: ${name}`, answer, [get(), get()]));

responses.push(cached("response: Age", response(`${kept}Age: 60\r\n`), [get(), get()], {
  differs: ["Age passes"],
}));

const firsts = [
  "Authorization: x",
  "Cache-Control: no-cache",
  "Cache-Control: no-store",
  "Cache-Control: max-age=10",
  "Cache-Control: max-stale",
  "Cache-Control: min-fresh=1",
  "Cache-Control: only-if-cached",
  "Pragma: no-cache",
  "Pragma: no-cache\r\nCache-Control: x",
  "Cookie: a=b",
];
const requests: Case[] = [
  ...firsts.map((field) =>
    cached(`request: ${field}`, response(kept), [get(`${field}\r\n`), get(), get(`${field}\r\n`)])
  ),
  cached("HEAD of what a GET has kept", response(kept), [
    get(),
    get("", "HEAD / HTTP/1.1"),
  ]),
  cached("HTTP/1.0", response(kept), [
    get(),
    get("", "GET / HTTP/1.0"),
  ], { differs: ["HTTP/1.0 closes"] }),
  cached("keys", response(kept), [
    get(),
    get("", "GET /?a HTTP/1.1"),
    "GET / HTTP/1.1\r\nHost: H\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h:81\r\n\r\n",
    "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
  ]),
  ...["POST", "PUT", "DELETE", "OPTIONS", "FOO"].map((method) =>
    cached(`${method} of what is kept`, response(kept), [
      get(),
      get("Content-Length: 0\r\n", `${method} / HTTP/1.1`),
      get(),
    ])
  ),
  cached(
    "a POST that fails",
    ({ line }) => line.startsWith("POST") ? response("", "no", "404 None") : response(kept),
    [
      get(),
      get("Content-Length: 0\r\n", "POST / HTTP/1.1"),
      get(),
    ],
  ),
  cached("a client that has it: ETag", response(`${kept}ETag: "a"\r\n`), [
    get(),
    get('If-None-Match: "b", "a"\r\n'),
    get('If-None-Match: W/"a"\r\n'),
    get('If-None-Match: "b"\r\n'),
    get("If-None-Match: *\r\n"),
    get('If-None-Match: "a"\r\n', "HEAD / HTTP/1.1"),
  ]),
  cached(
    "a client that has it: Last-Modified",
    response(`${kept}Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n`),
    [
      get(),
      get("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
      get("If-Modified-Since: Sun, 06 Nov 1993 08:49:37 GMT\r\n"),
      get("If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n"),
      get("If-Modified-Since: Sunday, 06-Nov-94 08:49:38 GMT\r\n"),
      get("If-Modified-Since: x\r\n"),
    ],
  ),
];

const accepting = (coding: string) => get(coding === "" ? "" : `Accept-Encoding: ${coding}\r\n`);
const varying: Case[] = [
  ["gzip", "br, gzip;q=0.1"],
  ["gzip", ""],
  ["gzip", "gzip;q=0"],
  ["gzip", "*"],
  ["br", "deflate"],
].map(([first = "", second = ""]) =>
  cached(
    `varying: ${first}, then ${second}`,
    response(`${kept}Vary: Accept-Encoding\r\nContent-Encoding: ${first}\r\n`),
    [accepting(first), accepting(second)],
    { settings: ["process-vary on"] },
  )
);
const others: Case[] = [
  cached("varying on something else", response(`${kept}Vary: Cookie\r\n`), [get(), get()], {
    settings: ["process-vary on"],
  }),
  cached(
    "varying, of an unknown coding",
    response(`${kept}Vary: accept-encoding\r\nContent-Encoding: foo\r\n`),
    [accepting("foo"), accepting("foo")],
    { settings: ["process-vary on"] },
  ),
  cached(
    "varying, not coded",
    response(`${kept}Vary: accept-encoding\r\n`),
    [accepting("gzip"), accepting("br"), accepting("gzip, identity;q=0")],
    { settings: ["process-vary on"] },
  ),
  {
    ...cached("compressed on the way out, not in the cache", response(kept, "hello ".repeat(50)), [
      accepting("gzip"),
      get(),
      accepting("gzip"),
    ]),
    config: [
      `http-request cache-use cache${count - 1}`,
      `http-response cache-store cache${count - 1}`,
      "compression algo gzip",
    ],
  },
  {
    ...cached("rules about what a cache answers", response(kept), [
      get(),
      get(),
      get("X-Deny: 1\r\n"),
      get(),
    ]),
    config: [
      "http-request set-var(txn.deny) req.hdr(x-deny)",
      `http-request cache-use cache${count - 1}`,
      `http-response cache-store cache${count - 1}`,
      "http-response deny deny_status 403 content-type text/plain string no if { var(txn.deny) -m found }",
    ],
  },
];

oracleCases("which responses are kept", responses);
oracleCases("which requests a cache answers", requests);
oracleCases("responses that vary, and other filters", [...varying, ...others]);
