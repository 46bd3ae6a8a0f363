import { assert, assertEquals, assertMatch } from "@std/assert";
import { constants } from "node:os";
import { socketErrorOf } from "#src/net/errors.ts";
import { describeErrno, errnoName, socketCode } from "#src/net/linux/errno.ts";
import { SocketError } from "#src/net/socket.ts";
import { test } from "../testing.ts";

/** Two names for one number. */
const others = new Set(["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"]);

test("errno: every number has the name that the runtime knows, and words", () => {
  const known = Object.entries(constants.errno).filter(([name]) => !others.has(name));
  assert(known.length > 70);
  for (const [name, number] of known) {
    assertEquals(errnoName(number), name);
    assertEquals(describeErrno(number), describeErrno(name));
    // Not a number, not a name.
    assertMatch(describeErrno(number), /^([a-z]|RFS|\.lib)[^0-9]*[a-z]{3}[^A-Z0-9]*/, name);
  }
});

test("errno: what fills a disk and what is too large is said in words", () => {
  assertEquals(describeErrno(28), "no space left on device");
  assertEquals(describeErrno(27), "file too large");
  assertEquals(describeErrno(122), "disk quota exceeded");
  assertEquals(describeErrno(5), "input/output error");
});

test("errno: a number of no system is told as such", () => {
  assertEquals([errnoName(4095), describeErrno(4095)], ["E4095", "unknown error E4095"]);
});

test("errno: the seam tells apart what it has names for", () => {
  const codes = ["EPERM", "ENFILE", "ECONNREFUSED", "ENOSPC", "EISCONN"].map(socketCode);
  assertEquals(codes, ["EACCES", "EMFILE", "ECONNREFUSED", "EIO", "EIO"]);
  assertEquals(socketCode(111), "ECONNREFUSED");
});

test("errno: what a runtime throws becomes an error of the seam", () => {
  const thrown = (code: string) => Object.assign(new Error(`${code}: it is so`), { code });
  const codes = ["ECONNABORTED", "ENOTCONN", "EPERM", "ENOSPC", "none"].map((code) =>
    socketErrorOf(thrown(code)).code
  );
  assertEquals(codes, ["ECONNRESET", "EPIPE", "EACCES", "EIO", "EIO"]);
  assertEquals(socketErrorOf(thrown("ENOSPC")).message, "ENOSPC: it is so");
  assertEquals(socketErrorOf("words").message, "words");
  const own = new SocketError("EPIPE");
  assertEquals(socketErrorOf(own), own);
});
