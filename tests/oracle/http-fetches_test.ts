/** What expressions are worth in HTTP rules, beside haproxy: each in a line of a response. */
import { assertEquals } from "@std/assert";
import { until } from "../until.ts";
import { runtimeName } from "../testing.ts";
import { oracle } from "./harness.ts";
import { type RawRig, startRaw } from "./raw.ts";
import type { Kind } from "./rig.ts";

/** Expressions of requests. */
const expressions = [
  "urlp(a)",
  "urlp(b)",
  "urlp(A)",
  "urlp",
  "url_param(x,;)",
  "urlp(c,;)",
  "urlp_val(n)",
  "urlp(e)",
  "urlp(missing)",
  "req.body",
  "req.body_len",
  "req.body_size",
  "req.body_param(k)",
  "req.body_param(z)",
  "req.body_param",
  "http_auth_user",
  "http_auth_pass",
  "http_auth_type",
  "http_auth_bearer",
  "http_auth_bearer(x-token)",
  "http_auth(people)",
  "http_auth_group(people)",
] as const;

/** ACLs of requests. */
const acls = [
  "urlp(a) 1 2",
  "urlp(a) -m int gt 5",
  "urlp_beg(b) t",
  "urlp_reg(b) ^t.o$",
  "urlp_end(a) 9",
  "url_param(a) 9",
  "urlp_val(n) 10:20",
  "urlp -m str two",
  "urlp(e) -m len 0",
  "urlp(missing) -m found",
  "req.body -m sub k=v",
  "req.body_len gt 3",
  "req.body_param(k) -m str v",
  "req.body_param -m str w",
  "req.hdrs -m sub host:",
  "req.hdrs -m reg ^host:.www.example",
  "req.hdrs_bin -m sub www.example",
  "req.hdrs_bin -m bin 04",
  "http_auth(people)",
  "http_auth_group(people) ops",
  "http_auth_group(people) dev admins",
  "http_auth_user -m str alice",
  "http_auth_type -m str Basic",
  "method GET POST",
  "method get",
  "wait_end",
  "fe_defbe -m str nobody",
  "be_name -m found",
  "fc_src_is_local",
  "fc_dst_is_local",
  "baseq -m str www.example/p",
  "cookie(a) -m str b",
  "cookie -m found",
  "req.len gt 0",
  // Of the kernel, which only the engine of the program itself asks.
  ...runtimeName === "deno" ? [] : [
    "fc_rtt -m found",
    "fc_rtt(us) gt 0",
    "fc_rttvar(us) gt 0",
    "fc_lost 0",
    "fc_sacked 0",
    "fc_reordering gt 0",
    "fc_retrans 0",
    "fc_unacked 0",
    "fc_fackets 0",
  ],
];

const passwords = {
  alice: "insecure-password secret",
  bob: "password $6$abcdefgh$" +
    "4UPJf3qf71iDb8DDBG5r.Jxy3OKpyf7on.yGTrfW2z7BZBicRPXkes.VuTPq3aS6gF63ohT6G9SJv9LejkZLu/",
  carol: "password $5$abcdefgh$QohcF7QwIaa385DT5GzqHwNlO583.hkCNgp9Vkr/uNC",
  dave: "password $1$abcdefgh$fzmjzFdo5nMtBG8gtud5e0",
};

const basic = (text: string) => `Authorization: Basic ${btoa(text)}\r\n`;
const get = (target: string, fields = "") =>
  `GET ${target} HTTP/1.1\r\nHost: www.example\r\n${fields}Connection: close\r\n\r\n`;
const post = (content: string) =>
  `POST /p HTTP/1.1\r\nHost: www.example\r\nContent-Length: ${content.length}\r\n` +
  `Connection: close\r\n\r\n${content}`;

const requests = [
  get("/p?a=1&b=two&a=9&n=15&e="),
  get("/p;x=7;c=8?b=three;a=3"),
  get("/p"),
  get("/p?noequals&a=2"),
  get("/p?n=abc&A=5"),
  post("k=v&l=w"),
  post("z=1;k=two"),
  get("/p", basic("alice:secret")),
  get("/p", basic("alice:wrong")),
  get("/p", basic("bob:Hello world!")),
  get("/p", basic("carol:Hello world!")),
  get("/p", basic("dave:Hello world!")),
  get("/p", basic("erin:x")),
  get("/p", basic("nocolon")),
  get("/p", "Authorization: Bearer abc.def\r\nX-Token: Bearer tok\r\n"),
  get("/p?q=1", "Cookie: z=1; a=b\r\n"),
  get("/p", "Authorization: Digest x\r\n"),
  get("/p", "Authorization: basic !!\r\n"),
] as const;

function config(host: string): string {
  const users = Object.entries(passwords).map(([name, password]) =>
    `  user ${name} ${password}${name === "carol" ? " groups admins,dev" : ""}\n`
  );
  const set = expressions.map((each, i) =>
    `  http-request add-header x-${i} "[%[${each}]]" if HTTP\n`
  );
  const met = acls.map((each, i) => `  http-request add-header y-${i} yes if { ${each} }\n`);
  return `userlist people
  group ops users alice,bob
  group admins
  group dev
${users.join("")}frontend f
  mode http
  bind ${host}:20000
  default_backend nobody
  http-request wait-for-body time 1s
${set.join("")}${met.join("")}  http-request return status 200 content-type text/plain lf-string "${
    expressions.map((_, i) => `%[req.fhdr(x-${i})]\\n`).join("")
  }${acls.map((_, i) => `%[req.fhdr(y-${i})]\\n`).join("")}"
backend nobody
  mode http
frontend auth
  mode http
  bind ${host}:20001
  http-request auth realm Ops unless { http_auth(people) }
  http-request deny if !{ http_auth_group(people) ops }
  http-request return status 200
`;
}

async function ask(rig: RawRig, port: number, request: string): Promise<string> {
  const client = await rig.connect(port);
  client.send(request);
  await until(() => client.endOfStream, "an answer");
  return client.received;
}

async function play(kind: Kind): Promise<unknown> {
  const rig = await startRaw(kind, config);
  const seen: unknown[] = [];
  try {
    for (const request of requests) {
      const lines = (await ask(rig, 20000, request)).split("\r\n\r\n")[1]!.split("\n");
      seen.push([
        request,
        ...expressions.map((each, i) => `${each} = ${lines[i]}`),
        ...acls.map((each, i) => `${each}: ${lines[expressions.length + i]}`),
      ]);
      const [status = ""] = (await ask(rig, 20001, request)).split("\r\n");
      seen.push(status);
    }
  } finally {
    await rig.stop();
  }
  return seen;
}

oracle("parameters, contents and credentials in rules of requests", async () => {
  const [theirs, ours] = await Promise.all([play("haproxy"), play("sluice")]);
  assertEquals(ours, theirs);
});
