/** Commands about files of authorities and of revoked certificates (management manual, chapter 9.3). */
import type { CertificateControl, ReplaceableFiles } from "../certificates.ts";
import {
  certificateLines,
  certificatesIn,
  revocationLines,
  revocationListsIn,
} from "./certificate-facts.ts";
import { type Command, type CommandContext, CommandError, refuse } from "./command.ts";
import { attempt, certificatesOf } from "./ssl-certificates.ts";
import { transactionsOf } from "./ssl-transactions.ts";

/** What differs between the two kinds. */
interface Kind {
  /** As in the commands: "ca-file". */
  readonly word: string;
  /** As in the answers: "CA". */
  readonly called: string;
  /** What a payload has: "CAs". */
  readonly many: string;
  readonly usage: string;
  of(control: CertificateControl): ReplaceableFiles;
  /** What a payload has, piece by piece. */
  pieces(pem: Uint8Array): Uint8Array<ArrayBufferLike>[];
  lines(piece: Uint8Array): string;
  readonly title: string;
  /** The line of a list of all. */
  count(pem: Uint8Array): string;
}

const kinds: readonly Kind[] = [
  {
    word: "ca-file",
    called: "CA",
    many: "CAs",
    usage: "<cafile>",
    of: ({ authorities }) => authorities,
    pieces: certificatesIn,
    lines: (piece) => certificateLines(piece.slice()),
    title: "Certificate",
    count: (pem) => ` - ${certificatesIn(pem).length} certificate(s)`,
  },
  {
    word: "crl-file",
    called: "CRL",
    many: "CRLs",
    usage: "<crlfile>",
    of: ({ revoked }) => revoked,
    pieces: revocationListsIn,
    lines: revocationLines,
    title: "Certificate Revocation List",
    count: () => "",
  },
];

function commandsOf(kind: Kind): Command[] {
  const { word, called, usage, many } = kind;
  const transactions = transactionsOf<Uint8Array>();
  const transaction = (context: CommandContext) => transactions(certificatesOf(context));
  const filesOf = (context: CommandContext) => kind.of(certificatesOf(context));
  /** The file that is named. @throws {CommandError} */
  const named = ({ args: [name] }: CommandContext, otherwise: string): string => {
    if (name === undefined) throw refuse(otherwise);
    return name;
  };
  return [
    {
      name: `set ssl ${word}`,
      usage: `${usage} <payload>`,
      help: `prepares other ${many} in a file's place`,
      level: "admin",
      run(context) {
        const { args: [name], payload } = context;
        if (name === undefined || payload === null) {
          throw refuse(`'set ssl ${word} expects a filename and ${many} as a payload`);
        }
        const end = `Can't update ${name}!`;
        if (filesOf(context).content(name) === null) {
          throw refuse(
            `Can't replace a ${called} file which is not referenced by the configuration!\n${end}`,
          );
        }
        const content = new TextEncoder().encode(payload);
        if (kind.pieces(content).length === 0) throw refuse(`Invalid payload\n${end}`);
        const what = transaction(context).set(name, content);
        return `transaction ${what} for ${called} ${name}!\n`;
      },
    },
    {
      name: `commit ssl ${word}`,
      usage,
      help: `has prepared ${many} count`,
      level: "admin",
      async run(context) {
        // HAProxy says so of either kind.
        const name = named(context, "'commit ssl ca-file expects a filename");
        const files = filesOf(context);
        const content = transaction(context).take(name);
        await attempt(() => files.put(name, content), `Can't commit ${name}!`);
        transaction(context).end();
        return `Committing ${name}${".".repeat(files.uses(name))}\nSuccess!\n`;
      },
    },
    {
      name: `abort ssl ${word}`,
      usage,
      help: `drops prepared ${many}`,
      level: "admin",
      run: (context) =>
        transaction(context).abort(named(context, `'abort ssl ${word}' expects a filename`)),
    },
    {
      name: `new ssl ${word}`,
      usage,
      help: `adds an empty ${called} file, for lists of certificates`,
      level: "admin",
      run(context) {
        const name = named(context, `'new ssl ${word}' expects a filename`);
        const files = filesOf(context);
        if (files.content(name) !== null) throw refuse(`${called} file '${name}' already exists!`);
        files.create(name);
        return `New ${called} file created '${name}'!\n`;
      },
    },
    {
      name: `del ssl ${word}`,
      usage,
      help: `removes a ${called} file that is not used`,
      level: "admin",
      run(context) {
        const name = named(context, `'del ssl ${word}' expects a ${called} file name`);
        const files = filesOf(context);
        const cannot = (why: string) =>
          new CommandError(`Can't remove the ${called} file: ${called} file '${name}' ${why}!\n\n`);
        if (files.content(name) === null) throw cannot("doesn't exist");
        if (files.used(name)) throw cannot("in use, can't be deleted");
        files.remove(name);
        return `${called} file '${name}' deleted!\n`;
      },
    },
    {
      name: `show ssl ${word}`,
      usage: `[${usage}[:<index>]]`,
      help: `files of ${many}, or the details of one`,
      level: "operator",
      run(context) {
        const files = filesOf(context);
        const [wanted] = context.args;
        const prepared = transaction(context).name;
        if (wanted === undefined) {
          const line = (name: string, content: Uint8Array) => `${name}${kind.count(content)}\n`;
          const own = prepared === null
            ? ""
            : `# transaction\n${line(`*${prepared}`, transaction(context).get(prepared)!)}`;
          return `${own}# filename\n${
            files.names.map((name) => line(name, files.content(name)!)).join("")
          }`;
        }
        const [, name = "", index] = /^(.*?)(?::(\d+))?$/.exec(wanted) ?? [];
        const content = name.startsWith("*")
          ? transaction(context).get(name.slice(1))
          : files.content(name);
        if (content === null) throw refuse(`Can't display the ${called} file : Not found!`);
        const pieces = kind.pieces(content).map((piece, i) =>
          ` \n${kind.title} #${i + 1}:\n${kind.lines(piece)}`
        );
        const shown = index === undefined ? pieces : pieces.slice(Number(index) - 1, Number(index));
        if (shown.length === 0 && word === "ca-file") return "";
        const status = files.used(name) ? "Used" : "Unused";
        return `Filename: ${name}\nStatus: ${status}\n${shown.join("")}`;
      },
    },
  ];
}

/** See above. */
export const sslFileCommands: readonly Command[] = kinds.flatMap(commandsOf);
