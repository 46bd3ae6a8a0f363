/**
 * The manual's chapter 8.5, "Session state at disconnection", as a table: each code that can arise
 * here is brought about, and both proxies log it. Codes of the queue, and of those who leave before
 * there is an answer, are in queue_test.ts in more detail.
 */
import { type Case, oracleCases } from "./harness.ts";

const get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
const part = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123";
const ok = "HTTP/1.1 200 OK\r\n";
const whole = `${ok}Content-Length: 2\r\n\r\nok`;
/** More than the buffers between server and client hold. */
const long = "x".repeat(24 << 20);
const half = `${ok}Content-Length: 10\r\n\r\n12345`;

type Code = readonly [code: string, name: string, settings: Partial<Case>];

const row = ([code, name, settings]: Code): Case => ({
  name: `${code}: ${name}`,
  code,
  probe: false,
  logs: 1,
  ...settings,
  // Where only a time-out ends it, soon.
  config: ["timeout client 2s", "timeout server 2s", ...settings.config ?? []],
});

/** A client that asks, and leaves once it has seen so much of the answer. */
const leaving = (seen: string, how: "reset" | "close"): Partial<Case> => ({
  async play({ connect, reached }) {
    const client = await connect();
    client.send(get);
    if (seen === "") await reached("s", 1);
    else await client.receives(seen);
    client.leave(how);
  },
});
/** A client that asks, and waits for the end. */
const asking: Partial<Case> = {
  async play({ connect }) {
    const client = await connect();
    client.send(get);
    await client.ended();
  },
};
const hang = { bytes: "", then: "keep" } as const;
/** Sooner than the client's, and later than our server's answer on a busy machine. */
const soon = ["timeout server 1s"];

oracleCases(
  "termination states, HTTP",
  ([
    ["--", "all went well", { requests: [get] }],
    ["CC", "the client leaves while a connection is made", {
      config: ["option abortonclose"],
      servers: ["hole"],
      async play({ connect, barrier }) {
        const client = await connect();
        client.send(get);
        await barrier();
        client.leave("close");
      },
    }],
    ["CD", "the client leaves within the response", {
      answer: `${ok}Content-Length: ${long.length}\r\n\r\n${long}`,
      ...leaving("xxx", "reset"),
    }],
    ["CD", "the client leaves within its content", {
      async play({ connect, barrier }) {
        const client = await connect();
        client.send(part);
        await barrier();
        client.leave("reset");
      },
    }],
    ["CH", "the client leaves before the response", {
      config: ["option abortonclose"],
      answer: hang,
      ...leaving("", "close"),
    }],
    ["cH", "the client keeps its content back", {
      config: ["timeout client 1s"],
      differs: ["silent within the content"],
      requests: [part],
    }],
    ["CR", "the client leaves within its head", {
      async play({ connect, barrier }) {
        const client = await connect();
        client.send("GET /x HT");
        await barrier();
        client.leave("close");
      },
    }],
    ["cR", "the client does not end its head", {
      config: ["timeout http-request 1s"],
      async play({ connect }) {
        const client = await connect();
        client.send("GET /x HT");
        await client.ended();
      },
    }],
    ["SC", "the connection is refused", {
      config: ["retries 0"],
      servers: ["dead"],
      requests: [get],
    }],
    ["SC", "there is no server", { servers: [], requests: [get] }],
    ["sC", "the connection is not established", {
      config: ["retries 0", "timeout connect 300ms"],
      servers: ["hole"],
      requests: [get],
    }],
    ["SD", "the server dies within its response", {
      answer: { bytes: half, then: "reset" },
      requests: [get],
    }],
    ["SD", "the server ends within its response", {
      answer: { bytes: half, then: "close" },
      requests: [get],
    }],
    ["sD", "the server falls silent within its response", {
      config: soon,
      answer: { bytes: half, then: "keep" },
      requests: [get],
    }],
    ["SH", "the server dies before its response", {
      answer: { bytes: "", then: "reset" },
      requests: [get],
    }],
    ["SH", "the server ends before its response", { hangsUp: true, requests: [get] }],
    ["sH", "the server does not answer", { config: soon, answer: hang, requests: [get] }],
    ["PD", "the response's chunks are invalid", {
      atHead: `${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`,
      differs: ["a bad chunk"],
      async answer(_request, released) {
        await released;
        return { bytes: "zz\r\n", then: "keep" };
      },
      async play({ connect, release }) {
        const client = await connect();
        client.send(get);
        await client.receives("ok\r\n");
        release();
        await client.ended();
      },
    }],
    ["PH", "the response is invalid", { answer: "What?\r\n\r\n", requests: [get] }],
    ["PR", "the request is invalid", { requests: ["GET /x\x01 HTTP/1.1\r\n\r\n"] }],
  ] satisfies Code[]).map(row),
);

