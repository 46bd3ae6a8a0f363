/** Rules of HTTP beside haproxy: conditions, edits, replies, redirects, fetches, captures. */
import { type Case, oracleCases } from "./harness.ts";

const get = (target = "/", fields = "", host = "www.example.com") =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`;
const post = (target: string, content: string) =>
  `POST ${target} HTTP/1.1\r\nHost: h\r\nContent-Length: ${content.length}\r\n\r\n${content}`;
/** A reply with a content of its own: those of error pages are each program's own. */
const own = (status: number) => `deny_status ${status} content-type text/plain string no`;

/** Criteria, each tested on all requests: whether it holds is seen by the server. */
const criteria = [
  "path /a",
  "path -i /A",
  "path_beg /a /b",
  "path_end .php .html",
  "path_dir static",
  "path_dom example",
  "path_sub tat",
  "path_reg ^/[a-c]+$",
  "path_len gt 5",
  "path -m len 1:4",
  "path,lower -m beg /up",
  "url_beg http://",
  "base_beg www.example.com/a",
  "query -m found",
  "query -m beg x=1",
  "method GET",
  "method POST PUT",
  "hdr(host) -i WWW.EXAMPLE.COM",
  "hdr_beg(host) -i www.",
  "hdr_dom(host) -i example.com",
  "hdr_end(host) .com",
  "hdr_sub(user-agent) -i bot",
  "hdr_reg(user-agent) ^[A-Z]",
  "hdr_cnt(x-list) gt 1",
  "hdr_cnt(x-list) 2:3",
  "hdr_val(x-number) ge 10",
  "hdr_ip(x-forwarded-for) 10.0.0.0/8",
  "hdr(x-list) two",
  "req.fhdr(x-list) -m str one,two",
  "req.hdr(x-none) -m found",
  "cook(a) 1",
  "cook_beg(b) tw",
  "cook_cnt(a) 1",
  "req.ver 1.1",
  "src 127.0.0.0/8",
  "src 10.0.0.0/8",
  "dst_port 1:65535",
  "http_first_req",
  "always_false",
];
const targets = [
  get("/a"),
  get("/static/up.html?x=1"),
  get("/UP.php?y", "User-Agent: Googlebot\r\nCookie: a=1; b=two; a=3\r\n"),
  get("/b", "X-List: one,two\r\nX-List: three\r\nX-Number: 12\r\n", "other.org"),
  get("http://www.example.com/abs", "X-Forwarded-For: 192.168.1.1, 10.1.2.3\r\nX-Number: -3\r\n"),
  post("/a", "hello"),
];

const conditions: Case[] = criteria.map((criterion) => ({
  name: `condition { ${criterion} }`,
  config: [
    `http-request set-header x-holds yes if { ${criterion} }`,
    `http-request set-header x-not yes unless { ${criterion} }`,
  ],
  requests: targets,
}));

const combined: Case[] = [
  "a b",
  "a or b",
  "a || b c",
  "!a b",
  "! a !b or c",
  "a { path_end /2 } or !{ path_beg / }",
  "METH_GET",
  "!METH_POST HTTP_1.1",
  "TRUE !FALSE",
  "LOCALHOST",
].map((condition) => ({
  name: `conditions: ${condition}`,
  config: [
    "acl a path_beg /1",
    "acl a path_beg /one",
    "acl b path_end /2",
    "acl c method POST",
    `http-request set-header x-holds yes if ${condition}`,
    `http-request set-header x-not yes unless ${condition}`,
  ],
  requests: [get("/1/2"), get("/one"), get("/2"), post("/1", "x"), post("/3/2", "y"), get("/")],
}));

/** Expressions, whose values the server sees. */
const expressions = [
  "path",
  "pathq",
  "query",
  "url",
  "base",
  "method",
  "req.ver",
  "req.hdr(x-list)",
  "req.hdr(x-list,1)",
  "req.hdr(x-list,-2)",
  "req.hdr(x-list,9)",
  "req.fhdr(x-list)",
  "req.fhdr(x-list,1)",
  "req.hdr_cnt(x-list)",
  "req.fhdr_cnt(x-list)",
  "req.hdr_val(x-number)",
  "req.hdr_ip(x-forwarded-for)",
  "req.hdr_ip(x-forwarded-for,1)",
  "req.hdr_names",
  "req.hdr_names(:)",
  "req.cook(a)",
  "req.cook_cnt(a)",
  "req.cook_val(a)",
  "hdr(host),upper",
  "req.hdr(host),lower",
  "src",
  "str(a),upper",
  "str(1),lower",
  "int(42)",
  "bool(true)",
  "ipv4(10.1.2.3)",
  "base32",
  "url32",
  "fe_name",
  "be_name",
  "http_first_req",
  "capture.req.method",
  "capture.req.uri",
  "capture.req.ver",
];
const values: Case[] = [];
for (let at = 0; at < expressions.length; at += 8) {
  const some = expressions.slice(at, at + 8);
  values.push({
    name: `values: ${some.join(" ")}`,
    config: some.map((each, i) => `http-request set-header x-${i} "<%[${each}]>"`),
    requests: [
      get("/up/%41?x=1&y=2", "X-List: one, two\r\nX-List: three\r\nX-Number: 12\r\n"),
      get(
        "/",
        "Cookie: a=7; b=2\r\nCookie: a=9\r\nX-Forwarded-For: 10.1.1.1, 10.2.2.2\r\n",
        "h:81",
      ),
      get("http://www.example.com/abs?q", "X-Number: x\r\nX-List:\r\n"),
    ],
  });
}

const edits: Case[] = [
  {
    name: "edits of fields, each seen by the next rule",
    config: [
      "http-request set-header x-a 1",
      'http-request add-header x-a "%[req.hdr(x-a)]2"',
      "http-request set-header x-b %[req.hdr_cnt(x-a)]",
      "http-request del-header x-gone",
      "http-request set-header x-c %[req.hdr(x-gone)]",
      "http-request del-header x-pre -m beg",
      "http-request replace-header x-r (.*)-(.*) \\2_\\1",
      "http-request replace-value x-v ^a(.)$ b\\1",
      "http-response set-header x-status %[status]",
      "http-response add-header x-more one",
      "http-response add-header x-more two",
      "http-response del-header server",
      "http-after-response set-header x-after yes",
    ],
    requests: [
      get("/", "X-Gone: 1\r\nX-Pre-1: a\r\nX-Pre-2: b\r\nX-R: one-two\r\nX-V: a1, a2,c\r\n"),
      get("/", "X-R: none\r\nX-R: a-b-c\r\n"),
    ],
  },
  {
    name: "a field's name with a colon",
    config: [
      "http-request set-header X-Forwarded-Proto: http",
      "http-response add-header X-Also: yes",
    ],
    requests: [get("/", "X-Forwarded-Proto: https\r\n")],
  },
  {
    name: "edits of the request line",
    config: [
      "http-request set-path /v2%[path] if { path_beg /api }",
      "http-request set-query %[query]&more=1 if { path_beg /query }",
      "http-request set-pathq /whole?new if { path /pathq }",
      "http-request set-uri /uri%[path] if { path_beg /uri }",
      "http-request set-method PUT if { path /method }",
      "http-request replace-path ^/old/(.*)$ /new/\\1",
      "http-request replace-pathq ^(/pq)/(.*) \\1\\2",
      "http-request replace-uri ^/ru(.*) /x\\1",
    ],
    requests: [
      "/api/a?b=c",
      "/query?a",
      "/pathq?old",
      "/uri",
      "/method",
      "/old/a/b?q",
      "/pq/a?b/c",
      "/ru?x",
    ]
      .map((target) => get(target)),
  },
  {
    name: "variables",
    config: [
      "http-request set-var(txn.a) path",
      "http-request set-var(sess.count) int(1) if !{ var(sess.count) -m found }",
      "http-request set-var(req.b) req.hdr(host),lower",
      'http-request set-var-fmt(txn.f) "%[method]-%[path]"',
      "http-request unset-var(txn.a) if { path /unset }",
      "http-request set-header x-vars %[var(txn.a)]/%[var(sess.count)]/%[var(req.b)]/%[var(txn.f)]",
      "http-response set-header x-vars %[var(txn.a)]/%[var(req.b)]/%[var(res.none)]",
    ],
    requests: [get("/one"), get("/unset"), get("/two", "", "UPPER.org")],
  },
];

const replies: Case[] = [
  {
    name: "deny, return, with contents of their own",
    config: [
      `http-request deny ${own(429)} if { path /deny }`,
      'http-request return status 201 content-type text/plain string "made" hdr x-a 1 if { path /made }',
      'http-request return status 200 content-type text/plain lf-string "%[path] %[src]" if { path_beg /lf }',
      "http-request return status 204 if { path /empty }",
      `http-response deny ${own(502)} if { path_beg / } { status 404 }`,
    ],
    requests: ["/deny", "/made", "/lf/x", "/empty", "/", "/deny"].map((target) => get(target)),
  },
  ...[
    "location /there",
    "location https://www.example.org%[path] code 301",
    "prefix https://www.example.org",
    "prefix https://www.example.org code 303 drop-query",
    "prefix https://www.example.org drop-query append-slash code 307",
    "prefix / code 308",
    "scheme https",
    "scheme https code 301",
    "location / set-cookie SEEN=1",
    "location / clear-cookie USER=",
    "location %[req.hdr(x-none)] ignore-empty",
  ].map((redirect): Case => ({
    name: `redirect ${redirect}`,
    config: [`http-request redirect ${redirect} unless { path /pass }`],
    requests: [get("/a/b?c=d"), get("/pass"), get("/a/"), get("/")],
  })),
  {
    name: "the directive 'redirect' comes after the rules",
    config: [
      "redirect scheme https if { path_beg /r }",
      `http-request deny ${own(403)} if { path /r/deny }`,
    ],
    requests: [get("/r/x"), get("/r/deny"), get("/")],
  },
  {
    name: "tarpit",
    config: ["timeout tarpit 100ms", `http-request tarpit ${own(500)} if { path /slow }`],
    requests: [get("/slow"), get("/")],
  },
  {
    name: "reject",
    config: ["http-request reject if { path /reject }"],
    requests: [get("/"), get("/reject"), get("/")],
  },
];

oracleCases("conditions", conditions);
oracleCases("combined conditions", combined);
oracleCases("values", values);
oracleCases("edits by rules", edits);
oracleCases("replies of rules", replies);
