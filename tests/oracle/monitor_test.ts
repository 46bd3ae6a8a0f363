/** `monitor-uri`: what is answered by the proxy itself, and what is not. */
import { type Case, oracleCases } from "./harness.ts";

const targets = [
  "/alive",
  "/alive?x=1",
  "/alive/",
  "/ALIVE",
  "/%61live",
  "//alive",
  "/",
  "http://h/alive",
  "http://h/alive?x",
  "http://h/x/alive",
];
const request = (method: string, target: string, fields = "") =>
  `${method} ${target} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`;
const get = request("GET", "/alive");

/** How many of the requests are the servers', which the log tells of. */
const forwarded = (target: string) => /^(http:\/\/h)?\/alive$/.test(target) ? 0 : 1;

const cases: Case[] = targets.map((target) => ({
  name: `GET ${target}`,
  config: ["monitor-uri /alive"],
  requests: [request("GET", target)],
  logs: forwarded(target),
}));

const inTurn: readonly (readonly [name: string, requests: string[], logs?: number])[] = [
  ["again and again", [get, get, request("GET", "/x"), get, request("GET", "/y")], 2],
  ["at once", [get + request("GET", "/x") + get + request("GET", "/y")], 2],
  ["HEAD", [request("HEAD", "/alive"), get]],
  ["OPTIONS", [request("OPTIONS", "/alive"), get]],
  ["close", [request("GET", "/alive", "Connection: close\r\n"), get]],
  ["HTTP/1.0", ["GET /alive HTTP/1.0\r\n\r\n", get]],
  ["HTTP/1.0 keep-alive", ["GET /alive HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", get]],
  ["content", [`${request("POST", "/alive", "Content-Length: 3\r\n")}abc`, get]],
  [
    "chunked content",
    [`${request("POST", "/alive", "Transfer-Encoding: chunked\r\n")}3\r\nabc\r\n0\r\n\r\n`, get],
  ],
  ["content that does not come", [request("POST", "/alive", "Content-Length: 3\r\n")]],
];
for (const [name, requests, logs = 0] of inTurn) {
  cases.push({ name, config: ["monitor-uri /alive"], requests, logs });
}
cases.push(
  {
    name: "a whole URI",
    config: ["monitor-uri http://h/alive"],
    requests: [request("GET", "http://h/alive"), get, get],
    logs: 2,
  },
  {
    name: "no server",
    config: ["monitor-uri /alive"],
    servers: ["dead"],
    requests: [get, get],
    logs: 0,
  },
);
oracleCases("monitor-uri", cases);
