/** Cookie persistence, in every mode and with every option of the `cookie` keyword. */
import { formatDate } from "#src/persist/date.ts";
import { type Case, oracleCases } from "./harness.ts";

const two = ["A cookie a", "B cookie b"];
/** A cookie's dates, seconds ago; the last request's, and the first one's. */
const dated = (...ago: number[]) =>
  ["S=b", ...ago.map((seconds) => formatDate(Date.now() / 1000 - seconds))].join("|");
const get = (cookies: string, rest = "") =>
  `GET /x HTTP/1.1\r\nHost: h\r\n${cookies === "" ? "" : `Cookie: ${cookies}\r\n`}${rest}\r\n`;
const post = (cookies: string) =>
  `POST /x HTTP/1.1\r\nHost: h\r\n${
    cookies === "" ? "" : `Cookie: ${cookies}\r\n`
  }Content-Length: 3\r\n\r\na=b`;
const setting = (...cookies: string[]) =>
  `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${
    cookies.map((cookie) => `Set-Cookie: ${cookie}\r\n`).join("")
  }\r\n`;

/** Cookie fields: the cookie is named S. */
const shapes: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ["alone", ["S=b"]],
  ["first", ["S=b; x=1"]],
  ["last", ["x=1; S=b"]],
  ["in between", ["x=1; S=b; y=2"]],
  ["without spaces", ["x=1;S=b;y=2"]],
  ["first without spaces", ["S=b;y=2"]],
  ["last without spaces", ["x=1;S=b"]],
  ["with more space", ["x=1 ;  S=b  ;  y=2"]],
  ["with tabs", ["x=1;\tS=b;\ty=2"]],
  ["space around =", ["x=1; S = b; y=2"]],
  ["twice", ["S=b; S=a"]],
  ["twice around", ["S=b; x=1; S=a"]],
  ["twice adjacent in between", ["x=1; S=b; S=a; y=2"]],
  ["in the second field", ["x=1", "S=b"]],
  ["in both fields", ["S=b", "S=a"]],
  ["in both fields with others", ["S=b; x=1", "y=2; S=a"]],
  ["empty value", ["S="]],
  ["empty value first", ["S=; x=1"]],
  ["no value", ["S"]],
  ["no value among others", ["x=1; S; y=2"]],
  ["unknown", ["S=zzz"]],
  ["unknown among others", ["x=1; S=zzz; y=2"]],
  ["longer name", ["SS=b; xS=b; S2=b"]],
  ["other case", ["s=b"]],
  ["trailing semicolon", ["S=b;"]],
  ["trailing semicolons", ["x=1; S=b;;"]],
  ["leading semicolon", ["; S=b"]],
  ["empty pairs", ["x=1;; S=b;; y=2"]],
  ["quoted", ['S="b"']],
  ["quoted semicolon before", ['x="a;b"; S=b']],
  ["comma", ["x=1, S=b"]],
  ["between commas", ["x=1, S=b, y=2"]],
  ["before a comma", ["S=b, y=2"]],
  ["comma in value", ["S=b,c; x=1"]],
  ["= in value", ["S=b=c; x=1"]],
  ["nameless", ["=b; S=b"]],
  ["dollar version", ["$Version=1; S=b; $Path=/"]],
  ["prefix", ["S=b~55"]],
  ["prefix among others", ["x=1; S=b~55; y=2"]],
  ["prefix without value", ["S=b~; x=1"]],
  ["unknown prefix", ["S=Z~55"]],
  ["empty prefix", ["S=~55"]],
  ["two prefixes", ["S=b~1~2"]],
  ["prefix twice", ["S=b~1; S=a~2"]],
  ["dates", ["S=b|Zzzzz|Zzzzz"]],
  ["last date only", ["S=b|Zzzzz"]],
  ["broken dates", ["S=b|x|y"]],
  ["empty field", [""]],
  ["empty and not", ["", "S=b"]],
];

