/** Programs that speak TLS with the proxy. */
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { missingOf } from "../programs.ts";

/** Why tests with curl and openssl cannot be made here; null: they can. */
export const missing: string | null = missingOf({ curl: "curl", openssl: "openssl" });

/** Runs a program to its end. @returns its status, and all that it wrote */
export async function program(
  name: string,
  args: readonly string[],
  input = "",
): Promise<{ status: number | null; output: string }> {
  const child = spawn(name, args, { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (bytes: Uint8Array) => void (output += new TextDecoder().decode(bytes)));
  child.stderr.on("data", (bytes: Uint8Array) => void (output += new TextDecoder().decode(bytes)));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, output };
}

/** A request by curl, as `name`; trusts nobody's word unless `args` say so. */
export async function curl(
  address: string,
  port: number,
  name: string,
  ...args: string[]
): Promise<{ status: number | null; output: string }> {
  const resolve = ["--resolve", `${name}:${port}:${address}`];
  return await program("curl", [
    "-sS",
    "--max-time",
    "20",
    ...resolve,
    ...args,
    `https://${name}:${port}/`,
  ]);
}

/** The answer of a runtime API to one command. */
export function ask(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(path);
    socket.on("data", (bytes: Uint8Array) => text += new TextDecoder().decode(bytes));
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
    socket.write(command.includes("\n") ? `${command.trimEnd()}\n\n` : `${command}\n`);
  });
}
