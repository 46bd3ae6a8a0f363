/** Messages of every framing, on their way in both directions. */
import type { DifferenceName } from "./differences.ts";
import { type Case, oracleCases } from "./harness.ts";

const host = "Host: h\r\n";
const get = `GET /x HTTP/1.1\r\n${host}\r\n`;
const chunkedHead = `POST /c HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`;
const chunked =
  `${chunkedHead}3;ext=1;q="a b"\r\nabc\r\n0A\r\n0123456789\r\n000\r\nT1: v1\r\nT2:\tv 2 \r\n\r\n`;
const large = Array.from({ length: 300_000 }, (_, i) => String.fromCharCode((i * 7919) & 255))
  .join("");
const chunks = (text: string, size: number) => {
  let coded = "";
  for (let i = 0; i < text.length; i += size) {
    const chunk = text.slice(i, i + size);
    coded += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }
  return coded + "0\r\n\r\n";
};
const answering = (name: string, answer: string, request = get): Case => ({
  name,
  answer,
  requests: [request, get],
});
const asking = (name: string, ...requests: string[]): Case => ({ name, requests });
const differing = (difference: DifferenceName, c: Case): Case => ({
  ...c,
  differs: [...c.differs ?? [], difference],
});

/** Sends the bytes in pieces of that size, so that the proxy may read them so. */
const inPieces = (name: string, bytes: string, size: number): Case => ({
  name,
  async play({ connect }) {
    const client = await connect();
    for (let i = 0; i < bytes.length; i += size) {
      client.send(bytes.slice(i, i + size));
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await client.answered();
  },
});

oracleCases("requests", [
  differing(
    "HTTP/1.0 closes",
    asking("HTTP/1.0 GET with length 0", "GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n"),
  ),
  differing(
    "HTTP/1.0 closes",
    asking("HTTP/1.0 PUT", "PUT / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"),
  ),
  asking("GET with content", `GET / HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabc`, get),
  asking("POST without length", `POST / HTTP/1.1\r\n${host}\r\n`, get),
  asking("POST with length 0", `POST / HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`, get),
  asking("length with zeros", `POST / HTTP/1.1\r\n${host}Content-Length: 0003\r\n\r\nabc`, get),
  differing(
    "HTTP/1.0 closes",
    asking("HTTP/1.0 POST", "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"),
  ),
  asking("chunked, extensions and trailers", chunked, get),
  asking("chunked, empty", `${chunkedHead}0\r\n\r\n`, get),
  asking("chunked, coding in capitals", chunked.replace("chunked", "CHUNKED"), get),
  asking("chunked, field in capitals", chunked.replace("Transfer-Encoding", "TRANSFER-ENCODING")),
  asking("chunked, size in capitals", `${chunkedHead}A\r\n0123456789\r\n0\r\n\r\n`, get),
  asking("large, length", `PUT / HTTP/1.1\r\n${host}Content-Length: 300000\r\n\r\n${large}`, get),
  asking("large, chunked", chunkedHead + chunks(large, 10_000), get),
  asking("large, one chunk", chunkedHead + chunks(large, 300_000), get),
  asking("many small chunks", chunkedHead + chunks(large.slice(0, 5000), 3), get),
  inPieces("byte by byte", chunked + get, 1),
  inPieces("three bytes at a time", get + chunked + chunked, 3),
  inPieces("large, in pieces", chunkedHead + chunks(large.slice(0, 60_000), 999), 1777),
  asking("pipelined", get.repeat(5)),
  asking("pipelined with content", chunked + get + chunked + get),
  asking(
    "pipelined, the second closes",
    get + `GET /y HTTP/1.1\r\n${host}Connection: close\r\n\r\n` + get,
  ),
  { ...asking("empty lines before", `\r\n\r\n${get}`, `\r\n${get}`), logs: 2 },
  asking("lower-case method", `get / HTTP/1.1\r\n${host}\r\n`, get),
  asking("own method", `M-SEARCH / HTTP/1.1\r\n${host}\r\n`, get),
  ...["OPTIONS", "TRACE", "DELETE", "PUT", "PATCH", "PROPFIND"].map((method) =>
    asking(method, `${method} /x?y HTTP/1.1\r\n${host}\r\n`, get)
  ),
  asking("OPTIONS *", `OPTIONS * HTTP/1.1\r\n${host}\r\n`, get),
  asking("absolute form", "GET http://h/x?y HTTP/1.1\r\nHost: h\r\n\r\n", get),
  asking("absolute form with port", "GET http://h:81/ HTTP/1.1\r\nHost: h:81\r\n\r\n", get),
  differing(
    "default port",
    asking("absolute form with default port", "GET http://h:80/ HTTP/1.1\r\nHost: h\r\n\r\n", get),
  ),
  differing(
    "HTTP/1.0 closes",
    asking("absolute form, HTTP/1.0", "GET http://h/x HTTP/1.0\r\n\r\n"),
  ),
  asking("absolute form without path", "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", get),
  asking("odd target", "GET /a%20b?c=d&e=%zz;~!@$^*()[]{}|\\`'\" HTTP/1.1\r\nHost: h\r\n\r\n"),
  differing("HTTP/1.0 closes", asking("no Host, HTTP/1.0", "GET / HTTP/1.0\r\n\r\n")),
  asking("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", get),
  asking("Host with port", "GET / HTTP/1.1\r\nHost: example.com:8080\r\n\r\n", get),
  asking("Host IPv6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", get),
  asking(
    "odd fields",
    `GET / HTTP/1.1\r\n${host}A:\r\nB:   \r\nC:x\r\nD: \t x y \t\r\nE: caf\xe9 \x80\xff\r\n` +
      `!#$%&'*+-.^_\`|~1: 2\r\nA: again\r\n\r\n`,
    get,
  ),
  asking(
    "many fields",
    `GET / HTTP/1.1\r\n${host}${
      Array.from({ length: 90 }, (_, i) => `X-${i % 40}: ${i}\r\n`).join("")
    }\r\n`,
    get,
  ),
  asking("long field", `GET / HTTP/1.1\r\n${host}X: ${"y".repeat(14_000)}\r\n\r\n`, get),
  asking("long target", `GET /${"y".repeat(14_000)} HTTP/1.1\r\n${host}\r\n`, get),
  differing(
    "named by Connection",
    asking(
      "hop-by-hop fields",
      `GET / HTTP/1.1\r\n${host}Connection: foo\r\nFoo: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\n` +
        "Proxy-Connection: keep-alive\r\nVia: x\r\n\r\n",
      get,
    ),
  ),
  asking(
    "equal lengths",
    `POST / HTTP/1.1\r\n${host}${"Content-Length: 3\r\n".repeat(2)}\r\nabc`,
  ),
]);

const expecting = `POST / HTTP/1.1\r\n${host}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`;
const upgrade = `GET /chat HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: foo\r\n\r\n`;
const switching = "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n";
const created = "HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n!";

oracleCases("responses", [
  answering("204", "HTTP/1.1 204 No Content\r\n\r\n"),
  answering("304", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"),
  answering("304 with length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n"),
  answering("205", "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n"),
  answering("301", "HTTP/1.1 301 Moved\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"),
  answering("500", "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno"),
  answering("599", "HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\nno"),
  answering("no reason", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"),
  answering("odd reason", "HTTP/1.1 200 caf\xe9 \t!\r\nContent-Length: 2\r\n\r\nok"),
  answering(
    "chunked",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n" +
      "2;a=b\r\nok\r\n1\r\n!\r\n0\r\nT: v\r\n\r\n",
  ),
  answering("large", `HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n${large}`),
  answering(
    "large, chunked",
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(large, 9999)}`,
  ),
  answering("large, until close", `HTTP/1.1 200 OK\r\n\r\n${large}`),
  ...[
    ["with length", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"],
    ["chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["without length", "HTTP/1.1 200 OK\r\n\r\n"],
    ["404", "HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n"],
  ].map(([name = "", answer = ""]): Case => ({
    name: `HEAD, ${name}`,
    answer,
    requests: [`HEAD / HTTP/1.1\r\n${host}\r\n`, `HEAD / HTTP/1.1\r\n${host}\r\n`],
  })),
  answering("103", `HTTP/1.1 103 Early\r\nLink: x\r\n\r\n${created}`),
  answering("several interim ones", "HTTP/1.1 102 Wait\r\n\r\n".repeat(3) + created),
  {
    name: "interim, HTTP/1.0",
    answer: `HTTP/1.1 103 Early\r\nLink: x\r\n\r\n${created}`,
    requests: ["GET / HTTP/1.0\r\n\r\n"],
    differs: ["HTTP/1.0 closes", "no interim responses in HTTP/1.0"],
  },
  answering("equal lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
  answering(
    "odd fields",
    "HTTP/1.1 200 OK\r\nA:\r\nB:  x \r\nA: y\xe9\r\nContent-Length:2\r\n\r\nok",
  ),
  {
    name: "100-continue",
    atHead: "HTTP/1.1 100 Continue\r\n\r\n",
    answer: created,
    async play({ connect }) {
      const client = await connect();
      client.send(expecting);
      await client.receives(" 100 ");
      client.send("abc");
      await client.answered();
      client.send(get);
      await client.answered();
    },
  },
  asking("100-continue that nobody waits for", `${expecting}abc`, get),
  {
    name: "101",
    answer: { bytes: switching, then: "keep" },
    async play({ connect }) {
      const client = await connect();
      client.send(upgrade);
      await client.receives("\r\n\r\n");
      client.send("hello");
      await client.receives("HELLO");
      client.send("\0\xff more");
      await client.receives("MORE");
      client.halfClose();
      await client.ended();
    },
  },
  {
    name: "101, with bytes behind it on both sides",
    answer: { bytes: `${switching}server first `, then: "keep" },
    async play({ connect }) {
      const client = await connect();
      client.send(`${upgrade}ahead `);
      await client.receives("AHEAD");
      client.halfClose();
      await client.ended();
    },
  },
  answering("an upgrade that is not taken", created, upgrade),
  {
    name: "CONNECT",
    differs: ["default port"],
    answer: { bytes: "HTTP/1.1 200 OK\r\n\r\n", then: "keep" },
    async play({ connect }) {
      const client = await connect();
      client.send("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
      await client.receives("\r\n\r\n");
      client.send("hello");
      await client.receives("HELLO");
      client.halfClose();
      await client.ended();
    },
  },
  {
    name: "CONNECT refused",
    differs: ["default port"],
    answer: "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno",
    requests: ["CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"],
  },
]);
