/** What happens when servers are dead, full, disabled or backups. */
import { oracleCases } from "./harness.ts";
import type { Message } from "./reference.ts";

const get = (cookie = "") =>
  `GET /x HTTP/1.1\r\nHost: h\r\n${cookie === "" ? "" : `Cookie: S=${cookie}\r\n`}\r\n`;
const insert = "cookie S insert indirect";
/** Bounds the time between two attempts, too. A proxy that a busy machine holds up connects in it. */
const soon = "timeout connect 500ms";
const checked = "default-server check inter 20ms fall 1 rise 1";

/** A server that answers when it is told to. */
async function waiting(_request: Message, released: Promise<void>): Promise<string> {
  await released;
  return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
}

oracleCases("failover", [
  { name: "no server", servers: [], requests: [get(), "GET / HTTP/1.0\r\n\r\n", get()] },
  { name: "HEAD, no server", servers: [], requests: ["HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", get()] },
  {
    name: "POST, no server",
    servers: [],
    requests: ["POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", get()],
  },
  { name: "dispatch", servers: ["dispatch"], requests: [get(), get()] },
  {
    name: "a frontend without default_backend, and a backend of its name",
    apart: true,
    differs: ["no backend"],
    requests: [get()],
  },
  { name: "disabled", servers: ["s disabled"], requests: [get()] },
  ...[0, 1, 3].map((retries) => ({
    name: `dead, retries ${retries}`,
    config: [soon, `retries ${retries}`],
    servers: ["dead"],
    requests: [get()],
  })),
  ...[0, 1, 3].map((retries) => ({
    name: `dead and alive, retries ${retries}, redispatch`,
    config: [soon, `retries ${retries}`, "option redispatch"],
    servers: ["dead", "s"],
    requests: [get(), get(), get()],
  })),
  {
    name: "dead and alive, without redispatch",
    config: [soon, "retries 1"],
    servers: ["dead", "s"],
    requests: [get(), get(), get()],
  },
  {
    name: "two dead and one alive, redispatch",
    config: [soon, "retries 3", "option redispatch"],
    servers: ["dead1", "dead2", "s"],
    requests: [get()],
  },
  {
    name: "redispatch, leastconn",
    config: [soon, "retries 1", "option redispatch", "balance leastconn"],
    servers: ["dead", "s"],
    requests: [get()],
  },
  {
    name: "cookie of a dead server, without redispatch",
    config: [soon, "retries 1", insert],
    servers: ["dead cookie a", "s cookie b"],
    requests: [get("a")],
  },
  ...[1, 2].map((retries) => ({
    name: `cookie of a dead server, retries ${retries}, redispatch`,
    config: [soon, `retries ${retries}`, "option redispatch", insert],
    servers: ["dead cookie a", "s cookie b"],
    requests: [get("a")],
  })),
  {
    name: "cookie of a disabled server, option persist",
    config: [soon, "retries 0", "option persist", insert],
    servers: ["s cookie a disabled", "t cookie b"],
    requests: [get("a"), get(), get("b")],
  },
  {
    name: "cookie of a dead server that is known to be down, option persist and redispatch",
    config: [soon, "retries 1", "option persist", "option redispatch", checked, insert],
    servers: ["dead cookie a", "s cookie b no-check"],
    async play({ connect, logged }) {
      await logged("is DOWN");
      const client = await connect();
      client.send(get("a"));
      await client.answered();
    },
  },
  {
    name: "cookie of a server that is known to be down",
    config: [checked, insert],
    servers: ["dead cookie a", "s cookie b no-check"],
    async play({ connect, logged }) {
      await logged("is DOWN");
      const client = await connect();
      client.send(get("a"));
      await client.answered();
      client.send(get());
      await client.answered();
    },
  },
  {
    name: "all are known to be down",
    config: [checked],
    servers: ["dead"],
    async play({ connect, logged }) {
      await logged("has no server available");
      const client = await connect();
      client.send(get());
      await client.answered();
    },
  },
  {
    name: "backups wait",
    servers: ["s", "t backup", "u backup"],
    requests: [get(), get(), get()],
  },
  {
    name: "the first backup serves",
    servers: ["s disabled", "t backup", "u backup"],
    requests: [get(), get(), get()],
  },
  {
    name: "all backups serve",
    config: ["option allbackups"],
    servers: ["s disabled", "t backup", "u backup"],
    requests: [get(), get(), get()],
  },
  {
    name: "the first backup is disabled",
    servers: ["s disabled", "t backup disabled", "u backup"],
    requests: [get(), get()],
  },
  {
    name: "weights",
    servers: ["s weight 3", "t weight 1", "u weight 0"],
    requests: Array.from({ length: 8 }, () => get()),
  },
  {
    name: "the server hangs up",
    hangsUp: true,
    requests: [get()],
    probe: false,
  },
  {
    name: "the server hangs up at a connection's second request",
    answer: ({ line }) =>
      line.startsWith("GET /2")
        ? { bytes: "", then: "close" }
        : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    requests: [get(), "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"],
    logs: 1,
    differs: ["second request fails"],
  },
  {
    name: "a full server: who waits is served",
    differs: ["a slot passed on"],
    servers: ["s maxconn 1"],
    answer: waiting,
    async play({ connect, reached, barrier, release }) {
      const first = await connect();
      first.send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n");
      await reached("s", 1);
      const second = await connect();
      second.send("GET /second HTTP/1.1\r\nHost: h\r\n\r\n");
      await barrier();
      release();
      await second.answered();
    },
  },
  {
    name: "a full server: who waits too long",
    config: ["timeout queue 100ms"],
    servers: ["s maxconn 1"],
    answer: waiting,
    async play({ connect, reached, release }) {
      const first = await connect();
      first.send(get());
      await reached("s", 1);
      const second = await connect();
      second.send(get());
      await second.answered();
      release();
    },
  },
]);
