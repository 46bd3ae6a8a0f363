/** The pid file: what may stand in its place, and must not be written to, or be waited for. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { writePidFile } from "#src/process/pid-file.ts";
import { inFolder, programTest, run } from "../binary.ts";
import { ownAddress, relay } from "../reload/rig.ts";
import { test } from "../testing.ts";

const content = `${process.pid}\n`;

/** Writes the pid file, and sees that it is a file of its own. */
function assertWritten(path: string): void {
  writePidFile(path);
  const stat = lstatSync(path);
  assert(stat.isFile());
  assertEquals([stat.nlink, stat.mode & 0o777], [1, 0o644 & ~process.umask()]);
  assertEquals(readFileSync(path, "utf8"), content);
}

function refused(path: string): string {
  const { message } = assertThrows(() => writePidFile(path), Error);
  const start = `cannot write the pid file: '${path}': `;
  assert(message.startsWith(start), message);
  return message.slice(start.length);
}

test("a pid file is made anew: neither a link's target nor a file's other name is written to", () =>
  inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    writeFileSync(at("precious"), "precious");
    symlinkSync("precious", at("symbolic"));
    linkSync(at("precious"), at("hard"));
    symlinkSync("nothing", at("dangling"));
    writeFileSync(at("old"), "1234567890\n", { mode: 0o600 });
    assertEquals(spawnSync("mkfifo", [at("fifo")]).status, 0);
    const server = createServer().listen(at("socket"));
    await once(server, "listening");
    try {
      for (const name of ["new", "old", "symbolic", "hard", "dangling", "fifo", "socket"]) {
        assertWritten(at(name));
      }
    } finally {
      server.close();
      await once(server, "close");
    }
    assertEquals(readFileSync(at("precious"), "utf8"), "precious");
    assert(!existsSync(at("nothing")));
  }));

test("a folder, a device or no folder in its place is an error that says so", () =>
  inFolder(async (folder) => {
    mkdirSync(join(folder, "pid"));
    assertEquals(refused(join(folder, "pid")), "it is a folder");
    assertEquals(refused("/dev/null"), "it is a device");
    assert(lstatSync("/dev/null").isCharacterDevice());
    assertEquals(refused(join(folder, "none", "pid")), "no such file or directory");
    await Promise.resolve();
  }));

const root = process.getuid?.() === 0;
test(
  `${root ? "SKIPPED, root may write anywhere: " : ""}in a folder that may not be written to, ` +
    "a file of one's own will do, and no other",
  () =>
    inFolder(async (folder) => {
      const conf = join(folder, "closed");
      mkdirSync(conf);
      const at = (name: string) => join(conf, name);
      writeFileSync(at("own"), "1234567890\n");
      writeFileSync(at("precious"), "precious");
      linkSync(at("precious"), at("hard"));
      symlinkSync("precious", at("symbolic"));
      chmodSync(conf, 0o555);
      try {
        writePidFile(at("own"));
        assertEquals(readFileSync(at("own"), "utf8"), content);
        for (const name of ["hard", "symbolic", "new"]) {
          assertEquals(refused(at(name)), "permission denied");
        }
        assertEquals(readFileSync(at("precious"), "utf8"), "precious");
      } finally {
        chmodSync(conf, 0o755);
      }
      await Promise.resolve();
    }),
  { skip: root },
);

programTest(
  "a pid file that cannot be written ends the start with a message, at once",
  () =>
    inFolder(async (folder) => {
      const configuration = relay(ownAddress(), ownAddress());
      for (const [path, reason] of [[folder, "it is a folder"], ["/dev/full", "it is a device"]]) {
        for (const flag of ["-db", "-D"]) {
          const { status, stderr } = await run([flag, "-f", "-", "-p", path!], {
            input: configuration,
          });
          const message = `cannot start: cannot write the pid file: '${path}': ${reason}\n`;
          assertEquals([status, stderr], [1, message]);
        }
      }
    }),
);
