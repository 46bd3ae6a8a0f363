/** Replies in place of the proxy's own: `errorfile` and its kin, of the backend and the frontend. */
import { assertEquals } from "@std/assert";
import { field, request, status } from "#src/simulate/message.ts";
import { test } from "../testing.ts";
import { type ProxyInput, type Scene, scene, server, web } from "./harness.ts";

const page = (text: string, code = 503) =>
  `HTTP/1.1 ${code} Page\r\nContent-Length: ${text.length}\r\nX-Page: ${text}\r\n\r\n${text}`;
const files = {
  "/fe": page("fe"),
  "/be": page("be"),
  "/a": page("a"),
  "/b": page("b"),
  "/200": page("fine", 200),
  "/close": "HTTP/1.0 503 Sorry\n\nuntil the end\n",
  "/null": "",
};

type Rule = NonNullable<ProxyInput["errors"]>[number];
const file = (code: 200 | 400 | 408 | 502 | 503 | 504, path: string): Rule => ({
  kind: "errorfile",
  status: code,
  file: path,
});

/** A frontend, and the backend that it sends its requests to. */
const apart = (front: readonly Rule[], back: readonly Rule[]): ProxyInput[] => [
  web({
    kind: "frontend",
    servers: [],
    errors: [...front],
    defaultBackend: "www",
    monitorUri: "/alive",
  }),
  {
    name: "www",
    kind: "backend",
    mode: "http",
    timeout: { connect: 4000, server: 20_000 },
    errors: [...back],
    servers: [],
  },
];

/** What the response to a request is: its status, its page, and its content. */
function ask(w: Scene, text = request("/")): string {
  const client = w.client().send(text);
  w.run();
  const [answer] = client.responses.whole;
  if (answer === undefined) return client.hasEnded ? `closed: '${client.received}'` : "nothing";
  return `${status(answer)} ${field(answer, "X-Page")} ${answer.content}`;
}

test(
  "error replies: the backend's first, once there is one, else the frontend's",
  scene(
    apart([file(200, "/fe"), file(400, "/fe"), file(503, "/fe")], [
      file(200, "/be"),
      file(400, "/be"),
      file(503, "/be"),
    ]),
    (w) => {
      assertEquals(ask(w), "503 be be");
      assertEquals(ask(w, "GET bad\r\n\r\n"), "503 fe fe");
      assertEquals(ask(w, request("/alive")), "503 fe fe");
      assertEquals(w.records.map(({ status }) => status), [503, 400]);
    },
    { files },
  ),
);

test(
  "error replies: the frontend's where the backend has none",
  scene(apart([file(503, "/fe")], [file(502, "/be")]), (w) => {
    assertEquals(ask(w), "503 fe fe");
  }, { files }),
);

test(
  "error replies: what is logged is the status that the file stands for",
  scene(web({ errors: [file(503, "/200")], servers: [] }), (w) => {
    assertEquals(ask(w), "200 fine fine");
    assertEquals(w.records.map(({ status, termination }) => [status, termination]), [
      [503, "SC--"],
    ]);
  }, { files }),
);

test(
  "error replies: a HEAD has the head alone, the connection stays",
  scene(web({ errors: [file(503, "/a")], servers: [] }), (w) => {
    const client = w.client().send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + request("/"));
    w.run();
    const head = files["/a"].slice(0, files["/a"].indexOf("\r\n\r\n") + 4);
    assertEquals(client.received, head + files["/a"]);
    assertEquals(client.hasEnded, false);
  }, { files }),
);

test(
  "error replies: without a length the content ends with the connection",
  scene(web({ errors: [file(503, "/close")], servers: [] }), (w) => {
    const client = w.client().send(request("/") + request("/"));
    w.run();
    assertEquals(
      client.received,
      "HTTP/1.1 503 Sorry\r\nConnection: close\r\n\r\nuntil the end\n",
    );
    assertEquals([client.hasEnded, client.broke], [true, null]);
  }, { files }),
);

test(
  "error replies: of an empty file nothing is sent, the connection is closed",
  scene(
    web({ errors: [file(503, "/null"), file(400, "/null"), file(408, "/null")], servers: [] }),
    (w) => {
      assertEquals(ask(w), "closed: ''");
      assertEquals(ask(w, "bad\r\n\r\n"), "closed: ''");
      const silent = w.client();
      w.advance(30_100);
      assertEquals([silent.received, silent.hasEnded], ["", true]);
      assertEquals(
        w.records.map(({ status, bytes, termination }) => [status, bytes, termination]),
        [[503, 0, "SC--"], [400, 0, "PR--"], [408, 0, "cR--"]],
      );
    },
    { files },
  ),
);

