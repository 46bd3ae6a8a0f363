/** Configuration files and folders as they may really be (management manual, "-f"). */
import { assertEquals, assertThrows } from "@std/assert";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import process from "node:process";
import { FileError, readFiles } from "#src/cli/files.ts";
import { inFolder, launcher, programTest, run } from "../binary.ts";
import { test } from "../testing.ts";

/** Lays files out: name and text. */
function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

/** What reading says that cannot be read. */
function complaint(...paths: string[]): string {
  return assertThrows(() => readFiles(paths), FileError).message;
}

test("a folder: its .cfg files in the order of their bytes, and neither hidden ones nor others", () =>
  inFolder(async (folder) => {
    const names = [
      "10.cfg",
      "9.cfg",
      "B.cfg",
      "_.cfg",
      "a.cfg",
      "z.cfg",
      "é.cfg",
      "😀.cfg",
      "\uFF5E.cfg",
    ];
    for (const name of names) write(folder, { [name]: name });
    write(folder, { ".hidden.cfg": "", ".cfg": "", "a.cfg.bak": "", "cfg": "", "a.CFG": "" });
    const read = readFiles([folder]);
    const order = ["10", "9", "B", "_", "a", "z", "é", "\uFF5E", "😀"].map((name) => `${name}.cfg`);
    assertEquals(read.map(({ text }) => text), order);
    assertEquals(read.map(({ name }) => name), order.map((name) => join(folder, name)));
    // With a slash behind the folder's name they have the same names.
    assertEquals(readFiles([`${folder}/`]), read);
    await Promise.resolve();
  }));

test("a folder: what is no regular file is passed over, whatever its name; links are followed", () =>
  inFolder(async (folder) => {
    const conf = join(folder, "conf.d");
    mkdirSync(conf);
    write(folder, { "outside": "linked" });
    write(conf, { "real.cfg": "real" });
    mkdirSync(join(conf, "old.cfg"));
    write(join(conf, "old.cfg"), { "inner.cfg": "inner" });
    symlinkSync("../outside", join(conf, "link.cfg"));
    symlinkSync("old.cfg", join(conf, "link-to-folder.cfg"));
    symlinkSync("/dev/zero", join(conf, "device.cfg"));
    assertEquals(spawnSync("mkfifo", [join(conf, "fifo.cfg")]).status, 0);
    const server = createServer().listen(join(conf, "socket.cfg"));
    await once(server, "listening");
    try {
      assertEquals(readFiles([conf]).map(({ text }) => text), ["linked", "real"]);
    } finally {
      server.close();
      await once(server, "close");
    }
  }));

test("an empty folder is nothing beside a file; alone there is nothing to read", () =>
  inFolder(async (folder) => {
    const empty = join(folder, "conf.d");
    mkdirSync(empty);
    write(folder, { "a.cfg": "a" });
    assertEquals(readFiles([empty, join(folder, "a.cfg"), empty]).map(({ text }) => text), ["a"]);
    assertEquals(complaint(empty), `cannot read '${empty}': no file of this folder ends in .cfg`);
    await Promise.resolve();
  }));

test("what cannot be read is named, with the reason", () =>
  inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    mkdirSync(at("conf.d"));
    symlinkSync("/nowhere/else", at("conf.d/gone.cfg"));
    symlinkSync("nothing", at("dangling"));
    symlinkSync("loop", at("loop"));
    write(folder, { file: "" });
    assertEquals(
      complaint(at("conf.d")),
      `cannot read '${at("conf.d/gone.cfg")}': it is a link to '/nowhere/else', which is not there`,
    );
    assertEquals(
      complaint(at("dangling")),
      `cannot read '${at("dangling")}': it is a link to 'nothing', which is not there`,
    );
    assertEquals(complaint(at("none")), `cannot read '${at("none")}': no such file or directory`);
    assertEquals(complaint(at("file/x")), `cannot read '${at("file/x")}': not a directory`);
    assertEquals(complaint(at("loop")).replace(/:[^:]*$/, ""), `cannot read '${at("loop")}'`);
    if (process.getuid?.() !== 0) {
      chmodSync(at("file"), 0);
      chmodSync(at("conf.d"), 0);
      assertEquals(complaint(at("file")), `cannot read '${at("file")}': permission denied`);
      assertEquals(complaint(at("conf.d")), `cannot read '${at("conf.d")}': permission denied`);
      chmodSync(at("conf.d"), 0o755);
    }
    await Promise.resolve();
  }));

test("a name's control characters do not reach the terminal", () => {
  assertEquals(
    complaint("/x\x1b[31m\n"),
    "cannot read '/x\\x1b[31m\\x0a': no such file or directory",
  );
});

test("a name in a folder need not be UTF-8", () =>
  inFolder(async (folder) => {
    writeFileSync(Buffer.from(`${folder}/\xe9.cfg`, "latin1"), "latin");
    assertEquals(readFiles([folder]).map(({ text }) => text), ["latin"]);
    await Promise.resolve();
  }));

programTest("-c reads what can be read only once, and several of it", async () => {
  await inFolder(async (folder) => {
    const text = "frontend web\n  bind 127.0.0.1:1\n  timeout client 1s\n  default_backend b\n";
    const rest = "backend b\n  timeout server 1s\n  timeout connect 1s\n  server a 127.0.0.1:2\n";
    write(folder, { a: text, b: rest });
    const command = `exec ${
      launcher.map((word) => `'${word}'`).join(" ")
    } -c -f <(cat a) -f <(cat b)`;
    const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { cwd: folder });
    assertEquals([status, String(stdout), String(stderr)], [
      0,
      "Configuration file is valid\n",
      "",
    ]);
    for (const stdin of ["-", "/dev/stdin"]) {
      assertEquals((await run(["-c", "-f", stdin], { input: text + rest })).status, 0);
    }
  });
});
