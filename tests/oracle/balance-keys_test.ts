/** The servers that the real haproxy chooses by what is in requests, and those that we choose. */
import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { algorithmOf, hashOf } from "#src/balance/algorithms.ts";
import { bytesOf } from "#src/bytes/bytes.ts";
import { createHead } from "#src/http/head.ts";
import { parseRequest } from "#src/http/h1/parse.ts";
import { balancerOf, farm, options, type TestServer } from "../balance/servers.ts";
import { freshAddress } from "../binary.ts";
import { haproxy } from "../haproxy.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";

const port = 8080;

/** How requests look for the backends; "B" stands for the number of the backend. */
const get = (target: string, ...fields: string[]) =>
  // HAProxy looks at one byte behind a field's value: a field more, or chance would have put it there.
  ["GET " + target + " HTTP/1.1", "X-B: B", ...fields, "Connection: close", "X-Z: z", "", ""]
    .join("\r\n");
const post = (target: string, content: string) =>
  get(target, "Host: h").replace("GET", "POST").replace(
    "Connection",
    `Content-Length: ${content.length}\r\nConnection`,
  ) + content;

const targets = [
  "/",
  "/a",
  "/a/b/c/d.html",
  "/a/b/c/e.html",
  "/a/b?x=/1",
  "/a/b?x=/2",
  "/?/a",
  "//x//y",
  "/long/path/of/many/levels/to/a/file?with=query&and=more",
  "http://h/a/b",
  "http://h/c?d",
  "http://h",
  "/%E4/x",
  ...Array.from({ length: 12 }, (_, i) => `/images/${i * i}.png?v=${i}`),
];
const uris = targets.map((target) => get(target, "Host: h"));

const hosts = [
  "a",
  "haproxy.1wt.eu",
  "www.example.com",
  ...["example.com", "ab.cd", "foo.org", "b.c", "hello.world", "z.y", "aaa.bbb", "q.rr"],
  ".com",
  "a.b.",
  "a..b",
  "1.2.3.4:80",
  "x",
  "zzz.example.org",
  ...Array.from({ length: 10 }, (_, i) => `site${i}.example.net`),
];
const named = [
  ...hosts.map((host) => get("/", "Host: h", `X-Key: ${host}`)),
  get("/", "Host: h"),
  get("/", "Host: h", "X-Key:"),
  get("/", "Host: h", "X-Key: a, b"),
  get("/", "Host: h", 'X-Key: "a, b", c'),
  get("/", "Host: h", "X-Key: , b"),
  get("/", "Host: h", "X-Key: first", "X-Key: second"),
  get("/", "Host: h", "x-KEY:   spaced  \t"),
  get("/", "Host: h", "X-Key: a b c"),
  get("/", "Host: h", "X-Key: \xe4\xf6\xfc\xff"),
  get("/", "Host: h"),
  get("/", "Host: h"),
];

const parameters = [
  ...["1", "2", "3", "abc", "", "x%20y", "a/b", "1;2"].map((value) =>
    get(`/x?id=${value}`, "Host: h")
  ),
  get("/x?a=b&id=7&c=d", "Host: h"),
  get("/x?xid=7", "Host: h"),
  get("/x?xid=1&id=8", "Host: h"),
  get("/x?ID=7", "Host: h"),
  get("/x?id", "Host: h"),
  get("/x", "Host: h"),
  get("/id=7", "Host: h"),
  get("/x?id=1&id=2", "Host: h"),
  get("/x?id=", "Host: h"),
  post("/x", "id=7"),
  post("/x", "a=b&id=9&c=d"),
  post("/x", "a=b"),
  post("/x", "id= x"),
  post("/x", "id=/x"),
  post("/x?id=5", "id=7"),
];

interface Case {
  readonly balance: string;
  readonly weights: readonly number[];
  readonly requests: readonly string[];
  readonly hashType?: string;
}