const modes = [
  "insert",
  "insert indirect",
  "rewrite",
  "prefix",
  "prefix indirect",
  "insert indirect maxidle 30m maxlife 8h",
];
const shaped: Case[] = modes.flatMap((mode) =>
  shapes.map(([shape, fields]): Case => ({
    name: `cookie S ${mode}, Cookie field: ${shape}`,
    config: [`cookie S ${mode}`],
    servers: two,
    requests: [
      `GET /x HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\n${
        fields.map((value) => `Cookie: ${value}\r\n`).join("")
      }Accept: a\r\n\r\n`,
    ],
  }))
);
oracleCases("cookies in requests", shaped);

const responses: readonly (readonly [name: string, cookies: readonly string[]])[] = [
  ["none", []],
  ["the cookie", ["S=app"]],
  ["the cookie with attributes", ["S=app; Path=/; HttpOnly"]],
  ["another", ["T=app; Path=/"]],
  ["another named in an attribute", ["T=app; S=x"]],
  ["both", ["T=1", "S=app; Path=/", "U=2"]],
  ["the cookie twice", ["S=one", "S=two"]],
  ["empty", ["S="]],
  ["empty with attributes", ["S=; Max-Age=0"]],
  ["no value", ["S"]],
  ["spaces", ["S = app ; Path=/"]],
  ["quoted", ['S="app"; Path=/']],
  ["with the delimiter", ["S=x~y"]],
];
const responseModes = [
  "",
  "insert",
  "insert indirect",
  "insert indirect nocache",
  "insert preserve",
  "insert indirect preserve",
  "insert postonly",
  "insert indirect postonly",
  "rewrite",
  "rewrite nocache",
  "prefix",
  "prefix indirect",
  "prefix nocache",
  "insert indirect httponly secure",
  "insert indirect domain .example.com domain www.example.org",
];
oracleCases(
  "cookies in responses",
  responseModes.flatMap((mode) =>
    responses.flatMap(([shape, cookies]): Case[] =>
      [["", "new client"], [mode.startsWith("prefix") ? "S=b~1" : "S=b", "known client"]].map(
        ([sent = "", who]) => ({
          name: `cookie S ${mode}, ${who}, Set-Cookie: ${shape}`,
          config: [`cookie S ${mode}`.trim()],
          servers: two,
          answer: setting(...cookies),
          ...(mode.includes("insert indirect nocache") && sent === ""
            ? { differs: ["nocache"] as const }
            : {}),
          requests: [get(sent), post(sent)],
        }),
      )
    )
  ),
);

const minute = 60;
const hour = 3600;
/** Dates have steps of four seconds: both programs must see the same one. */
async function beginOfStep(): Promise<void> {
  const step = 4000;
  if (Date.now() % step < 500) return;
  await new Promise((resolve) => setTimeout(resolve, step - Date.now() % step));
}

oracleCases("dates of cookies", async () => {
  await beginOfStep();
  return ["maxidle 30m maxlife 8h", "maxidle 30m", "maxlife 8h", ""].flatMap((limits) =>
    ["insert indirect", "insert"].flatMap((mode) =>
      [
        [],
        [0],
        [0, 0],
        [10 * minute],
        [10 * minute, 0],
        [10 * minute, 4 * hour],
        [31 * minute],
        [31 * minute, 4 * hour],
        [31 * minute, 9 * hour],
        [10 * minute, 9 * hour],
        [-hour, -hour],
        [-25 * hour, -hour],
        [-hour, -25 * hour],
        [-25 * hour],
      ].map((ago): Case => ({
        name: `cookie S ${mode} ${limits}, seconds ago: ${ago}`,
        config: [`cookie S ${mode} ${limits}`],
        servers: two,
        requests: [get(dated(...ago)), get(dated(...ago), "X: 2\r\n")],
      }))
    )
  );
});

