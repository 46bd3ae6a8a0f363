/** Verbs for who runs a proxy: `sluice show ...`, `sluice server ...`, `sluice top`. */
import process from "node:process";
import { print, printError } from "./files.ts";
import { askRuntime, SocketMissing, socketOf } from "./runtime-socket.ts";
import { parseStat, serverTable, topScreen } from "./stat-table.ts";

/** How they find the process. */
export interface OperateOptions {
  readonly socket?: string;
}

/** ms between two pictures. */
const interval = 1000;

/** Does something with the socket; says what is wrong with it. @returns the exit status */
async function over(
  { socket }: OperateOptions,
  act: (ask: (line: string) => Promise<string>) => Promise<number>,
): Promise<number> {
  try {
    const path = socketOf(socket ?? null);
    return await act((line) => askRuntime(path, line));
  } catch (error) {
    if (!(error instanceof SocketMissing)) throw error;
    printError(error.message);
    return 1;
  }
}

/** Whether an answer says that something is wrong: a command that changes something is silent. */
const isSilent = (answer: string) => answer.trim() === "";

/** `sluice show WORDS`: what the runtime API answers. */
export function showRuntime(words: readonly string[], options: OperateOptions): Promise<number> {
  return over(options, async (ask) => {
    const answer = await ask(["show", ...words].join(" "));
    print(answer.trimEnd());
    return /^(Unknown command|Permission denied)/.test(answer) ? 1 : 0;
  });
}

const states = ["ready", "drain", "maint"] as const;

/** `sluice server list`, `sluice server drain web/a`. */
export function operateServer(
  verb: string,
  servers: readonly string[],
  options: OperateOptions,
): Promise<number> {
  return over(options, async (ask) => {
    if (verb === "list") {
      const lines = parseStat(await ask("show stat -1 4 -1"));
      const wanted = lines.filter(({ pxname, svname }) =>
        servers.length === 0 || servers.includes(`${pxname}/${svname}`) || servers.includes(pxname!)
      );
      print(serverTable(wanted).join("\n"));
      return 0;
    }
    const state = states.find((each) => each === verb);
    if (state === undefined || servers.length === 0) {
      printError(
        `which? 'sluice server list', or 'sluice server ${states.join("|")} PROXY/SERVER'`,
      );
      return 2;
    }
    let status = 0;
    for (const server of servers) {
      const answer = await ask(`set server ${server} state ${state}`);
      if (isSilent(answer)) continue;
      printError(`${server}: ${answer.trim()}`);
      status = 1;
    }
    return status;
  });
}

/** `sluice top`: a picture each second, until `q` or an interrupt; into a pipe, one. */
export function top(options: OperateOptions): Promise<number> {
  return over(options, async (ask) => {
    const { stdin, stdout } = process;
    const picture = async () => {
      const size = { columns: stdout.columns ?? 120, rows: stdout.rows ?? 1000 };
      return topScreen(await ask("show info"), await ask("show stat"), size);
    };
    if (!stdout.isTTY) {
      print(await picture());
      return 0;
    }
    let over = false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => {
      over = true;
      resolve();
    };
    process.on("SIGINT", end);
    process.on("SIGTERM", end);
    if (stdin.isTTY) {
      stdin.setRawMode(true);
      stdin.resume();
      stdin.on("data", (bytes: Uint8Array) => {
        if (bytes.includes(113) || bytes.includes(3)) end();
      });
    }
    // The other screen, without a cursor: what was there comes back at the end.
    stdout.write("\x1b[?1049h\x1b[?25l");
    try {
      while (!over) {
        stdout.write(`\x1b[H${(await picture()).split("\n").join("\x1b[K\n")}\x1b[J`);
        await Promise.race([promise, new Promise((next) => setTimeout(next, interval))]);
      }
    } finally {
      stdout.write("\x1b[?25h\x1b[?1049l");
      if (stdin.isTTY) stdin.setRawMode(false);
      stdin.pause();
    }
    return 0;
  });
}
