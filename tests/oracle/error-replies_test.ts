/** Replies in place of the proxy's own: `errorfile`, `errorloc`, `http-error`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { type Case, oracleCases } from "./harness.ts";

const folder = mkdtempSync(`${tmpdir()}/sluice-errors-`);
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const files: Readonly<Record<string, string>> = {
  length: "HTTP/1.1 503 Sorry\r\nX-A: a\r\nContent-Length: 5\r\n\r\nsorry",
  close: "HTTP/1.1 503 Sorry\r\nX-A: a\r\nConnection: close\r\n\r\nsorry",
  open: "HTTP/1.1 503 Sorry\r\nX-A: a\r\n\r\nsorry",
  another: "HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nfine",
  bodiless: "HTTP/1.1 204 Fine\r\nX-A: a\r\n\r\n",
  empty: "",
};
for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}/${name}`, text);

const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const head = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";
const old = "GET / HTTP/1.0\r\n\r\n";

const rules = [
  ...Object.keys(files).map((name) => `errorfile 503 ${folder}/${name}`),
  "errorloc 503 http://other/",
  "errorloc302 503 /sorry",
  "errorloc303 503 /sorry",
  "http-error status 503",
  "http-error status 503 content-type text/plain string sorry hdr X-A a",
  `http-error status 503 content-type text/plain file ${folder}/length`,
  `http-error status 503 errorfile ${folder}/another`,
  "http-error status 503 default-errorfiles",
  "http-error status 503 hdr Connection close",
];

const cases: Case[] = rules.flatMap((rule) => {
  const name = rule.replace(folder, "");
  const config = [rule];
  const servers = ["dead"];
  // A response whose end is that of the connection leaves one line, where others leave two.
  return [
    { name: `${name}: GET`, config, servers, requests: [get], logs: 1, probe: false as const },
    { name: `${name}: HEAD`, config, servers, requests: [head], logs: 1, probe: false as const },
    { name: `${name}: 1.0`, config, servers, requests: [old], logs: 1, probe: false as const },
  ];
});

oracleCases("error replies", cases);