oracleCases("flows", [
  {
    name: "guide: insertion, then the same server",
    config: ["cookie SERVERID insert indirect", "option httpclose"],
    servers: ["A cookie A", "B cookie B", "C cookie C", "D cookie D"],
    requests: [
      "GET /URI1 HTTP/1.0\r\n\r\n",
      "GET /URI2 HTTP/1.0\r\nCookie: SERVERID=A\r\n\r\n",
      "GET /URI3 HTTP/1.0\r\nCookie: SERVERID=C; x=1\r\n\r\n",
    ],
  },
  {
    name: "guide: a prefix put on and taken off",
    config: ["cookie JSESSIONID prefix", "option httpclose"],
    servers: ["A cookie A", "B cookie B"],
    answer: setting("JSESSIONID=i12345"),
    requests: [
      "GET /URI1 HTTP/1.0\r\n\r\n",
      "GET /URI1 HTTP/1.0\r\nCookie: JSESSIONID=A~i12345\r\n\r\n",
      "GET /URI1 HTTP/1.0\r\nCookie: JSESSIONID=B~i12345; x=1\r\n\r\n",
    ],
  },
  {
    name: "guide: the server of the cookie is dead",
    config: ["cookie SERVERID insert indirect", "option redispatch", "retries 1"],
    servers: ["dead cookie A", "B cookie B"],
    requests: [get("SERVERID=A")],
  },
  {
    name: "guide: the server of the cookie is disabled",
    config: ["cookie SERVERID insert indirect"],
    servers: ["A cookie A disabled", "B cookie B"],
    requests: [get("SERVERID=A"), get("SERVERID=B")],
  },
  {
    name: "prefix: the server of the cookie is disabled",
    config: ["cookie S prefix"],
    servers: ["A cookie A disabled", "B cookie B"],
    answer: setting("S=55"),
    requests: [get("S=A~55"), get("S=B~55")],
  },
  {
    name: "guide: a backup without a cookie",
    config: ["cookie S insert indirect"],
    servers: ["A cookie A disabled", "W backup"],
    requests: [get("S=A"), get("")],
  },
  {
    name: "a cookie reaches its backup",
    config: ["cookie S insert indirect"],
    servers: ["A cookie A", "W cookie W backup"],
    requests: [get("S=W"), get("")],
  },
  {
    name: "weight 0: no new clients, but its own",
    config: ["cookie S insert indirect"],
    servers: ["A cookie A weight 0", "B cookie B"],
    requests: [get("S=A"), get(""), get("")],
  },
  {
    name: "two servers of one cookie",
    config: ["cookie S insert indirect"],
    servers: ["A cookie x disabled", "B cookie x", "C cookie c"],
    requests: [get("S=x"), get("S=x"), get("S=c")],
  },
  {
    name: "each request of a connection is looked at",
    config: ["cookie S insert indirect"],
    servers: two,
    requests: [get(""), get("S=a"), get("S=b"), get("S=zzz"), get("S=a") + get("S=b")],
  },
  {
    name: "nocache on a response that may be stored",
    config: ["cookie S insert indirect nocache"],
    servers: two,
    answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nCache-Control: max-age=60\r\n" +
      'ETag: "1"\r\nLast-Modified: Sun, 22 Nov 2026 12:00:00 GMT\r\n\r\n',
    requests: [get(""), get("S=a")],
  },
  {
    name: "a server without a cookie",
    config: ["cookie S insert indirect"],
    servers: ["A", "B cookie b"],
    requests: [get(""), get(""), get("S=b")],
  },
  {
    name: "no cookie keyword: the servers' cookies mean nothing",
    servers: ["A", "B"],
    requests: [get("S=b"), get("S=b")],
  },
]);

/** "http-after-response" sees the cookie that the proxy sets; "http-response" does not. */
const behind: Case[] = ["insert", "insert indirect", "prefix", "rewrite"].flatMap(
  (mode) =>
    [
      ['http-after-response replace-header Set-Cookie (.*) "\\1; Secure"'],
      ['http-response replace-header Set-Cookie (.*) "\\1; Secure"'],
      ["http-after-response set-header x-cookie %[res.cook(S)]"],
      ["http-after-response del-header cache-control", "http-response set-header x-a b"],
      ['http-after-response add-header Set-Cookie "S=own; path=/"'],
    ].map((rules) => ({
      name: `cookie S ${mode}, ${rules[0]}`,
      config: [`cookie S ${mode}`, ...rules],
      servers: ["A cookie a"],
      requests: [get("S=none")],
      answer: () => setting("S=x; path=/", "other=1"),
    })),
);

oracleCases("cookies and the rules behind them", behind);