const equal = [1, 1, 1, 1];
const some = [12, 12, 26, 26];
const cases: Case[] = [
  { balance: "uri", weights: equal, requests: uris },
  { balance: "uri whole", weights: equal, requests: uris },
  { balance: "uri len 6", weights: equal, requests: uris },
  { balance: "uri depth 1", weights: equal, requests: uris },
  { balance: "uri depth 3 len 9 whole", weights: some, requests: uris },
  { balance: "uri path-only", weights: equal, requests: uris },
  { balance: "hdr(x-key)", weights: equal, requests: named },
  { balance: "hdr(X-Key) use_domain_only", weights: equal, requests: named },
  { balance: "url_param id", weights: some, requests: parameters },
  { balance: "url_param id check_post", weights: equal, requests: parameters },
  { balance: "first", weights: equal, requests: uris.slice(0, 3) },
  ...[
    "map-based djb2",
    "map-based wt6",
    "map-based crc32",
    "map-based sdbm avalanche",
    "map-based wt6 avalanche",
    "consistent",
    "consistent sdbm",
    "consistent djb2",
    "consistent djb2 avalanche",
    "consistent wt6 avalanche",
    "consistent crc32",
    "consistent crc32 avalanche",
  ].flatMap((hashType) => [
    { balance: "uri", weights: some, requests: uris, hashType },
    { balance: "hdr(X-Key)", weights: [3, 7, 7, 1, 1], requests: named, hashType },
  ]),
];

function configuration(directory: string, host: string): string {
  const lines = [
    "defaults",
    "  mode http",
    "  timeout client 20s",
    "  timeout server 20s",
    "  timeout connect 5s",
    "frontend in",
    `  bind ${host}:${port}`,
    "  use_backend %[req.hdr(X-B)]",
    "backend probe",
    "  http-request return status 200",
  ];
  cases.forEach(({ balance, weights, hashType = "map-based" }, i) => {
    lines.push(`backend ${i}`, `  balance ${balance}`, `  hash-type ${hashType}`);
    for (const { name, weight } of farm(...weights)) {
      lines.push(`  server ${name} unix@${directory}/${name} weight ${weight}`);
    }
  });
  for (const { name } of farm(1, 1, 1, 1, 1)) {
    lines.push(`frontend ${name}`, `  bind unix@${directory}/${name}`);
    lines.push(`  http-request return status 200 content-type text/plain string ${name}`);
  }
  return lines.join("\n") + "\n";
}

/** The content of the response to a request. */
function ask(host: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let response = "";
    const socket = connect({ host, port });
    socket.on("connect", () => socket.write(bytesOf(request)));
    socket.on("data", (bytes) => response += bytes);
    socket.on("error", reject);
    socket.on("end", () => {
      socket.destroy();
      resolve(response.slice(response.indexOf("\r\n\r\n") + 4));
    });
  });
}

/** The servers that we choose for the requests, one after the other. */
function ours({ balance, weights, requests, hashType }: Case): string {
  const how = options(balance, hashType);
  const balancer = balancerOf(balance, hashType);
  balancer.update(farm(...weights));
  const key = algorithmOf(how.balance.name).requestKey?.(how.balance);
  return requests.map((request) => {
    const bytes = bytesOf(request);
    const head = createHead();
    const from = parseRequest(head, bytes, 0, bytes.length);
    const message = { head, bytes, content: bytes, from, to: bytes.length };
    const chosen: TestServer | null = balancer.pick(
      key?.(message, hashOf(how.hashType)) ?? 0,
      null,
    );
    return chosen?.name;
  }).join("");
}

const skip = haproxy === null;
const title = skip ? "SKIPPED, haproxy is not installed: " : "";

test(`oracle: ${title}requests go where haproxy sends them`, async () => {
  const directory = mkdtempSync(`${tmpdir()}/sluice-balance-`);
  const host = freshAddress();
  writeFileSync(`${directory}/haproxy.cfg`, configuration(directory, host));
  const child = spawn(haproxy!, ["-db", "-f", `${directory}/haproxy.cfg`], { stdio: "ignore" });
  const exited = once(child, "exit");
  try {
    await until(() => {
      if (child.exitCode !== null) throw new Error("haproxy does not start");
      return ask(host, get("/").replace("X-B: B", "X-B: probe")).catch(() => undefined);
    }, "haproxy's start");
    const wrong: string[] = [];
    for (const [i, each] of cases.entries()) {
      const { balance, hashType = "", requests } = each;
      let theirs = "";
      for (const request of requests) {
        theirs += await ask(host, request.replace("X-B: B", `X-B: ${i}`));
      }
      const chosen = ours(each);
      if (chosen !== theirs) {
        wrong.push(`${balance} ${hashType}: ours ${chosen}, haproxy's ${theirs}`);
      }
    }
    assertEquals(wrong, []);
  } finally {
    child.kill();
    await exited;
    rmSync(directory, { recursive: true });
  }
}, { skip });
