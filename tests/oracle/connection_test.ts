/** How long connections live, in every mode, for clients and servers of HTTP/1.0 and 1.1. */
import { type Case, oracleCases } from "./harness.ts";

const modes = ["http-keep-alive", "http-server-close", "httpclose", "forceclose"];
/** haproxy 2.6 has forgotten one of them. */
const today = (mode: string) => mode === "forceclose" ? "httpclose" : mode;

const requests: readonly (readonly [name: string, request: string])[] = [
  ["1.1", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"],
  ["1.1 close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"],
  ["1.1 keep-alive", "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n"],
  ["1.1 Keep-Alive, Foo", "GET / HTTP/1.1\r\nHost: h\r\nConnection: Keep-Alive, Foo\r\n\r\n"],
  ["1.1 close, foo", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, foo\r\n\r\n"],
  ["1.1 two fields", "GET / HTTP/1.1\r\nHost: h\r\nConnection: foo\r\nConnection: close\r\n\r\n"],
  ["1.1 both", "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, close\r\n\r\n"],
  ["1.0", "GET / HTTP/1.0\r\n\r\n"],
  ["1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"],
  ["1.0 close", "GET / HTTP/1.0\r\nConnection: close\r\n\r\n"],
  ["1.0 both", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"],
  ["1.0 with Host", "GET / HTTP/1.0\r\nHost: h\r\nConnection: Keep-Alive\r\n\r\n"],
  ["HEAD 1.1", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"],
  ["POST 1.1", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"],
];

const length = "Content-Length: 2\r\n";
const answers: readonly (readonly [name: string, head: string, content: string])[] = [
  ["1.1", `HTTP/1.1 200 OK\r\n${length}`, "ok"],
  ["1.1 close", `HTTP/1.1 200 OK\r\n${length}Connection: close\r\n`, "ok"],
  ["1.1 keep-alive", `HTTP/1.1 200 OK\r\n${length}Connection: keep-alive\r\n`, "ok"],
  ["1.1 foo", `HTTP/1.1 200 OK\r\n${length}Connection: close, foo\r\nFoo: 1\r\n`, "ok"],
  ["1.0", `HTTP/1.0 200 OK\r\n${length}`, "ok"],
  ["1.0 keep-alive", `HTTP/1.0 200 OK\r\n${length}Connection: keep-alive\r\n`, "ok"],
  ["chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "2\r\nok\r\n0\r\n\r\n"],
  ["until close", "HTTP/1.1 200 OK\r\n", "ok"],
  ["1.0 until close", "HTTP/1.0 200 OK\r\n", "ok"],
  ["until close, said", "HTTP/1.1 200 OK\r\nConnection: close\r\n", "ok"],
];

const cases = modes.flatMap((mode) =>
  requests.flatMap(([request, bytes]) =>
    answers.map(([answer, head, content]): Case => ({
      name: `${mode}: ${request} -> ${answer}`,
      config: [`option ${mode}`],
      haproxy: [`option ${today(mode)}`],
      differs: [
        ...(mode === "http-keep-alive" && ["1.0", "1.0 close", "1.0 both"].includes(request)
          ? ["HTTP/1.0 closes"] as const
          : []),
        ...(/foo/i.test(bytes + head) ? ["named by Connection"] as const : []),
      ],
      answer: {
        bytes: `${head}\r\n${request.startsWith("HEAD") ? "" : content}`,
        then: /close|1\.0$/.test(answer) ? "close" : "keep",
      },
      requests: [bytes, bytes],
      // Which connections are kept for whom is each proxy's own affair.
      ...(mode === "http-keep-alive" ? {} : { countConnections: true }),
    }))
  )
);
oracleCases("connections", cases);
