/** Runs the programs of checks (manual: "external-check command"), without waiting for them. */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import type { Program, RunProgram } from "../health/external.ts";

/** ms between the request to end and the order to. */
const grace = 1000;
/** What a program that cannot be run ends with. */
const notRun = 255;

/** Runs a program with the environment that it is given alone; its output is the process's. */
export const runProgram: RunProgram = (program, done) => {
  let over = false;
  const conclude = (status: number) => {
    if (over) return;
    over = true;
    done(status);
  };
  const file = fileOf(program);
  if (file === null) {
    const cancel = setImmediate(() => conclude(notRun));
    return () => {
      over = true;
      clearImmediate(cancel);
    };
  }
  const child = spawn(file, [...program.args], {
    argv0: program.command,
    env: { ...program.env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  child.once("error", () => conclude(notRun));
  child.once("exit", (code: number | null) => conclude(code ?? -1));
  return () => {
    if (over) return;
    over = true;
    end(child);
  };
};

/** Where a command is: in the program's own PATH; null: nowhere, or it may not be run. */
function fileOf({ command, env: { PATH = "" } }: Program): string | null {
  const candidates = command.includes("/")
    ? [command]
    : PATH.split(":").filter((folder) => folder !== "").map((folder) => join(folder, command));
  return candidates.find(isRunnable) ?? null;
}

function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function end(child: ChildProcess): void {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), grace);
  timer.unref();
  child.once("exit", () => clearTimeout(timer));
}
