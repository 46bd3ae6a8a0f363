/** Stick tables: what is counted, and when; clients that stick to servers. */
import { type Case, oracleCases } from "./harness.ts";

const get = (path = "/", fields = "", host = "h") =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`;
const closing = (path: string, fields = "") => get(path, `${fields}Connection: close\r\n`);
/** A field of the response with the values of fetches. */
const shows = (...fetches: string[]) =>
  `http-response set-header x-seen "${fetches.map((fetch) => `%[${fetch}]`).join(" ")}"`;
const status = (code: number) => `HTTP/1.1 ${code} X\r\nContent-Length: 0\r\n\r\n`;

const everything =
  "stick-table type ip size 100 expire 1m store gpc0,gpc1,gpt0,conn_cnt,conn_cur,conn_rate(1h)," +
  "sess_cnt,sess_rate(1h),http_req_cnt,http_req_rate(1h),http_err_cnt,http_err_rate(1h)," +
  "http_fail_cnt,http_fail_rate(1h),gpc0_rate(1h)";
const arrays =
  "stick-table type string len 8 size 100 store gpc(3),gpt(2),gpc_rate(2,1h),http_req_cnt";
const all = (counter: string) =>
  "conn_cnt conn_cur conn_rate sess_cnt sess_rate http_req_cnt http_req_rate http_err_cnt http_err_rate http_fail_cnt http_fail_rate get_gpc0 get_gpt0 tracked trackers"
    .split(" ").map((name) => `${counter}_${name}`);

const counting: Case[] = [
  {
    name: "tracked by http-request",
    config: [everything, "http-request track-sc0 src", shows(...all("sc0"))],
    requests: [get(), get(), closing("/"), get()],
  },
  {
    name: "tracked by tcp-request connection",
    config: [everything, "tcp-request connection track-sc1 src", shows(...all("sc1"))],
    requests: [get(), get(), closing("/"), get(), closing("/"), get()],
  },
  {
    name: "tracked by tcp-request session",
    config: [everything, "tcp-request session track-sc2 src", shows(...all("sc2"))],
    requests: [get(), closing("/"), get()],
  },
  {
    name: "tracked by tcp-request content",
    config: [everything, "tcp-request content track-sc0 src", shows(...all("sc0"))],
    requests: [get(), get(), closing("/"), get()],
  },
  {
    name: "what the connection tracks, a request does not track again",
    config: [
      everything,
      "tcp-request connection track-sc0 src",
      "http-request track-sc0 src",
      shows(...all("sc0")),
    ],
    requests: [get(), get(), closing("/"), get()],
  },
  {
    name: "errors of clients, and of servers",
    config: [everything, "http-request track-sc0 src", shows(...all("sc0"))],
    answer: ({ line }) => status(Number(/\/(\d+) /.exec(line)?.[1] ?? 200)),
    requests: ["/404", "/500", "/501", "/505", "/503", "/401", "/302", "/200"].map((path) =>
      get(path)
    ),
  },
  {
    name: "what is denied is an error, what is returned is not",
    config: [
      everything,
      "http-request track-sc0 src",
      "http-request deny if { path /deny }",
      "http-request deny deny_status 429 if { path /429 }",
      "http-request return status 404 if { path /return }",
      "http-request redirect location /x if { path /redirect }",
      "http-after-response set-header x-err %[sc0_http_err_cnt]",
    ],
    requests: ["/deny", "/429", "/return", "/redirect", "/"].map((path) => get(path)),
  },
  {
    name: "nothing is tracked where there is no key",
    config: [
      everything.replace("type ip", "type string"),
      "http-request track-sc0 hdr(x-key)",
      shows("sc0_conn_cnt", "sc0_tracked", "sc0_http_req_cnt"),
    ],
    requests: [get(), get("/", "X-Key: a\r\n"), get("/", "X-Key:\r\n"), get("/", "X-Key: a\r\n")],
  },
  {
    name: "a limit by rate",
    config: [
      everything,
      "http-request track-sc0 src",
      "http-request deny deny_status 429 if { sc_http_req_rate(0) gt 3 }",
    ],
    requests: Array.from({ length: 6 }, () => get()),
  },
  {
    name: "a limit of connections by the old way",
    config: [
      everything,
      "tcp-request content reject if { src_updt_conn_cnt gt 3 }",
      shows("src_conn_cnt"),
    ],
    requests: Array.from({ length: 3 }, () => closing("/")),
  },
];

const changing: Case[] = [
  {
    name: "general purpose counters and tags",
    config: [
      everything,
      "http-request track-sc0 src",
      "http-request sc-inc-gpc0(0) if { path /a }",
      "http-request sc-inc-gpc1(0)",
      "http-request sc-set-gpt0(0) 7 if { path /a }",
      "http-request sc-set-gpt0(0) sc0_http_req_cnt if { path /b }",
      shows("sc0_get_gpc0", "sc0_get_gpc1", "sc0_get_gpt0", "sc0_gpc0_rate", "src_get_gpc0"),
      "http-response sc-inc-gpc0(0) if { status 200 }",
    ],
    requests: [get("/a"), get("/b"), get("/c"), get("/a")],
  },
  {
    name: "arrays of them",
    config: [
      arrays,
      "http-request track-sc1 path",
      "http-request sc-inc-gpc(0,1)",
      "http-request sc-inc-gpc(2,1) if { path /a }",
      "http-request sc-inc-gpc(7,1)",
      "http-request sc-set-gpt(1,1) 300",
      shows(
        "sc_get_gpc(0,1)",
        "sc1_get_gpc0",
        "sc_get_gpc(2,1)",
        "sc_get_gpc(3,1)",
        "sc_get_gpt(1,1)",
        "sc_gpc_rate(0,1)",
        "sc1_gpc0_rate",
        "sc1_get_gpt0",
      ),
    ],
    requests: [get("/a"), get("/a"), get("/b"), get("/a-long-path"), get("/a-long-path-too")],
  },
  {
    name: "fetches that change what they return",
    config: [
      everything,
      "http-request track-sc0 src",
      "http-request set-header x-one %[sc0_inc_gpc0]",
      "http-request set-header x-two %[sc0_inc_gpc0] if { path /b }",
      "http-request set-header x-old %[sc0_clr_gpc0] if { path /c }",
      "http-request set-header x-src %[src_inc_gpc1]",
      shows("sc0_get_gpc0", "src_get_gpc1", "src_clr_gpc1"),
    ],
    requests: ["/a", "/b", "/c", "/a"].map((path) => get(path)),
  },
  {
    name: "converters that look keys up",
    config: [
      arrays,
      "http-request track-sc0 path",
      "http-request set-header x-known %[hdr(x-key),in_table]",
      "http-request set-header x-count %[hdr(x-key),table_http_req_cnt]",
      "http-request set-header x-none %[hdr(x-key),table_conn_cnt]",
    ],
    requests: [get("/a", "X-Key: /a\r\n"), get("/b", "X-Key: /a\r\n"), get("/b", "X-Key: /c\r\n")],
  },
];

const sticking: Case[] = [
  {
    name: "stick on a field",
    servers: ["a", "b", "c"],
    config: ["stick-table type string size 100", "stick on hdr(x-user)"],
    requests: ["u", "v", "u", "u", "w", "v", "w", "u"].map((user) =>
      get("/", `X-User: ${user}\r\n`)
    ),
  },
  {
    name: "stick match alone learns nothing",
    servers: ["a", "b"],
    config: ["stick-table type string size 100", "stick match hdr(x-user)"],
    requests: ["u", "u", "u"].map((user) => get("/", `X-User: ${user}\r\n`)),
  },
  {
    name: "stick with conditions, and a fallback",
    servers: ["a", "b", "c"],
    config: [
      "stick-table type string size 100",
      "stick on hdr(x-user) if { hdr(x-user) -m found }",
      "stick on path unless { path / }",
    ],
    requests: [
      get("/p", "X-User: u\r\n"),
      get("/p"),
      get("/q", "X-User: u\r\n"),
      get("/p"),
      get("/"),
      get("/", "X-User: u\r\n"),
    ],
  },
  {
    name: "stick store-response: what the server has said",
    servers: ["a", "b", "c"],
    config: [
      "stick-table type string size 100",
      "stick store-response res.hdr(x-session)",
      "stick match hdr(x-session)",
    ],
    answer: () => "HTTP/1.1 200 OK\r\nX-Session: one\r\nContent-Length: 0\r\n\r\n",
    requests: [
      get(),
      get("/", "X-Session: one\r\n"),
      get("/", "X-Session: two\r\n"),
      get("/", "X-Session: one\r\n"),
    ],
  },
  {
    name: "a cookie comes before the table",
    servers: ["a cookie a", "b cookie b"],
    config: ["cookie S", "stick-table type ip size 100", "stick on src"],
    requests: [get(), get("/", "Cookie: S=b\r\n"), get(), get("/", "Cookie: S=a\r\n"), get()],
  },
  {
    name: "a server that is not to be noted",
    servers: ["a non-stick", "b"],
    config: ["stick-table type ip size 100", "stick on src"],
    requests: [get(), get(), get(), get()],
  },
];

const tcp: Case[] = [
  {
    name: "in TCP, by what the client sends first",
    servers: ["a", "b"],
    config: [
      "mode tcp",
      "option tcplog",
      "stick-table type binary len 7 size 100 expire 1m",
      "tcp-request inspect-delay 2s",
      "tcp-request content accept if { req.len ge 7 }",
      "stick on req.payload(0,7)",
    ],
    requests: ["/a", "/b", "/b", "/a", "/c", "/a"].map((path) => closing(path)),
  },
  {
    name: "in TCP, a limit of connections",
    config: [
      "mode tcp",
      "option tcplog",
      everything,
      "tcp-request connection track-sc0 src",
      "tcp-request content reject if { sc0_conn_cnt gt 2 }",
    ],
    requests: ["/a", "/b"].map((path) => closing(path)),
  },
];

oracleCases("stick tables in TCP", tcp);
oracleCases("stick tables, what is counted", counting);
oracleCases("stick tables, what is changed", changing);
oracleCases("stick rules", sticking);
