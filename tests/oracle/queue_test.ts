/** High load (chapter 7 of the guide): who waits, who is turned away, who leaves the queue. */
import type { Client } from "./client.ts";
import { type Case, oracleCases } from "./harness.ts";
import type { Message } from "./reference.ts";

const get = (path: string, cookie?: string) =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\n${cookie === undefined ? "" : `Cookie: S=${cookie}\r\n`}\r\n`;
const post = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n1234567890";
const partOfPost = post.slice(0, -3);
const two = get("/1") + get("/2");

/** A server that answers when it is told to. */
async function waiting(_request: Message, released: Promise<void>): Promise<string> {
  await released;
  return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
}

const abort = "option abortonclose";
const tcp = ["mode tcp", "option tcplog"];
const modes = [[], [abort], tcp, [...tcp, abort]];
const insert = "cookie S insert indirect";

const ways: Readonly<Record<string, (client: Client) => void>> = {
  "half-close": (client) => client.halfClose(),
  close: (client) => client.leave("close"),
  reset: (client) => client.leave("reset"),
};
const wayNames = Object.keys(ways);

/** What a client sends in this mode before it leaves; two requests only where that is heard of. */
const sayings = (config: readonly string[]): readonly string[] =>
  config.includes("mode tcp")
    ? ["", get("/x")]
    : [get("/x"), post, ...config.includes(abort) ? [two] : []];

const named = (...words: (string | readonly string[])[]) =>
  words.flat().map((word) => word.slice(0, 30)).join(", ");

const isHeard = (config: readonly string[], sent: string, way: string) =>
  config.includes(abort) || way === "reset" || sent === partOfPost ||
  (config.includes("mode tcp") && sent === "");

/** A client leaves that waits behind another for a server's one slot. */
function leavingTheQueue(config: string[], sent: string, way: string): Case {
  const heard = isHeard(config, sent, way);
  const isTcp = config.includes("mode tcp");
  return {
    name: named(config, way, JSON.stringify(sent)),
    config,
    servers: ["s maxconn 1"],
    answer: waiting,
    logs: 2,
    probe: false,
    code: heard ? "CQ" : "--",
    async play({ connect, reached, barrier, release, logged }) {
      const first = await connect();
      first.send(get("/first"));
      await reached("s", 1);
      const second = await connect();
      if (sent !== "") second.send(sent);
      await barrier();
      ways[way]!(second);
      await barrier();
      release();
      await first.answered();
      if (isTcp) first.leave("close");
      else if (!heard) await logged(" /x ");
      if (way === "half-close") await second.ended();
    },
    ...sent === partOfPost && way !== "reset"
      ? { differs: ["half-closed within the content"] }
      : way === "reset" && isTcp
      ? { differs: ["no log of waiting"] }
      : way === "reset" && sent !== partOfPost && !config.includes(abort)
      ? { differs: ["gone from the queue"] }
      : !heard && !isTcp
      ? { differs: ["a slot passed on"] }
      : {},
  };
}
oracleCases(
  "leaving the queue",
  modes.flatMap((config) =>
    [...sayings(config), ...config.includes("mode tcp") ? [] : [partOfPost]].flatMap((sent) =>
      wayNames
        // Whether it left before or after the end of what it got is a matter of who was faster.
        .filter((way) =>
          way !== "close" || isHeard(config, sent, way) || !config.includes("mode tcp")
        )
        .map((way) => leavingTheQueue(config, sent, way))
    )
  ),
);

/** A client leaves while its connection is being made, or the next attempt is waited for. */
function leavingTheConnect(config: string[], server: string, sent: string, way: string): Case {
  return {
    name: named(server, config, way, JSON.stringify(sent)),
    config: ["timeout connect 1s", "retries 1", ...config],
    servers: [server],
    logs: 1,
    probe: false,
    ...isHeard(config, sent, way) ? { code: "CC" } : {},
    async play({ connect, barrier }) {
      const client = await connect();
      if (sent !== "") client.send(sent);
      await barrier();
      ways[way]!(client);
      if (way === "half-close") await client.ended();
    },
    ...way !== "reset"
      ? {}
      : config.includes("mode tcp")
      ? { differs: ["no log of waiting"] }
      : !config.includes(abort)
      ? { differs: ["gone from the connect"] }
      : {},
  };
}
oracleCases(
  "leaving the connect",
  modes.flatMap((config) =>
    ["hole", "dead"].flatMap((server) =>
      sayings(config).flatMap((sent) =>
        wayNames.map((way) => leavingTheConnect(config, server, sent, way))
      )
    )
  ),
);

/** A client leaves while the server works. */
function leavingTheServer(sent: string, way: string): Case {
  return {
    name: named(way, JSON.stringify(sent)),
    config: [abort],
    answer: waiting,
    logs: 1,
    probe: false,
    code: "CH",
    async play({ connect, reached, barrier, release }) {
      const client = await connect();
      client.send(sent);
      await reached("s", 1);
      ways[way]!(client);
      await barrier();
      release();
      if (way === "half-close") await client.ended();
    },
    ...way === "reset" ? { differs: ["no log of waiting"] } : {},
  };
}
oracleCases(
  "leaving the server, abortonclose",
  sayings([abort]).flatMap((sent) => wayNames.map((way) => leavingTheServer(sent, way))),
);

/** Clients come, one after the other; `late` of them, by number, are not served in the end. */
function crowd(
  code: string,
  config: string[],
  servers: string[],
  requests: string[],
  late: number[],
): Case {
  return {
    name: named(code, config, servers),
    // All of the crowd are to be there before the first one's time is up.
    config: ["timeout queue 1s", ...config],
    servers,
    answer: waiting,
    probe: false,
    code,
    async play({ connect, barrier, release }) {
      const clients: Client[] = [];
      for (const request of requests) {
        const client = await connect();
        client.send(request);
        await barrier();
        clients.push(client);
      }
      for (const i of late) {
        await (requests[i] === "" ? clients[i]!.ended() : clients[i]!.answered());
      }
      release();
      for (const client of clients) await client.answered();
    },
    logs: requests.length,
  };
}
const holders = (count: number) => Array.from({ length: count }, (_, i) => get(`/${i}`, "a"));
const anybody = (count: number) => Array.from({ length: count }, (_, i) => get(`/${i}`));
const limited = "maxconn 1 maxqueue 1";
const pair = (settings: string) => [`s ${settings}`, `t ${settings}`];
/** Then the connect time-out is the queue's. */
const noQueueTimeout = ["timeout queue 0", "timeout connect 1s"];
oracleCases(
  "limits of queues",
  [[], ["option redispatch"]].flatMap((more) => {
    const lost = more.length === 0;
    return [
      crowd(
        "sQ",
        [...more, insert],
        [`s cookie a ${limited}`, "t cookie b"],
        holders(3),
        lost ? [1, 2] : [1],
      ),
      crowd(
        lost ? "SQ" : "sQDN",
        [...more, insert],
        [`s cookie a ${limited}`, "t cookie b maxconn 1"],
        [get("/b", "b"), ...holders(3)],
        [2, 3],
      ),
      crowd("sQVN", [...more, insert], ["s cookie a maxconn 1", "t cookie b"], holders(2), [1]),
      crowd("SQ", [...more, "balance source"], [`s ${limited}`], anybody(3), [1, 2]),
      ...["roundrobin", "leastconn"].flatMap((balance) => [
        crowd("sQ", [...more, `balance ${balance}`], pair(limited), anybody(6), [2, 3, 4, 5]),
        crowd("sQ", [...more, `balance ${balance}`], pair("maxconn 1"), anybody(4), [2, 3]),
      ]),
      crowd("sQ", [...more, ...tcp], ["s maxconn 1"], anybody(2), [1]),
      crowd("SQ", [...more, ...tcp, "balance source"], [`s ${limited}`], [...anybody(2), ""], [
        1,
        2,
      ]),
      crowd("sQ", [...more, ...noQueueTimeout], ["s maxconn 1"], anybody(2), [1]),
    ];
  }),
);

/** One check that a busy machine holds up for longer would fell it. */
const checked = "check inter 250ms fall 1 rise 1 maxconn 1";
/** A server falls for which clients wait; the first request holds it. It may come back. */
function falling(
  config: string[],
  servers: string[],
  requests: string[],
  rest: Partial<Case> & { readonly back?: true } = {},
): Case {
  const { back, ...others } = rest;
  return {
    name: named(config, servers, back ? "and back" : ""),
    config: ["timeout queue 4s", ...config],
    servers,
    async answer(request, released) {
      if (request.line.startsWith("GET /hold")) await released;
      return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    },
    probe: false,
    logs: requests.length,
    // They leave the queue at one moment, for another server.
    ...config.includes("option redispatch") && servers.length > 1 ? { unordered: true } : {},
    async play({ connect, barrier, release, refuse, accept, logged }) {
      const clients: Client[] = [];
      for (const request of requests) {
        const client = await connect();
        client.send(request);
        await barrier();
        clients.push(client);
      }
      refuse("s");
      await logged("is DOWN");
      if (back) {
        accept("s");
        await logged("is UP");
      } else if (!config.includes("option redispatch") || !config.includes(insert)) {
        for (const client of clients.slice(1)) await client.answered();
      }
      await barrier();
      release();
      for (const client of clients) await client.answered();
    },
    ...others,
  };
}
const main = `s ${checked} cookie a`;
const queue = [get("/hold", "a"), get("/1", "a"), get("/2", "a")];
const common = [get("/hold"), get("/1"), get("/2")];
const redispatch = "option redispatch";
oracleCases("a server falls that is waited for", [
  falling([], [`s ${checked}`], common),
  falling([], [`s ${checked}`], common, { back: true, differs: ["a slot passed on"] }),
  falling([], [`s ${checked}`, "b backup"], common, { differs: ["backups take the queue"] }),
  falling([insert], [main, "t cookie b"], queue),
  falling([insert, "option persist"], [main, "t cookie b"], queue),
  falling([insert, redispatch], [main, "t cookie b"], queue),
  falling([insert, redispatch], [main, "t cookie a backup"], queue),
  falling([insert, redispatch], [main], queue),
  falling(["balance source", redispatch], [`s ${checked}`, "t weight 0"], common),
]);
