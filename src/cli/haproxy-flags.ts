/** HAProxy's own command line (management manual, chapter 3), for scripts written for it. */

/** What a command line of flags asks for. */
export interface Flags {
  readonly files: readonly string[];
  /** -c: checks the configuration, and ends. */
  readonly check: boolean;
  /** -cc: evaluates this condition, and ends. */
  readonly condition: string | null;
  /** -v, -vv: prints the version, and how it was built. */
  readonly version: 0 | 1 | 2;
  readonly daemon: boolean;
  /** -W, -Ws: a master and workers; and it reports to systemd. */
  readonly master: boolean;
  readonly notify: boolean;
  /** -C: where relative names begin. */
  readonly directory: string | null;
  /** -S: where the master takes commands. */
  readonly masterSocket: string | null;
  /** -dW: as zero-warning. */
  readonly zeroWarning: boolean;
  /** -db: stays in the foreground, whatever the configuration says. */
  readonly foreground: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly debug: boolean;
  readonly pidfile: string | null;
  readonly maxconn: number | null;
  /** -de: the engine is the runtime's own sockets, as with `noepoll`. */
  readonly noEpoll: boolean;
  /** -dr: servers whose names cannot be resolved are no error. */
  readonly lenientNames: boolean;
  /** -dS: as `nosplice`. */
  readonly noSplice: boolean;
  /** -sf, -st: processes to relieve, when this one listens. */
  readonly finish: readonly number[];
  readonly terminate: readonly number[];
}

/** What each flag is for, and what follows it; the usage text is made of this. */
const flags = {
  "-f": { operand: "FILE", help: "reads the configuration from FILE; may be repeated" },
  "-c": { operand: "", help: "checks the configuration, and ends: 0 if it is valid, else 1" },
  "-cc": { operand: "CONDITION", help: "evaluates a condition of .if, and ends: 0 if it is true" },
  "-db": { operand: "", help: "stays in the foreground, even if the configuration says daemon" },
  "-D": { operand: "", help: "runs as a daemon; the command ends when that is ready" },
  "-W": { operand: "", help: "runs as a master, whose workers serve, as master-worker" },
  "-Ws": { operand: "", help: "as -W, and reports to systemd (Type=notify)" },
  "-S": { operand: "ADDRESS", help: "where the master takes commands: ADDRESS[,OPTION...]" },
  "-L": { operand: "NAME", help: "the name of this process among its peers" },
  "-x": { operand: "SOCKET", help: "has no effect: -sf and -st take over what listens" },
  "-dk": {
    operand: "",
    help: "has no effect, nor have -dp, -dG and -dR: they are for other systems",
  },
  "-dp": { operand: "", help: "" },
  "-dG": { operand: "", help: "" },
  "-dR": { operand: "", help: "" },
  "-C": { operand: "FOLDER", help: "goes to this folder first" },
  "-dW": { operand: "", help: "does not start if there is a warning, as zero-warning" },
  "-p": { operand: "PIDFILE", help: "writes the process's id to PIDFILE" },
  "-n": { operand: "MAXCONN", help: "limits the process to MAXCONN connections" },
  "-q": { operand: "", help: "says nothing of warnings" },
  "-V": { operand: "", help: "says more" },
  "-d": { operand: "", help: "stays in the foreground, and says more" },
  "-de": { operand: "", help: "does without epoll, as noepoll: one thread, the runtime's sockets" },
  "-dr": { operand: "", help: "starts although servers have no address: these begin without" },
  "-dS": { operand: "", help: "does without splice(), as nosplice" },
  "-v": { operand: "", help: "prints the version; -vv: how it was built" },
  "-vv": { operand: "", help: "" },
  "-sf": { operand: "PID...", help: "lets these processes finish, when this one listens" },
  "-st": { operand: "PID...", help: "ends these processes, when this one listens" },
} as const;

/** The same, one after the other. */
export const flagList = Object.entries(flags).map(([flag, { operand, help }]) => ({
  flag,
  operand,
  help,
}));

/** The flags, one a line. */
export function flagsHelp(): string {
  return Object.entries(flags)
    .filter(([, { help }]) => help !== "")
    .map(([flag, { operand, help }]) => `  ${`${flag} ${operand}`.padEnd(18)}${help}`)
    .join("\n");
}

/**
 * Reads a command line of flags.
 * @returns what it asks for; or, as text, what is wrong with it
 */
export function parseFlags(argv: readonly string[]): Flags | string {
  const files: string[] = [];
  const found = new Set<string>();
  const operands = new Map<string, string>();
  const pids: Record<"-sf" | "-st", number[]> = { "-sf": [], "-st": [] };
  for (let i = 0; i < argv.length; i++) {
    const flag = argv[i]!;
    if (flag === "--") {
      files.push(...argv.slice(i + 1));
      break;
    }
    if (!(flag in flags)) return `unknown option '${flag}'`;
    found.add(flag);
    if (flag === "-sf" || flag === "-st") {
      while (/^\d+$/.test(argv[i + 1] ?? "")) pids[flag].push(Number(argv[++i]));
      continue;
    }
    const { operand } = flags[flag as keyof typeof flags];
    if (operand === "") continue;
    const value = argv[++i];
    if (value === undefined) return `'${flag}' needs ${operand} after it`;
    if (flag === "-f") files.push(value);
    else operands.set(flag, value);
  }
  const maxconn = operands.get("-n");
  if (maxconn !== undefined && !/^[1-9]\d{0,8}$/.test(maxconn)) {
    return `'-n ${maxconn}': MAXCONN is a number of connections, from 1`;
  }
  return {
    files,
    check: found.has("-c"),
    condition: operands.get("-cc") ?? null,
    version: found.has("-vv") ? 2 : found.has("-v") ? 1 : 0,
    daemon: found.has("-D"),
    master: found.has("-W") || found.has("-Ws"),
    notify: found.has("-Ws"),
    masterSocket: operands.get("-S") ?? null,
    directory: operands.get("-C") ?? null,
    zeroWarning: found.has("-dW"),
    foreground: found.has("-db"),
    quiet: found.has("-q"),
    verbose: found.has("-V"),
    debug: found.has("-d"),
    pidfile: operands.get("-p") ?? null,
    maxconn: maxconn === undefined ? null : Number(maxconn),
    noEpoll: found.has("-de"),
    lenientNames: found.has("-dr"),
    noSplice: found.has("-dS"),
    finish: pids["-sf"],
    terminate: pids["-st"],
  };
}
