/** Compression beside haproxy: whose responses, by what, and what becomes of their heads. */
import { type Case, oracleCases } from "./harness.ts";

const get = (fields = "", line = "GET / HTTP/1.1") => `${line}\r\nHost: h\r\n${fields}\r\n`;
const accepting = (coding: string, fields = "") => get(`Accept-Encoding: ${coding}\r\n${fields}`);
const text = "hello hello hello hello hello hello hello world".repeat(9);
const plain = "Content-Type: text/plain\r\n";
const response = (fields: string, content = text, status = "200 OK") =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${content.length}\r\n${fields}\r\n${content}`;
const chunked = (content: string, fields = plain) =>
  `HTTP/1.1 200 OK\r\n${fields}Transfer-Encoding: chunked\r\n\r\n${content}`;
const algorithms = ["compression algo gzip deflate", "compression type text/html text/plain"];

/** What clients accept. */
const accepted: Case[] = [
  "gzip",
  "deflate",
  "*",
  "gzip, deflate",
  "deflate, gzip",
  "br, gzip;q=0.5, deflate;q=0.8",
  "gzip;q=0",
  "gzip;q=0, *;q=0.1",
  "gzip ; a=b ; q=0.5, deflate;Q=1",
  "gzip;q=0.001, deflate;q=0.0009",
  "gzip;q=2, deflate;q=x",
  "GZIP",
  "x-gzip",
  "identity",
  "br",
  "",
  ",, gzip",
  "gzip, gzip;q=0",
  "gzip;q=0.5\r\nAccept-Encoding: deflate",
].map((coding) => ({
  name: `accepted: ${coding}`,
  config: algorithms,
  answer: response(plain),
  requests: [accepting(coding)],
}));

const browsers: Case[] = [
  "Mozilla/4.0 (compatible; MSIE 5.0; Windows NT 5.1; SV1)",
  "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)",
  "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
  "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; SV1)",
  "Mozilla/4.0",
  "Mozilla/5.0 (X11)",
].map((agent) => ({
  name: `browser: ${agent}`,
  config: algorithms,
  answer: response(plain),
  requests: [accepting("gzip", `User-Agent: ${agent}\r\n`)],
}));

const responses: Case[] = [
  ["type", response("Content-Type: image/png\r\n")],
  ["beginning of a type", response("Content-Type: TEXT/plainx; charset=x\r\n")],
  ["no type", response("")],
  ["multipart", response("Content-Type: Multipart/mixed\r\n")],
  ["201", response(plain, text, "201 Created")],
  ["203", response(plain, text, "203 Other")],
  ["206", response(plain, text, "206 Partial")],
  ["404", response(plain, text, "404 Not Found")],
  ["204", `HTTP/1.1 204 No\r\n${plain}\r\n`],
  ["304", `HTTP/1.1 304 Same\r\n${plain}ETag: "a"\r\n\r\n`],
  ["no content", response(plain, "")],
  ["until the close", `HTTP/1.1 200 OK\r\n${plain}\r\n${text}`],
  ["HTTP/1.0", response(plain).replace("HTTP/1.1", "HTTP/1.0")],
  ["chunks", chunked("5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\n\r\n")],
  ["chunks and trailers", chunked("5\r\nhello\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n")],
  ["no chunk", chunked("0\r\n\r\n")],
  ["coded", response(`${plain}Content-Encoding: br\r\n`)],
  ["coded identity", response(`${plain}Content-Encoding: identity\r\n`)],
  ["no-transform", response(`${plain}Cache-Control: private, No-Transform\r\n`)],
  ["no-transform with a value", response(`${plain}Cache-Control: no-transform=1\r\n`)],
  ["strong ETag", response(`${plain}ETag: "abc"\r\n`)],
  ["weak ETag", response(`${plain}ETag: W/"abc"\r\n`)],
  ["bare ETag", response(`${plain}ETag: abc\r\n`)],
  ["open ETag", response(`${plain}ETag: "abc\r\n`)],
  ["ETag of w", response(`${plain}ETag: w/"abc"\r\n`)],
  ["two ETags", response(`${plain}ETag: "a"\r\nETag: "b"\r\n`)],
  ["ETags in a list", response(`${plain}ETag: "a","b"\r\n`)],
  ["Vary", response(`${plain}Vary: Origin\r\n`)],
  ["Vary already", response(`${plain}Vary: accept-encoding\r\n`)],
  ["long", response(plain, text.repeat(400))],
].map(([what = "", answer = ""]) => ({
  name: `response: ${what}`,
  config: algorithms,
  answer,
  requests: [accepting("gzip")],
}));

const settings: Case[] = [
  {
    name: "no types: all",
    config: ["compression algo gzip"],
    answer: response("Content-Type: image/png\r\n"),
    requests: [accepting("gzip")],
  },
  {
    name: "identity",
    config: ["compression algo identity gzip"],
    answer: response(`${plain}ETag: "a"\r\n`),
    requests: [get(), accepting("gzip"), accepting("br")],
  },
  {
    name: "raw-deflate",
    config: ["compression algo raw-deflate", "compression type text/"],
    answer: response(plain),
    requests: [accepting("deflate")],
  },
  {
    name: "offload",
    config: ["compression algo gzip", "compression offload"],
    answer: response(plain),
    requests: [
      accepting("gzip, br\r\nAccept-Encoding: x"),
      accepting("br"),
      get("Accept-Encoding: gzip\r\n", "GET / HTTP/1.0"),
    ],
    differs: ["HTTP/1.0 closes"],
  },
  {
    name: "HEAD, HTTP/1.0 and pipelined requests",
    config: algorithms,
    answer: ({ line }) =>
      line.startsWith("HEAD")
        ? response(plain, "").replace("Length: 0", "Length: 99")
        : response(plain),
    requests: [
      get("Accept-Encoding: gzip\r\n", "HEAD / HTTP/1.1"),
      accepting("gzip") + accepting("deflate"),
      get("Accept-Encoding: gzip\r\n", "GET / HTTP/1.0"),
    ],
    differs: ["HTTP/1.0 closes"],
  },
  {
    name: "what rules see, and change",
    config: [
      "compression algo gzip",
      "http-response set-header x-c %[res.comp]-%[res.comp_algo]-%[res.hdr(content-encoding)]",
      "http-response set-header x-l %[res.hdr(content-length)]",
      "http-response set-header etag '\"z\"'",
      "http-response deny deny_status 403 content-type text/plain string no if { path /deny }",
    ],
    answer: response(`${plain}ETag: W/"a"\r\n`),
    requests: [accepting("gzip"), get()],
  },
  {
    name: "replies of the proxy are as they are",
    config: [
      "compression algo gzip",
      `http-request return status 200 content-type text/plain string "${
        "made ".repeat(40)
      }" if { path /made }`,
      `http-response return status 200 content-type text/plain string "${"made ".repeat(40)}"`,
    ],
    answer: response(plain),
    requests: [
      get("Accept-Encoding: gzip\r\n", "GET /made HTTP/1.1"),
      accepting("gzip"),
    ],
  },
  {
    name: "a response in pieces, of chunks cut anywhere",
    config: ["compression algo gzip"],
    answer: async (_request, released) => {
      await released;
      return chunked(`${"1\r\nx\r\n".repeat(300)}10\r\n${"y".repeat(16)}\r\n0\r\n\r\n`);
    },
    play: async ({ connect, release }) => {
      const client = await connect();
      client.send(accepting("gzip"));
      release();
      await client.answered();
    },
  },
];

oracleCases("what clients accept", [...accepted, ...browsers]);
oracleCases("which responses are compressed", responses);
oracleCases("settings of compression", settings);
