/** Hashes of passwords: as `openssl passwd` and glibc make them. */
import { assertEquals } from "@std/assert";
import { crypt, isPassword, knownHash } from "#src/expr/crypt.ts";
import { test } from "../testing.ts";

const long = "a very much longer text to encrypt.  This one even stretches over morethan one line.";

/** Passwords, and their hashes. */
const vectors = [
  ["Hello world!", "$1$abcdefgh$fzmjzFdo5nMtBG8gtud5e0"],
  ["", "$1$a$8CfZSfErbeskipdhZHtvu."],
  ["Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"],
  [
    "Hello world!",
    "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
  ],
  [
    "Hello world!",
    "$6$saltstring$" +
    "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
  ],
  [
    long,
    "$6$rounds=1400$a$" +
    "2YrHfv0tBh.pNLdG5jNNzqq1eMAcWbxZ4bMZRk9e2fEQ53I4bXLPvBny4.vqbominDj0kbrwE2bcXeC1gJZ/Q0",
  ],
] as const;

for (const [password, hash] of vectors) {
  test(`crypt: ${hash.slice(0, 24)}...`, () => {
    assertEquals(crypt(password, hash), hash);
    assertEquals(isPassword(password, hash), true);
    assertEquals(isPassword(`${password}x`, hash), false);
    assertEquals(isPassword(password, hash), true);
  });
}

test("crypt: other kinds of hashes are not known, and nobody's password", () => {
  for (const hash of ["$y$j9T$a$b", "$2y$05$abc", "abJnggxhB/yWI", "secret"]) {
    assertEquals(knownHash.test(hash), false);
    assertEquals(isPassword("secret", hash), false);
  }
});
