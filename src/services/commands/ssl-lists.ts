/** Commands about lists of certificates, and names that are served (management manual, chapter 9.3). */
import { parseTime } from "../../text/time.ts";
import { type CrtListLine, readCrtList } from "../../tls/crt-list.ts";
import { CertificateMistake } from "../certificates.ts";
import { showTime } from "./certificate-facts.ts";
import { type Command, type CommandContext, CommandError, refuse } from "./command.ts";
import { certificatesOf } from "./ssl-certificates.ts";

/** A line as it is written: "a.pem [alpn h2] a.test !b.a.test". */
function lineText({ file, options, names }: CrtListLine, numbered: boolean, line: number): string {
  const bracket = options.length === 0 ? [] : [`[${options.join(" ")}]`];
  return [numbered ? `${file}:${line}` : file, ...bracket, ...names].join(" ");
}

function show(context: CommandContext): string {
  const control = certificatesOf(context);
  const numbered = context.args[0] === "-n";
  const name = context.args[numbered ? 1 : 0];
  if (name === undefined) return control.lists.map((each) => `${each}\n`).join("");
  if (!control.lists.includes(name)) throw refuse("didn't find the specified filename");
  const { lines } = readCrtList(control.list(name));
  return `# ${name}\n` +
    lines.map((line) => `${lineText(line, numbered, line.line)}\n`).join("");
}

async function add(context: CommandContext): Promise<string> {
  const { args: [list, named], payload } = context;
  const cannot = (why: string) => refuse(`Can't edit the crt-list: ${why}`);
  if (list === undefined || named === undefined && payload === null) {
    throw refuse("'add ssl crtlist' expects a filename and a certificate name");
  }
  const control = certificatesOf(context);
  if (payload !== null && payload.trim().split("\n").length > 1) {
    throw cannot("unexpected end of line!");
  }
  const text = payload === null ? named! : payload.trim();
  const { lines: [line], mistakes: [mistake] } = readCrtList(text);
  if (mistake !== undefined) throw cannot(mistake.message);
  if (line === undefined) throw cannot("certificate '' does not exist!");
  if (!control.lists.includes(list)) throw cannot(`crt-list '${list}' does not exist!`);
  if (!control.has(line.file)) throw cannot(`certificate '${line.file}' does not exist!`);
  if (control.partsOf(line.file) === null) throw cannot(`certificate '${line.file}' is empty!`);
  const before = control.list(list);
  const end = before === "" || before.endsWith("\n") ? "" : "\n";
  try {
    await control.putList(list, `${before}${end}${text}\n`);
  } catch (error) {
    if (error instanceof CertificateMistake) throw cannot(error.message);
    throw error;
  }
  return `Inserting certificate '${line.file}' in crt-list '${list}'.\nSuccess!\n`;
}

async function remove(context: CommandContext): Promise<string> {
  const { args: [list, named] } = context;
  const cannot = (why: string) => refuse(`Can't delete the entry: ${why}`);
  if (list === undefined || named === undefined) {
    throw refuse("'del ssl crtlist' expects a filename and a certificate name");
  }
  const control = certificatesOf(context);
  const [, file = "", number] = /^(.*?)(?::(\d+))?$/.exec(named) ?? [];
  if (!control.lists.includes(list)) throw cannot(`crt-list '${list}' does not exist!`);
  if (!control.has(file)) throw cannot(`certificate '${file}' does not exist!`);
  const text = control.list(list);
  const lines = readCrtList(text).lines.filter((line) => line.file === file);
  const numbers = lines.map(({ line }) => line).join(", ");
  if (lines.length === 0) {
    throw cannot(`can't find certificate '${file}' in the crt-list '${list}'!`);
  }
  if (number === undefined && lines.length > 1) {
    throw cannot(
      `found the certificate '${file}' in several entries, please specify a line number ` +
        `preceded by colons (${numbers})!`,
    );
  }
  const found = number === undefined
    ? lines[0]!
    : lines.find(({ line }) => line === Number(number));
  if (found === undefined) {
    throw cannot(
      `found a certificate '${file}' but the line number is incorrect, please specify a correct ` +
        `line number preceded by colons (${numbers})!`,
    );
  }
  const first = readCrtList(text).lines[0]!;
  const byDefault = control.defaultOf(list);
  if (byDefault !== null && first.line === found.line) {
    throw new CommandError(
      `Can't delete the entry: certificate '${file}' cannot be deleted, it is used as default ` +
        `certificate by the following frontends:\n` +
        `${byDefault.binds.map((bind) => `\t- ${bind}\n`).join("")}\n`,
    );
  }
  // The others keep their numbers.
  const kept = text.split("\n").map((line, i) => i === found.line - 1 ? "" : line).join("\n");
  try {
    await control.putList(list, kept);
  } catch (error) {
    if (error instanceof CertificateMistake) throw cannot(error.message);
    throw error;
  }
  return `Entry '${file}' deleted in crtlist '${list}'!\n`;
}

/** `show ssl sni [-f <frontend>] [-A] [-t <time>]` (of HAProxy 3.2). */
function showSni(context: CommandContext): string {
  let frontend: string | null = null;
  let expired = false;
  let offset = 0;
  for (let i = 0; i < context.args.length; i++) {
    const word = context.args[i];
    if (word === "-A") expired = true;
    else if (word === "-f") frontend = context.args[++i] ?? "";
    else if (word === "-t") {
      const time = parseTime(context.args[++i] ?? "", "s");
      if (time === null) throw refuse("'-t' expects a time");
      offset = time;
    } else throw refuse("Invalid parameters, 'show ssl sni' only supports '-f', '-A' and '-t'.");
  }
  const limit = context.control.wall() + offset;
  const lines = certificatesOf(context).served()
    .filter((one) => (frontend ?? one.frontend) === one.frontend)
    .filter(({ notAfter }) => !expired || notAfter < limit)
    .map((one) =>
      [
        `${one.frontend}/${one.bind}`,
        one.name,
        one.without.join(" ") || "-",
        one.kind,
        one.file,
        showTime(one.notAfter),
        showTime(one.notBefore),
      ].join("\t")
    );
  const head = "# Frontend/Bind\tSNI\tNegative Filter\tType\tFilename\tNotAfter\tNotBefore";
  return [head, ...lines].map((line) => `${line}\n`).join("");
}

/** See above. */
export const sslListCommands: readonly Command[] = [
  {
    name: "show ssl crt-list",
    usage: "[-n] [<list>]",
    help: "lists of certificates, or the lines of one",
    level: "operator",
    run: show,
  },
  {
    name: "add ssl crt-list",
    usage: "<list> <cert> [opts]*",
    help: "adds a line to a list of certificates: a certificate, or what comes as a payload",
    level: "admin",
    run: add,
  },
  {
    name: "del ssl crt-list",
    usage: "<list> <cert[:line]>",
    help: "removes a line of a list of certificates",
    level: "admin",
    run: remove,
  },
  {
    name: "show ssl sni",
    usage: "[-f <frontend>] [-A] [-t <time>]",
    help: "names that are served, with their certificates",
    level: "operator",
    run: showSni,
  },
];
