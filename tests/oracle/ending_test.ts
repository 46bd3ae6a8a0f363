/** Clients and servers that fall silent, or leave, at every moment of an exchange. */
import { type Case, oracleCases } from "./harness.ts";

const get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
const head = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n";
const chunkedHead = "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
const ok = "HTTP/1.1 200 OK\r\n";

/** A client that sends this and then waits. */
const silent = (name: string, config: string[], sent: string, rest: Partial<Case> = {}): Case => ({
  name,
  config,
  probe: false,
  async play({ connect }) {
    const client = await connect();
    if (sent !== "") client.send(sent);
    await client.ended();
  },
  ...rest,
});
/** Longer than a test on a busy machine takes to send what it means to send. */
const reading = ["timeout http-request 1s"];
const client = ["timeout client 1s"];

oracleCases("silent clients", [
  silent("nothing, http-request", reading, "", { logs: 1 }),
  silent("nothing, client", client, "", { logs: 1 }),
  silent("nothing, dontlognull", [...reading, "option dontlognull"], "", { logs: 0 }),
  silent("half a request line", reading, "GET / HT"),
  silent("half a head", reading, "GET / HTTP/1.1\r\nHost: h\r\n"),
  silent("half a head, client", client, "GET / HTTP/1.1\r\nHost: h\r\n"),
  silent("half a head, dontlognull", [...reading, "option dontlognull"], "GET / HTTP"),
  ...[`${head}12345`, head, `${chunkedHead}5\r\nab`].map((sent) =>
    silent(
      `half a content: ${JSON.stringify(sent.slice(60))}`,
      [...client, "timeout server 3s"],
      sent,
      { differs: ["silent within the content"] },
    )
  ),
  silent("after a response, http-keep-alive", ["timeout http-keep-alive 400ms"], get),
  silent("after a response, http-request", reading, get),
  silent("after a response, client", client, get),
  silent("within a second head", reading, `${get}GET /`, { logs: 2 }),
]);

const server = ["timeout server 1s"];
const hang = { bytes: "", then: "keep" } as const;

oracleCases("silent servers", [
  { name: "no response", config: server, answer: hang, requests: [get] },
  {
    name: "no response to HEAD",
    config: server,
    answer: hang,
    requests: ["HEAD / HTTP/1.0\r\n\r\n"],
    differs: ["HTTP/1.0 closes"],
  },
  { name: "no response to POST", config: server, answer: hang, requests: [`${head}1234567890`] },
  {
    name: "half a head",
    config: server,
    answer: { bytes: `${ok}X: y\r\n`, then: "keep" },
    requests: [get],
  },
  {
    name: "half a content",
    config: server,
    answer: { bytes: `${ok}Content-Length: 10\r\n\r\n12345`, then: "keep" },
    requests: [get],
    logs: 1,
  },
  {
    name: "half a chunked content",
    config: server,
    answer: { bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\n123`, then: "keep" },
    requests: [get],
    logs: 1,
  },
  {
    name: "a content without length",
    config: server,
    answer: { bytes: `${ok}\r\n12345`, then: "keep" },
    requests: [get],
    logs: 1,
    resets: true,
    differs: ["truncated without length"],
  },
  {
    name: "interim response only",
    config: server,
    answer: { bytes: "HTTP/1.1 103 Early\r\n\r\n", then: "keep" },
    requests: [get],
    logs: 1,
  },
]);

/** A client that sends this and ends its direction, before anything is answered. */
const halfClosing = (name: string, sent: string, rest: Partial<Case> = {}): Case => ({
  name,
  ...slow,
  async play({ connect, barrier, release }) {
    const client = await connect();
    if (sent !== "") client.send(sent);
    await barrier();
    client.halfClose();
    await barrier();
    release();
    await client.ended();
  },
  ...rest,
});
const slow: Partial<Case> = {
  async answer(_request, released) {
    await released;
    return `${ok}Content-Length: 2\r\n\r\nok`;
  },
};
/** A client that leaves while the server has not answered. */
const leaving = (name: string, how: "close" | "reset", sent: string): Case => ({
  name,
  ...slow,
  logs: 1,
  async play({ connect, reached, barrier, release }) {
    const client = await connect();
    client.send(sent);
    if (sent === get) await reached("s", 1);
    await barrier();
    client.leave(how);
    await barrier();
    release();
  },
});

/** More than the buffers between server and client hold. */
const huge = "x".repeat(24 << 20);
oracleCases("clients that do not read", [{
  name: "a content that nobody takes",
  config: ["timeout client 1s"],
  answer: `${ok}Content-Length: ${huge.length}\r\n\r\n${huge}`,
  logs: 1,
  async play({ connect, logged }) {
    const client = await connect();
    client.send(get);
    await client.receives(ok);
    client.wire.socket.pause();
    await logged("GET /x");
    client.leave("close");
  },
}]);

oracleCases("leaving", [
  halfClosing("half-close, nothing sent", "", { logs: 1 }),
  halfClosing("half-close, nothing sent, dontlognull", "", {
    config: ["option dontlognull"],
    logs: 0,
  }),
  halfClosing("half-close within the request line", "GET /"),
  halfClosing("half-close within the head", "GET / HTTP/1.1\r\nHost: h\r\n"),
  halfClosing("half-close within the content", `${head}123`, {
    logs: 1,
    differs: ["half-closed within the content"],
  }),
  halfClosing("half-close within a chunk", `${chunkedHead}5\r\n123`, {
    logs: 1,
    differs: ["half-closed within the content"],
  }),
  halfClosing("half-close while it waits", get),
  halfClosing("half-close while it waits for two", get + get),
  {
    name: "half-close after the response",
    async play({ connect }) {
      const client = await connect();
      client.send(get);
      await client.answered();
      client.halfClose();
      await client.ended();
    },
  },
  leaving("close while it waits", "close", get),
  { ...leaving("reset while it waits", "reset", get), differs: ["gone is gone"] },
  leaving("close within the head", "close", "GET / HTTP"),
  leaving("reset within the head", "reset", "GET / HTTP"),
  {
    ...leaving("close within the content", "close", `${head}123`),
    differs: ["half-closed within the content"],
  },
  leaving("reset within the content", "reset", `${head}123`),
  {
    name: "the server answers before the content is whole, and closes",
    differs: ["answered early"],
    config: ["timeout client 2s"],
    atHead: `HTTP/1.1 403 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno`,
    async play({ connect }) {
      const client = await connect();
      client.send(`${head}123`);
      await client.receives("no");
      await client.ended();
    },
    logs: 1,
    probe: false,
  },
]);
