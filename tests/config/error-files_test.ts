/** `errorfile` and its kin: what is accepted, what is found in the files, as haproxy has it. */
import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { bytesOf } from "#src/bytes/bytes.ts";
import { loadConfiguration } from "#src/config/load.ts";
import { readNamed } from "#src/cli/files.ts";
import { haproxy } from "../haproxy.ts";
import { test } from "../testing.ts";
import { brief } from "./support.ts";

const files: Readonly<Record<string, string>> = {
  ok: "HTTP/1.0 503 Sorry\r\nContent-Type: text/html\r\n\r\n<p>sorry\n",
  lf: "HTTP/1.0 503 Sorry\nContent-Type: text/html\n\n<p>sorry\n",
  length: "HTTP/1.1 503 Sorry\r\nContent-Length: 5\r\n\r\nsorry",
  wrong: "HTTP/1.1 503 Sorry\r\nContent-Length: 6\r\n\r\nsorry",
  twice: "HTTP/1.1 503 Sorry\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nsorry",
  chunked: "HTTP/1.1 503 Sorry\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  field: "HTTP/1.1 503 Sorry\r\nnonsense\r\n\r\nsorry",
  none: "sorry\n",
  open: "HTTP/1.1 503 Sorry\r\nX-A: a\r\n",
  bodiless: "HTTP/1.1 204 Sorry\r\n\r\nsorry",
  interim: "HTTP/1.1 100 Sorry\r\n\r\n",
  reason: "HTTP/1.1 503\r\nX-A: a\r\n\r\nsorry",
  later: "HTTP/2.0 503 Sorry\r\nX-A: a\r\n\r\nsorry",
  latin: "HTTP/1.1 503 Sorry\r\nX-A: \xe9\r\n\r\n\xe9",
  large: `HTTP/1.1 503 Sorry\r\n\r\n${"x".repeat(20_000)}`,
  empty: "",
};

/** Statements, each in a proxy of its own; without a comment haproxy takes them. */
const statements = [
  ...Object.keys(files).map((name) => `errorfile 503 ${name}`),
  "errorfile 503 missing",
  "errorfile 503 .",
  "errorfile 503 /dev/null",
  "errorfile 503 ok and more",
  "errorfile 503",
  "errorfile",
  "errorfile 201 ok",
  "errorfile x ok",
  "errorfiles site",
  "errorfiles site 503 404",
  "errorfiles site 201",
  "errorfiles sites",
  "errorfiles",
  "errorloc 503 /sorry",
  "errorloc302 503 http://sorry/%[src]",
  "errorloc303 503 /sorry and more",
  "errorloc 201 /sorry",
  "errorloc 503",
  "no errorfile 503 ok",
  "http-error status 503",
  "http-error",
  "http-error status",
  "http-error status 201",
  "http-error status 100",
  "http-error status 503 string sorry",
  "http-error status 503 content-type text/plain",
  "http-error status 503 content-type text/plain string sorry",
  "http-error content-type text/plain string sorry",
  "http-error status 503 content-type text/plain string sorry file ok",
  "http-error status 503 content-type text/plain file ok",
  "http-error status 503 content-type text/plain file large",
  "http-error status 503 content-type text/plain file missing",
  "http-error status 503 content-type text/plain file empty",
  "http-error status 503 file ok",
  "http-error status 503 file empty",
  "http-error status 503 lf-string sorry",
  "http-error status 503 lf-string sorry content-type text/plain",
  "http-error status 503 errorfile ok hdr a b",
  "http-error status 503 errorfile wrong",
  "http-error status 503 errorfiles site",
  "http-error status 503 errorfiles sites",
  "http-error status 503 default-errorfiles",
  "http-error status 503 default-errorfiles errorfile ok",
  "http-error status 503 hdr Content-Length 5 hdr X-A a",
  "http-error status 503 hdr X-A",
  "http-error status 503 sorry",
  "http-error status 503 errorfile ok if TRUE",
];

const around = (statement: string) =>
  `defaults
 mode http
 timeout connect 1s
 timeout client 1s
 timeout server 1s
http-errors site
 errorfile 503 ok
listen l
 bind :80
 ${statement}
`;

