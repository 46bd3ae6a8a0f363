/** Completions and the manual page: that shells and man take them, and that nothing is missing. */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { completion, shellNames } from "#src/cli/completion.ts";
import { manualPage } from "#src/cli/man.ts";
import { families } from "#src/config/registry.ts";
import { missingOf } from "../programs.ts";
import { test } from "../testing.ts";

const verbs = [
  { name: "check", summary: "shows what's wrong", options: ["--all"], words: null },
  { name: "server", summary: "lists servers", options: [], words: ["list", "drain"] },
];
const flags = [
  { flag: "-f", operand: "FILE", help: "reads FILE" },
  { flag: "-c", operand: "", help: "checks" },
];

test("completions name every command, option, word and flag", () => {
  for (const shell of shellNames) {
    const text = completion(shell, { verbs, flags });
    for (const word of ["check", "server", "all", "list", "drain", "f", "c"]) {
      assert(new RegExp(`\\b${word}\\b`).test(text), `${shell}: ${word}`);
    }
  }
});

const noBash = missingOf({ bash: "bash" });
test(`bash completes${noBash === null ? "" : ` (SKIPPED: ${noBash})`}`, () => {
  const complete = (words: string) => {
    const script = `${completion("bash", { verbs, flags })}
COMP_WORDS=(sluice ${words}); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _sluice; echo "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    assertEquals(stderr, "");
    return stdout.trim();
  };
  assertEquals(complete("se"), "server");
  assertEquals(complete("server ''"), "list drain");
  assertEquals(complete("server d"), "drain");
  assertEquals(complete("check --a"), "--all");
  assertEquals(complete("''"), "check server -f -c");
}, { skip: noBash !== null });

test("the manual page has every command, flag and keyword, and no line that is a request by chance", () => {
  const page = manualPage("sluice 0", verbs, flags);
  const plain = page.replaceAll("\\-", "-");
  for (const { name } of verbs) assert(plain.includes(`.B ${name}`), name);
  for (const { flag } of flags) assert(plain.includes(`.B ${flag}`), flag);
  for (const { table } of families) {
    for (const name of table.keywords.keys()) assert(plain.includes(`.B ${name}\n`), name);
  }
  for (const line of page.split("\n")) {
    if (/^[.']/.test(line)) assert(/^\.(TH|SH|SS|TP|B|I|br)\b/.test(line), line);
  }
});
