/** In what sluice is meant to differ from haproxy 2.6, and why. Nothing else is allowed. */
import type { Normal } from "./transcript.ts";

/** A difference. */
export interface Difference {
  readonly why: string;
  /** Makes of what haproxy did what sluice must do. */
  expect(transcript: Normal): void;
}

/** All responses of a transcript. */
const responses = (t: Normal) => t.connections.flatMap(({ responses }) => responses);
/** All requests that reached servers. */
const requests = (t: Normal) => Object.values(t.servers).flatMap(({ requests }) => requests);

/** A line of the log around its count of the server's connections. */
const counted = /^(\S+ (\S+) .* \d+\/\d+\/)(\d+)(\/\+?\d+ \d+\/\d+.*)$/;

const all = {
  nocache: {
    why: "The guide adds Cache-Control: private to each response that sets the proxy's cookie; " +
      "haproxy 2.6 only to those that it thinks cacheable.",
    expect(transcript) {
      for (const { fields } of responses(transcript)) {
        const inserted = fields.some((field) => /^set-cookie: S=[ab]; path/.test(field));
        if (!inserted || fields.includes("cache-control: private")) continue;
        fields.splice(1, 0, "cache-control: private");
      }
    },
  },
  "Age passes": {
    why: "haproxy takes Age from a response as it keeps that; the client may be a cache as well, " +
      "and must know how old it is (RFC 9111, section 5.1).",
    expect(transcript) {
      transcript.connections[0]!.responses[0]!.fields.splice(1, 0, "age: 60");
    },
  },
  "HTTP/1.0 closes": {
    why: "haproxy asks the server to keep the connection of a request of HTTP/1.0 open. We pass " +
      "the request as it came: its client gains nothing, and old servers know no other meaning.",
    expect(transcript) {
      for (const { line, fields } of requests(transcript)) {
        if (line.endsWith("HTTP/1.0")) fields[0] = "connection: close";
      }
    },
  },
  "default port": {
    why:
      "haproxy takes the default port out of an authority (RFC 3986, section 6.2.3), in CONNECT " +
      "out of Host only. What we need not touch passes as it came.",
    expect(transcript) {
      for (const request of requests(transcript)) {
        request.line = request.line.replace("http://h/", "http://h:80/");
        request.fields = request.fields.map((field) =>
          field.replace(/^host: example.com$/, "host: example.com:443")
        );
      }
      transcript.log = transcript.log.map((line) => line.replace("http://h/", "http://h:80/"));
    },
  },
  "no interim responses in HTTP/1.0": {
    why: "RFC 9110, section 15.2: no 1xx response may go to a client of HTTP/1.0.",
    expect(transcript) {
      for (const connection of transcript.connections) {
        connection.responses = connection.responses.filter(({ line }) => !/^\S+ 1/.test(line));
      }
    },
  },
  "named by Connection": {
    why: "RFC 9110, section 7.6.1: what Connection names is for this hop alone. haproxy passes it.",
    expect(transcript) {
      for (const message of [...requests(transcript), ...responses(transcript)]) {
        const te = message.fields.some((field) => field.startsWith("te:"));
        message.fields = message.fields.filter((field) => !field.startsWith("foo:"))
          .map((field) => field.replace(/^(connection: \w+) foo$/i, te ? "$1 TE" : "$1"));
      }
    },
  },
  "a reset passes on": {
    why:
      "In TCP mode a server's reset reaches the client, so that nobody takes what came for whole; " +
      "haproxy closes as always.",
    expect({ connections: [connection] }) {
      connection!.end = "RST";
    },
  },
  "truncated without length": {
    why:
      "A response whose end its client would take for that of the content ends with a reset, so " +
      "that nobody takes it for whole. The client of haproxy cannot see it.",
    expect({ connections: [connection] }) {
      connection!.responses = [];
      connection!.rest = "HTTP/1.1 200 OK | connection: close | 12345";
      connection!.end = "RST";
    },
  },
  "silent within the content": {
    why:
      "A client that owes its content gets a 408 when its own time-out runs out; haproxy waits " +
      "for the server's, and says that it was the server.",
    expect({ connections: [connection], log }) {
      connection!.responses[0]!.line = "page 408";
      log[0] = log[0]!.replace("504 sH", "408 cH");
    },
  },
  "answered early": {
    why: "A response that does not wait for the content says that the connection ends, and it " +
      "does: the client may stop sending (RFC 9112, section 9.3). haproxy waits for the rest.",
    expect({ connections: [connection], log }) {
      connection!.responses[0]!.fields[0] = "connection: close";
      log[0] = log[0]!.replace("403 cD", "403 --");
    },
  },
  "half-closed within the content": {
    why:
      "RFC 9112, section 8: a request that does not become whole is answered with 400; haproxy " +
      "closes without a word.",
    expect({ connections, log }) {
      log[0] = log[0]!.replace(/ -1 (C[DQ])/, " 400 $1");
      const connection = connections.at(-1);
      if (connection!.end !== "FIN") return; // a client that left hears nothing
      connection!.responses = [
        { line: "page 400", fields: ["connection: close"], content: "", trailers: [] },
      ];
      connection!.end = "closed";
    },
  },
  "gone is gone": {
    why: "A reset says that the client is gone: the server is let go at once. haproxy lets it " +
      "answer first.",
    expect({ log }) {
      log[0] = log[0]!.replace("t/t/t/t 200 CD", "t/t/t/-1 -1 CH");
    },
  },
  "stricter with responses": {
    why:
      "RFC 9110, section 5.5, and RFC 9112, sections 2.2, 4, 5.2 and 6: what clients could read in " +
      "two ways. tests/http/response-forms.ts says which of each form.",
    expect(transcript) {
      transcript.connections[0]!.responses = [
        { line: "page 502", fields: ["connection: open"], content: "", trailers: [] },
      ];
      transcript.connections[0]!.rest = "";
      transcript.connections[0]!.end = "open";
      transcript.log = ['127.0.0.1 s t/t/t/-1 502 PH-- 1/0/0/0 0/0 "GET /x HTTP/1.1"'];
    },
  },
  "second request fails": {
    why: "Where a server closes without an answer, haproxy gives a connection's first request a " +
      "502, but hangs up on later ones, and logs nothing. We send again what may be sent again " +
      "(RFC 9110, section 9.2.2), and then tell the client and the log.",
    expect({ connections: [connection], log }) {
      connection!.responses.push({
        line: "page 502",
        fields: ["connection: open"],
        content: "",
        trailers: [],
      });
      connection!.end = "open";
      log.push('127.0.0.1 s t/t/t/-1 502 SH-- 1/0/0/0 0/0 "GET /2 HTTP/1.1"');
    },
  },
  "no backend": {
    why: "The request has been read, and how long that took is logged; haproxy does not log it " +
      "where there is no backend.",
    expect({ log }) {
      log[0] = log[0]!.replace("-1/-1/-1/-1 503", "t/-1/-1/-1 503");
    },
  },
  "a slot passed on": {
    why: "The slot of a request that ends goes at once to who waits for it; haproxy does so a " +
      "moment later, after it has logged.",
    expect(transcript) {
      const lines = transcript.log.map((line) => counted.exec(line));
      transcript.log = transcript.log.map((line, i) => {
        const [, before = "", server, srvconn, after = ""] = lines[i] ?? [];
        const passed = lines.slice(i + 1).some((later) =>
          later?.[2] === server && !/ 0\/0( |$)/.test(later![4]!)
        );
        return passed ? `${before}${Number(srvconn) + 1}${after}` : line;
      });
    },
  },
  "no log of waiting": {
    why:
      "haproxy says CD of a client that reset its connection, whatever was waited for. We tell " +
      "what it was, as the manual's table does.",
    expect(transcript) {
      const waited = (line: string) =>
        line.startsWith("127.0.0.1 <NOSRV>") ? "CQ" : / t\/t\/t\/-1 /.test(line) ? "CH" : "CC";
      transcript.log = transcript.log.map((line) => line.replace(/ CD/, () => ` ${waited(line)}`));
    },
  },
  "gone from the queue": {
    why: "As 'gone is gone', in the queue: who has reset the connection is not served any more.",
    expect(transcript) {
      const first = transcript.log.find((line) => line.includes("/first"))!;
      const left = transcript.log.find((line) => line !== first)!;
      transcript.log = [
        left.replace(/ s t\/t\/t\/t 200 CD(..) .\/.\//, " <NOSRV> t/t/-1/-1 -1 CQ$1 2/1/"),
        first.replace(/ .\/.\/0\/0 /, " 1/0/0/0 "),
      ];
      transcript.servers["s"]!.requests.pop();
    },
  },
  "gone from the connect": {
    why: "As 'gone is gone', while a connection is made: haproxy goes on trying.",
    expect({ log }) {
      log[0] = log[0]!.replace(/ 503 [sS]C(-- 1\/0\/0\/)(\d)/, (_, rest, retries) => {
        return ` -1 CC${rest}${log[0]!.includes(" hole ") ? 0 : retries}`;
      });
    },
  },
  "a bad chunk": {
    why:
      "The manual's PD: the proxy blocked the response. haproxy says that the server broke it off.",
    expect({ log }) {
      log[0] = log[0]!.replace(" SD", " PD");
    },
  },
  "backups take the queue": {
    why: "When the last main server falls, the backups take who waits for any server. In haproxy " +
      "they idle, while the queue waits until it times out.",
    expect(transcript) {
      const answer = "HTTP/1.1 200 OK";
      transcript.connections.forEach(({ responses: [response] }, i) => {
        if (response?.line !== "page 503") return;
        response.line = answer;
        response.fields = ["connection: open", "content-length: 2"];
        response.content = "ok";
        transcript.servers["b"]!.requests.push({
          line: `GET /${i} HTTP/1.1`,
          fields: ["connection: open", "host: h"],
          content: "",
          trailers: [],
        });
      });
      transcript.log = transcript.log.map((line, i) =>
        line.replace(
          / <NOSRV> t\/t\/-1\/-1 503 sQ(.. 3\/\d\/).\/0 .../,
          ` b t/t/t/t 200 --$1${1 - i}/0 0/${i + 1}`,
        )
      );
    },
  },
} satisfies Record<string, Difference>;

/** The name of a difference. */
export type DifferenceName = keyof typeof all;

/** The table. */
export const differences: Readonly<Record<DifferenceName, Difference>> = all;