test(
  "error replies: the last one for a status counts, 'default-errorfiles' takes it back",
  scene(
    apart([file(503, "/a"), file(503, "/b")], [
      file(503, "/be"),
      { kind: "http-error", reply: { status: 503, body: { kind: "default-errorfiles" } } },
    ]),
    (w) => assertEquals(ask(w), "503 b b"),
    { files },
  ),
);

test(
  "error replies: the files of a section, all or some",
  scene(
    apart(
      [{ kind: "errorfiles", section: "site", statuses: [400] }],
      [{ kind: "errorfiles", section: "site" }, { kind: "errorfiles", section: "other" }],
    ),
    (w) => {
      assertEquals(ask(w), "503 b b");
      assertEquals(ask(w, "bad\r\n\r\n"), "503 a a");
    },
    {
      files,
      sections: {
        httpErrors: [
          {
            name: "site",
            errorfiles: [
              { status: 503, file: "/be" },
              { status: 400, file: "/be" },
              { status: 400, file: "/a" },
            ],
          },
          { name: "other", errorfiles: [{ status: 503, file: "/b" }] },
        ],
      },
    },
  ),
);

test(
  "error replies: redirections",
  scene(
    apart([{ kind: "errorloc", status: 400, code: 303, url: "/why" }], [
      { kind: "errorloc", status: 503, url: "http://other/" },
    ]),
    (w) => {
      const client = w.client().send(request("/") + "bad\r\n\r\n");
      w.run();
      assertEquals(
        client.received,
        "HTTP/1.1 302 Found\r\nCache-Control: no-cache\r\nContent-Length: 0\r\n" +
          "Location: http://other/\r\n\r\n" +
          "HTTP/1.1 303 See Other\r\nCache-Control: no-cache\r\nContent-Length: 0\r\n" +
          "Location: /why\r\nConnection: close\r\n\r\n",
      );
    },
  ),
);

test(
  "error replies: 'http-error' says content, type and fields",
  scene(
    web({
      servers: [],
      errors: [{
        kind: "http-error",
        reply: {
          status: 503,
          contentType: "text/plain",
          body: { kind: "string", argument: "später" },
          fields: [{ name: "Retry-After", value: "10" }, { name: "X-Share", value: "50%%" }],
        },
      }],
    }),
    (w) => {
      const client = w.client().send(request("/"));
      w.run();
      assertEquals(
        client.received,
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nX-Share: 50%\r\n" +
          "Content-Length: 7\r\nContent-Type: text/plain\r\n\r\nsp\xc3\xa4ter",
      );
    },
  ),
);

test(
  "error replies: a server's own errors pass as they are",
  scene(web({ errors: [file(503, "/a"), file(502, "/b")], servers: [server("s1")] }), (w) => {
    w.origin("s1", () => "HTTP/1.1 503 Mine\r\nContent-Length: 4\r\n\r\nmine");
    assertEquals(ask(w), "503 null mine");
  }, { files }),
);

test(
  "error replies: where HAProxy says 400 of a head that is too long, its page stands in",
  scene(web({ errors: [file(400, "/a")] }), (w) => {
    assertEquals(ask(w, request(`/${"x".repeat(20_000)}`)), "503 a a");
    assertEquals(w.records.map(({ status }) => status), [414]);
  }, { files }),
);

test(
  "error replies: formats know the request, later too; not one that could not be read",
  scene(
    web({
      servers: [server("s1")],
      timeout: { connect: 4000, client: 30_000, server: 5000 },
      errors: ([503, 504, 400] as const).map((status) => ({
        kind: "http-error" as const,
        reply: {
          status,
          contentType: "text/plain",
          body: { kind: "lf-string" as const, argument: "no %[path] for %[src], 100%%" },
          fields: [{ name: "X-Host", value: "%[req.hdr(host)]" }],
        },
      })),
    }),
    (w) => {
      const ask = (text: string, ms = 10) => {
        const client = w.client().send(text);
        w.advance(ms);
        return client.received;
      };
      const text = "GET /a/b HTTP/1.1\r\nHost: h.example\r\n\r\n";
      const reply = (line: string) =>
        `HTTP/1.1 ${line}\r\nX-Host: h.example\r\nContent-Length: 26\r\n` +
        "Content-Type: text/plain\r\n\r\nno /a/b for 10.9.9.9, 100%";
      // The order of the fields is nobody's promise.
      const sorted = (message: string) => message.toLowerCase().split("\r\n").sort().join("\n");
      assertEquals(
        sorted(ask(text, 4100)),
        sorted(reply("503 Service Unavailable")),
      );
      const s1 = w.origin("s1", () => null);
      assertEquals(
        sorted(ask(text, 5100)),
        sorted(reply("504 Gateway Time-out")),
      );
      assertEquals(s1.connections.length, 1);
      assertEquals(ask("bad\r\n\r\n").includes("could not be understood"), true);
    },
  ),
);