const tcp = ["mode tcp", "option tcplog"];
oracleCases(
  "termination states, TCP",
  ([
    ["--", "both sides end", { answer: { bytes: whole, then: "close" }, ...asking }],
    ["CC", "the client leaves while a connection is made", {
      config: tcp,
      servers: ["hole"],
      async play({ connect, barrier }) {
        const client = await connect();
        await barrier();
        client.leave("close");
      },
    }],
    ["CD", "the client dies", { answer: hang, ...leaving("", "reset") }],
    ["CD", "the client dies within the answer", {
      answer: { bytes: half, then: "keep" },
      ...leaving("12345", "reset"),
    }],
    ["SC", "the connection is refused", {
      config: ["retries 0"],
      servers: ["dead"],
      async play({ connect }) {
        await (await connect()).ended();
      },
    }],
    ["SC", "there is no server", {
      servers: [],
      async play({ connect }) {
        await (await connect()).ended();
      },
    }],
    ["sC", "the connection is not established", {
      config: ["retries 0", "timeout connect 300ms"],
      servers: ["hole"],
      async play({ connect }) {
        await (await connect()).ended();
      },
    }],
    ["SD", "the server dies", {
      atHead: half,
      async answer(_request, released) {
        await released;
        return { bytes: "", then: "reset" };
      },
      differs: ["a reset passes on"],
      async play({ connect, release }) {
        const client = await connect();
        client.send(get);
        await client.receives("12345");
        release();
        await client.ended();
      },
    }],
    ["sD", "the server is silent", { config: soon, answer: hang, ...asking }],
    ["cD", "the client is silent", {
      config: ["timeout client 1s", "timeout server 1s"],
      answer: hang,
      async play({ connect }) {
        await (await connect()).ended();
      },
    }],
  ] satisfies Code[]).map(row).map((c) => ({ ...c, config: [...tcp, ...c.config!] })),
);

/** A request that carries this cookie; what is logged of it and of the cookie of the response. */
const cookie = (
  code: string,
  name: string,
  value: string | null,
  settings: Partial<Case> = {},
): Case =>
  row([`--${code}`, name, {
    config: ["cookie S insert indirect"],
    servers: ["s cookie a"],
    requests: [
      `GET /x HTTP/1.1\r\nHost: h\r\n${value === null ? "" : `Cookie: S=${value}\r\n`}\r\n`,
    ],
    ...settings,
  }]);
const sets = (value: string) => ({
  answer: `${ok}Content-Length: 2\r\nSet-Cookie: S=${value}\r\n\r\nok`,
});
const idle = { config: ["cookie S insert indirect maxidle 1h maxlife 1d"] };

oracleCases("termination states, cookies", [
  cookie("--", "no cookie keyword", "a", { config: [] }),
  cookie("NI", "inserted", null),
  cookie("NN", "postonly", null, { config: ["cookie S insert indirect postonly"] }),
  cookie("II", "unknown", "z"),
  cookie("VN", "valid", "a"),
  cookie("DI", "of a server that is disabled", "b", {
    servers: ["s cookie a", "t cookie b disabled"],
  }),
  cookie("DN", "of a server that is disabled, which is used", "b", {
    config: ["cookie S insert indirect", "option persist"],
    servers: ["s cookie a", "t cookie b disabled"],
  }),
  cookie("VU", "without dates", "a", idle),
  cookie("EI", "used too long ago", "a|TbcQz|TbcQz", {
    config: ["cookie S insert indirect maxidle 1h"],
  }),
  cookie("OI", "made too long ago", "a|TbcQz|TbcQz", {
    config: ["cookie S insert indirect maxlife 1d"],
  }),
  cookie("NR", "rewritten", null, { config: ["cookie S rewrite"], ...sets("mine") }),
  cookie("NR", "prefixed", null, { config: ["cookie S prefix"], ...sets("mine") }),
  cookie("VP", "the server's own, preserved", "a", {
    config: ["cookie S insert indirect preserve"],
    ...sets("mine"),
  }),
  cookie("VD", "the server's own, deleted", "a", sets("mine")),
]);
