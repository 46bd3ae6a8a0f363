/** A server that clients are sent to ("redir"), beside haproxy. */
import { oracleCases } from "./harness.ts";

const request = (line: string, content = "") =>
  `${line}\r\nHost: h\r\nContent-Length: ${content.length}\r\n\r\n${content}`;

oracleCases("redir", [
  {
    name: "redir: GET and HEAD go elsewhere, other requests to the server",
    config: ["http-request set-header x-seen yes", "cookie A insert"],
    servers: ["s redir http://images.example/base cookie x"],
    requests: [
      request("GET /a/b?c=1 HTTP/1.1"),
      request("HEAD / HTTP/1.1"),
      request("POST /a HTTP/1.1", "hello"),
      request("GET http://h/abs?x HTTP/1.1"),
      request("OPTIONS * HTTP/1.1"),
      "GET /old HTTP/1.0\r\n\r\n",
    ],
  },
]);