/** Plays in a folder with the files. */
function inFolder(play: (folder: string) => void): void {
  const folder = mkdtempSync(`${tmpdir()}/sluice-errors-`);
  try {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(`${folder}/${name}`, bytesOf(text));
    }
    play(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is found in a configuration, the files being in the folder. */
function found(text: string, folder: string): string[] {
  const read = (path: string, limit: number) =>
    readNamed(path.startsWith("/") ? path : `${folder}/${path}`, limit);
  return brief(loadConfiguration([{ name: "x.cfg", text }], {}, undefined, read).diagnostics);
}

const skip = haproxy === null;
const why = skip ? " (SKIPPED: haproxy is not installed)" : "";

test(`error files: haproxy accepts and refuses the same${why}`, () => {
  inFolder((folder) => {
    const disagreements = statements.flatMap((statement) => {
      const text = around(statement);
      writeFileSync(`${folder}/x.cfg`, text);
      const { status, stderr } = spawnSync(haproxy!, ["-c", "-f", "x.cfg"], { cwd: folder });
      const ours = found(text, folder).filter((each) => each.includes(" error "));
      return (ours.length === 0) === (status === 0) ? [] : [{ statement, ours, said: `${stderr}` }];
    });
    assertEquals(disagreements, []);
  });
}, { skip });

test("error files: what is wrong is said with its file and line", () => {
  inFolder((folder) => {
    assertEquals(found(around("errorfile 503 missing"), folder), [
      "10:16 error the file 'missing' cannot be read: no such file or directory",
    ]);
    assertEquals(found(around("errorfile 503 large"), folder), [
      "10:16 error the file 'large' has 20022 bytes, more than 16384",
    ]);
    assertEquals(found(around("errorfile 503 ."), folder), [
      "10:16 error the file '.' is a folder",
    ]);
    assertEquals(found(around("errorfile 503 none"), folder), [
      "10:16 error the error file 'none': it does not begin as a response - " +
      "a status line, fields, an empty line, the content; as a server sends it",
    ]);
    assertEquals(found(around("errorfiles sit"), folder), [
      "10:2 error proxy 'l': there is no section 'http-errors sit' - did you mean 'site'?",
    ]);
    assertEquals(found(around("errorfiles site 404"), folder), [
      "10:2 warning section 'http-errors site' has no file for status 404",
    ]);
    assertEquals(found(around("errorfile 503 ok"), folder), []);
  });
});

test("error files: those of 'defaults' are inherited, and looked at once", () => {
  inFolder((folder) => {
    const text = `defaults
 mode http
 timeout connect 1s
 timeout client 1s
 timeout server 1s
 errorfile 503 none
listen l
 bind :80
listen m
 bind :81
 errorfile 400 ok
`;
    assertEquals(found(text, folder).length, 1);
    const { configuration } = loadConfiguration(
      [{ name: "x.cfg", text: text.replace("none", "ok") }],
      {},
      undefined,
      (path, limit) => readNamed(`${folder}/${path}`, limit),
    );
    const [l, m] = configuration!.proxies;
    assertEquals([l!.errors.length, m!.errors.length], [1, 2]);
    assertEquals([...configuration!.files!.keys()], ["ok"]);
  });
});

test("error files: 'default-path' says from where they are reached", () => {
  const asked = (policy: string, file = "/etc/proxy/x.cfg") => {
    const paths: string[] = [];
    const text = `global\n default-path ${policy}\n` + around("errorfile 503 a.http");
    loadConfiguration([{ name: file, text }], {}, undefined, (path) => {
      paths.push(path);
      return new Uint8Array(0);
    });
    return paths.at(-1);
  };
  assertEquals(asked("current"), "a.http");
  assertEquals(asked("config"), "/etc/proxy/a.http");
  assertEquals(asked("config", "x.cfg"), "a.http");
  assertEquals(asked("parent"), "/etc/proxy/../a.http");
  assertEquals(asked("origin /srv"), "/srv/a.http");
});
