/**
 * Files that a configuration names, and that its story makes: maps and lists, and certificates. The
 * story says them by the paths that they have in production, below /etc/sluice; it is played with a
 * folder of its own in that place.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Authority, createAuthority, issueCertificate } from "../simulate/certificates.ts";
import { type Phrase, phrase, problem } from "./language.ts";
import { ownLine, type Part, type Performed, Step } from "./step.ts";

/** How the folders begin that are made. */
const made = join(tmpdir(), "sluice-");

/** What the folder stands in place of. */
export const place = "/etc/sluice";

/** A scenario's text with its files made. */
export interface Prepared {
  /** With the folder in place of {@linkcode place}. */
  readonly text: string;
  /** Where the files are; null: there are none. */
  readonly folder: string | null;
  /** The certificates of those whom the story trusts. */
  readonly authorities: readonly string[];
  /** Removes the files. */
  remove(): void;
  /** Words in which the folder has its place again. */
  shown(words: string): string;
}

const declaration =
  /^#>( *)the (file|authority|certificate) (\/etc\/sluice\/\S+)(?: has| signs the certificates below| is for (.+))$/;

/** Makes the files that a story declares. */
export function prepareFiles(text: string): Prepared {
  const lines = text.split("\n").map((line) => line.trimEnd());
  if (!lines.some((line) => declaration.test(line))) {
    return { text, folder: null, authorities: [], remove() {}, shown: (words) => words };
  }
  const folder = mkdtempSync(made);
  const there = (words: string) => words.replaceAll(`${place}/`, `${folder}/`);
  const authorities: string[] = [];
  let authority: Authority | null = null;
  const write = (path: string, content: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  };
  for (const [i, line] of lines.entries()) {
    const [, indent = "", kind, path = "", names = ""] = declaration.exec(line) ?? [];
    if (kind === undefined) continue;
    const own = there(path);
    if (kind === "file") write(own, there(contentBelow(lines, i, indent.length)));
    else if (kind === "authority") {
      authority = createAuthority("The story's own authority");
      authorities.push(own);
      write(own, authority.certificate);
    } else {
      authority ??= createAuthority("Nobody in particular");
      write(own, issueCertificate(authority, names.split(/,? and |, */)));
    }
  }
  return {
    text: there(text),
    folder,
    authorities,
    remove: () => rmSync(folder, { recursive: true, force: true }),
    shown: (words) => words.replaceAll(folder, place),
  };
}

/** The lines that are indented under line `i`. */
function contentBelow(lines: readonly string[], i: number, indent: number): string {
  const content: string[] = [];
  for (const line of lines.slice(i + 1)) {
    const [, space = "", words = ""] = /^#>( *)(.*)$/.exec(line) ?? [];
    if (words === "" || space.length <= indent) break;
    content.push(`${words}\n`);
  }
  return content.join("");
}

/** It is there already: the configuration could not be read without it. */
class Declared extends Step<null> {
  readonly content: string[] = [];
  override perform(): Performed<null> {
    return {
      subject: null,
      picture: (look) => [
        ...ownLine(this.text, null, look),
        ...this.content.map((line) => look.paint.dim(`      ${line}`)),
      ],
    };
  }
}

/** What is indented under a file: its lines. */
export const fileParts: readonly Part<Declared>[] = [
  phrase("a line of the file", (_, { text }, __, step) => {
    step.content.push(text);
  }, /^.*$/),
];

const declared = (shape: string, parts: readonly Part<Declared>[] = []): Phrase<Step> =>
  phrase(
    shape,
    ({ path = "" }, said) =>
      path.startsWith(`${place}/`) || path.startsWith(made) ? new Declared(said, parts) : problem(
        path,
        "files of a story are below /etc/sluice",
        "write '/etc/sluice/...', here and in the configuration",
      ),
  );

/** Sentences that stand for themselves. */
export const fileSentences: readonly Phrase<Step>[] = [
  declared("the file PATH has (lines of it are indented below)", fileParts),
  declared("the authority PATH signs the certificates below"),
  declared("the certificate PATH is for TEXT (names, with commas)"),
];
