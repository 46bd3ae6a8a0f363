/** The backend belongs to the transaction: use_backend, default_backend, modes, the server's name. */
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type ProxyInput, scene, server, settle, web } from "./harness.ts";
import { field, type Message, request, status } from "#src/simulate/message.ts";

const frontend = (settings: Partial<ProxyInput> = {}): ProxyInput =>
  web({ kind: "frontend", servers: [], ...settings });
const backend = (name: string, origin: string, settings: Partial<ProxyInput> = {}): ProxyInput =>
  web({ name, kind: "backend", bind: [], servers: [server(origin)], ...settings });

for (const useBackend of [[], [{ backend: "b" }], [{ backend: "b" }, { backend: "a" }]]) {
  const wanted = useBackend.length > 0 ? "s2" : "s1";
  test(`${useBackend.length} times use_backend: the first counts, else default_backend`, () =>
    scene(
      [frontend({ useBackend, defaultBackend: "a" }), backend("a", "s1"), backend("b", "s2")],
      (w) => {
        w.origin("s1");
        w.origin("s2");
        const client = w.client().request(request("/"), request("/"));
        w.run();
        assertEquals(client.responses.whole.map(({ content }) => content), [wanted, wanted]);
        assertEquals(
          w.records.map(({ backend }) => backend),
          useBackend.length > 0 ? ["b", "b"] : [
            "a",
            "a",
          ],
        );
      },
    )());
}

test("the settings of the backend that was chosen hold, together with the frontend's", () =>
  scene(
    [
      frontend({ useBackend: [{ backend: "b" }], defaultBackend: "a" }),
      backend("a", "s1"),
      backend("b", "s2", {
        connection: "close",
        forwardfor: { header: "X-Client" },
        cookie: { name: "SID", mode: "insert" },
        servers: [server("s2", { cookie: "two" })],
      }),
    ],
    (w) => {
      const s2 = w.origin("s2");
      const client = w.client("10.9.9.9").request(request("/"));
      w.run();
      const [response] = client.responses.whole;
      assertEquals(field(response!, "connection"), "close");
      assertEquals(field(response!, "set-cookie"), "SID=two; path=/");
      assertEquals(field(s2.requests[0]!, "x-client"), "10.9.9.9");
    },
  )());

test("a frontend in mode tcp whose backend is in mode http speaks HTTP", () =>
  scene(
    [frontend({ mode: "tcp", logFormat: "tcplog", defaultBackend: "a" }), backend("a", "s1")],
    async (w) => {
      const s1 = w.origin("s1");
      const client = w.client().request(request("/a"), request("/b"));
      await settle(w);
      assertEquals(client.responses.whole.map(status), [200, 200]);
      assertEquals(s1.requests.map(({ line }) => line), ["GET /a HTTP/1.1", "GET /b HTTP/1.1"]);
      const bad = w.client().send("\x16\x03\x01 this is no HTTP\r\n\r\n");
      await settle(w);
      assertEquals(bad.received.slice(0, 12), "HTTP/1.1 400");
    },
  )());

const names = (message: Message) => message.fields.filter((line) => /^x-server/i.test(line));

test("http-send-name-header: names the server that is tried last, with the content that waits", () =>
  scene(
    web({
      httpSendNameHeader: "X-Server",
      redispatch: true,
      retries: 1,
      servers: [server("s1"), server("s2")],
    }),
    (w) => {
      const s2 = w.origin("s2"); // s1 refuses connections
      const client = w.client().request(request("/", "content", "x-server: mine", "A: 1"));
      w.advance(1100);
      assertEquals(client.responses.whole.map(status), [200]);
      const [asked] = s2.requests;
      assertEquals([names(asked!), asked!.content], [["X-Server: s2"], "content"]);
      assertEquals(field(asked!, "a"), "1");
    },
  )());

test("http-send-name-header: a request that waits is named when its server is known", () =>
  scene(
    web({ httpSendNameHeader: "X-Server", servers: [server("s1", { maxconn: 1 })] }),
    (w) => {
      const s1 = w.origin("s1", () => null);
      w.client().request(request("/first"));
      w.client().request(request("/second", "content"));
      w.run();
      assertEquals(s1.requests.length, 1);
      s1.connections[0]!.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      w.run();
      assertEquals(s1.requests.map(names), [["X-Server: s1"], ["X-Server: s1"]]);
      assertEquals(s1.requests[1]!.content, "content");
      s1.connections.at(-1)!.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      w.run();
      assertEquals(w.records.map(({ requestLine }) => requestLine), [
        "GET /first HTTP/1.1",
        "POST /second HTTP/1.1",
      ]);
    },
  )());
