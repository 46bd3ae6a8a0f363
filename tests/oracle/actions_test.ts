/** Actions of HTTP rules, beside haproxy: maps and lists that change, request targets written anew. */
import { assertEquals } from "@std/assert";
import { writeFileSync } from "node:fs";
import { until } from "../until.ts";
import { oracle } from "./harness.ts";
import { type RawRig, startRaw } from "./raw.ts";
import type { Kind } from "./rig.ts";

const normalizers = [
  "fragment-encode",
  "fragment-strip",
  "path-merge-slashes",
  "path-strip-dot",
  "path-strip-dotdot",
  "path-strip-dotdot full",
  "percent-decode-unreserved",
  "percent-decode-unreserved strict",
  "percent-to-uppercase",
  "percent-to-uppercase strict",
  "query-sort-by-name",
];

const targets = [
  "/",
  "/.",
  "/..",
  "/../",
  "/./bar/",
  "/a/./a",
  "/a/.",
  "/.well-known/",
  "/foo/..",
  "/foo/../",
  "/foo/../bar/",
  "/foo/bar/../",
  "/foo/bar/..",
  "/../bar/",
  "/bar/../../",
  "/bar/../..",
  "/a/b/../../../c",
  "/foo//../",
  "/foo/%2E%2E/",
  "//",
  "/foo//bar///x?a//b",
  "/%61dmin%7e",
  "/foo%3Fbar=baz",
  "/%%36%36",
  "/%ZZ",
  "/%6f?%c3%a4=%41",
  "/%",
  "/?c=3&a=1&b=2",
  "/?aaa=3&a=1&aa=2",
  "/?a=3&b=4&a=1&b=5&a=2",
  "/x?b&a&&c=",
  "/?",
  "http://www.example/a/../b//c?x=1&b=2",
];

function config(host: string, _server: string, directory: string): string {
  writeFileSync(`${directory}/names.map`, "a one\nb two\n");
  writeFileSync(`${directory}/list.acl`, "/known\n");
  const frontends = normalizers.map((each, i) =>
    `frontend n${i}
  mode http
  bind ${host}:${20100 + i}
  http-request normalize-uri ${each}
  http-request return status 200 content-type text/plain lf-string "%[url]"
`
  );
  return `frontend maps
  mode http
  bind ${host}:20000
  http-request set-map(${directory}/names.map) %[req.hdr(x-key)] %[req.hdr(x-value)] if { path /set }
  http-request del-map(${directory}/names.map) %[req.hdr(x-key)] if { path /del }
  http-request add-acl(${directory}/list.acl) %[req.hdr(x-key)] if { path /add }
  http-request del-acl(${directory}/list.acl) %[req.hdr(x-key)] if { path /remove }
  http-request set-map(${directory}/nobody.map) a b if { path /set }
  acl listed req.hdr(x-key) -f ${directory}/list.acl
  acl mapped req.hdr(x-key) -M -f ${directory}/names.map
  http-request return status 201 if listed mapped
  http-request return status 202 if listed
  http-request return status 203 if mapped
  http-request return status 204
frontend after
  mode http
  bind ${host}:20002
  declare capture response len 20
  http-after-response capture res.hdr(x-a) id 0
  http-after-response set-header x-b "%[capture.res.hdr(0)]"
  http-request return status 200 hdr x-a captured
frontend hints
  mode http
  bind ${host}:20001
  http-request early-hint Link "<%[path]>; rel=preload" if { path /a }
  http-request early-hint X-B b%% if { path -m found }
  http-request return status 200
${frontends.join("")}`;
}

async function ask(rig: RawRig, port: number, target: string, fields = ""): Promise<string> {
  const client = await rig.connect(port);
  client.send(`GET ${target} HTTP/1.1\r\nHost: www.example\r\n${fields}Connection: close\r\n\r\n`);
  await until(() => client.endOfStream, "an answer");
  return client.received;
}

const steps: readonly (readonly [target: string, key: string, value?: string])[] = [
  ["/", "a"],
  ["/", "c"],
  ["/set", "c", "three"],
  ["/", "c"],
  ["/set", "c", "four"],
  ["/del", "c"],
  ["/", "c"],
  ["/del", "c"],
  ["/del", "a"],
  ["/add", "c"],
  ["/add", "c"],
  ["/", "c"],
  ["/remove", "c"],
  ["/", "c"],
  ["/add", "b"],
  ["/", "/known"],
  ["/remove", "/known"],
];

async function play(kind: Kind): Promise<unknown> {
  const rig = await startRaw(
    kind,
    (...args) => `global\n  expose-experimental-directives\n${config(...args)}`,
  );
  const seen: string[] = [];
  try {
    for (const [target, key, value = ""] of steps) {
      const answer = await ask(rig, 20000, target, `X-Key: ${key}\r\nX-Value: ${value}\r\n`);
      seen.push(`${target} ${key}: ${answer.slice(9, 12)}`);
    }
    seen.push(/x-b: (.*)/i.exec(await ask(rig, 20002, "/"))?.[1] ?? "");
    for (const target of ["/a", "/b"]) {
      seen.push((await ask(rig, 20001, target)).split("HTTP/1.1 200")[0]!);
    }
    for (const [i, normalizer] of normalizers.entries()) {
      for (const target of targets) {
        const answer = await ask(rig, 20100 + i, target);
        const [head = "", content] = answer.split("\r\n\r\n");
        const status = head.slice(9, 12);
        seen.push(`${normalizer}: ${target} ${status === "200" ? content : status}`);
      }
    }
  } finally {
    await rig.stop();
  }
  return seen;
}

oracle("maps, lists and request targets that rules change", async () => {
  const [theirs, ours] = await Promise.all([play("haproxy"), play("sluice")]);
  assertEquals(ours, theirs);
});
