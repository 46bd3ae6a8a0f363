/** Requests that wait: for their content, or in a queue by priority; and cookies that caches must not keep. */
import { type Case, oracleCases } from "./harness.ts";

const post = (fields: string, content: string) =>
  `POST /x HTTP/1.1\r\nHost: h\r\n${fields}\r\n${content}`;
const length = "http-request set-header x-length %[req.body_len]";
const wait = ["http-request wait-for-body time 20s", length];
const buffer = ["option http-buffer-request", length];

/** The head and a part of the content, and then the rest. */
function inPieces(name: string, config: readonly string[], first: string, rest: string): Case {
  return {
    name,
    config,
    async play({ connect, barrier }) {
      const client = await connect();
      client.send(first);
      await barrier();
      client.send(rest);
      await client.answered();
    },
  };
}

const sized = "Content-Length: 10\r\n";
const chunked = "Transfer-Encoding: chunked\r\n";

oracleCases("waiting for content", [
  ...([["wait-for-body", wait], ["http-buffer-request", buffer]] as const).flatMap((
    [name, config],
  ) => [
    { name: `${name}: at once`, config, requests: [post(sized, "1234567890")] },
    inPieces(`${name}: in pieces`, config, post(sized, "123"), "4567890"),
    inPieces(`${name}: chunks`, config, post(chunked, "3\r\nabc\r\n"), "2\r\nde\r\n0\r\n\r\n"),
    {
      name: `${name}: a client that waits to be told`,
      config,
      async play({ connect }) {
        const client = await connect();
        client.send(post(`${sized}Expect: 100-continue\r\n`, ""));
        await client.receives(" 100 ");
        client.send("1234567890");
        await client.answered();
      },
    } satisfies Case,
  ]),
  {
    name: "wait-for-body: not all of it",
    config: ["http-request wait-for-body time 20s at-least 5", length],
    requests: [post(sized, "1234567890")],
  },
]);

const answers = {
  "": "GET",
  "Cache-Control: max-age=5\r\nCache-Control: private\r\n": "GET",
  'Cache-Control: max-age=5, no-cache="set-cookie"\r\n': "GET",
  "Pragma: no-cache\r\n": "GET",
  "Cache-Control: max-age=0\r\n": "GET",
  "Cache-Control: public\r\n": "GET",
  "ETag: a\r\n": "POST",
};
oracleCases(
  "checkcache: responses that pass",
  Object.entries(answers).map(([fields, method]): Case => ({
    name: `${method} ${JSON.stringify(fields)}`,
    config: ["option checkcache"],
    answer: `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${fields}Set-Cookie: a=b\r\n\r\n`,
    requests: [`${method} / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n`],
  })),
);

const get = (path: string, fields: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`;

/** Requests wait for one slot; the order in which the server gets them is compared. */
function queued(name: string, config: readonly string[], fields: readonly string[]): Case {
  return {
    name,
    config,
    servers: ["s maxconn 1"],
    async answer(_request, released) {
      await released;
      return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    },
    differs: ["a slot passed on"],
    logs: fields.length + 1,
    probe: false,
    async play({ connect, reached, barrier, release }) {
      const first = await connect();
      first.send(get("/first", ""));
      await reached("s", 1);
      const clients = [];
      for (const [i, field] of fields.entries()) {
        const client = await connect();
        client.send(get(`/${i}`, field));
        await barrier();
        clients.push(client);
      }
      release();
      for (const client of [first, ...clients]) await client.answered();
    },
  };
}

oracleCases("priorities in queues", [
  queued("classes", ["http-request set-priority-class req.hdr(class)"], [
    ..."Class: 5\r\n|Class: 1\r\n|Class: -7\r\n|Class: 1\r\n|".split("|"),
  ]),
  queued("offsets", ["http-request set-priority-offset req.hdr(offset)"], [
    ..."Offset: 60000\r\n|Offset: -60000\r\n||Offset: -30000\r\n".split("|"),
  ]),
  queued("in order", [], ["", "", ""]),
]);

const proxied = "PROXY TCP4 9.8.7.6 1.2.3.4 5 6\r\n";
const source = "http-request set-header x-src %[src]";
oracleCases("texts of a configuration in UTF-8", [{
  name: "fields, expressions, replies and patterns",
  config: [
    "http-request set-header x 'é %[str(€),length]'",
    "acl same req.hdr(y) -m str é",
    "http-request return status 200 content-type text/plain string 'grüße' if same",
    "http-request set-header x-url %[str(é),url_enc]",
  ],
  requests: [get("/", "Y: \xc3\xa9\r\n"), get("/", "")],
}]);

oracleCases("connections that rules have begin otherwise, and pauses", [
  {
    name: "expect-proxy: a header comes",
    config: ["tcp-request connection expect-proxy layer4 if { src 127.0.0.0/8 }", source],
    requests: [`${proxied}${get("/", "")}`],
    probe: false,
  },
  {
    name: "expect-proxy: not of this client",
    config: ["tcp-request connection expect-proxy layer4 if { src 10.0.0.0/8 }", source],
    requests: [get("/", "")],
  },
  {
    name: "pause, which haproxy 2.6 has not",
    config: [
      "http-request pause 100ms",
      "http-request set-header x %[fc.timer.total,div(100),bool,iif(yes,no)]",
    ],
    haproxy: ["http-request set-header x yes"],
    requests: [get("/", "")],
  },
]);
