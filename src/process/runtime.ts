/** The runtime under the program, and its way to the network. */
import process from "node:process";
import type { Network } from "../net/socket.ts";

/** The runtime and its version: "bun 1.4.5", "deno 2.9.6". */
export function runtimeName(): string {
  const { bun, deno } = process.versions as Record<string, string | undefined>;
  return bun !== undefined ? `bun ${bun}` : `deno ${deno ?? "?"}`;
}

/** The sockets of this runtime. The other runtime's adapter is never loaded. */
export async function networkOfRuntime(): Promise<Network> {
  if ("Bun" in globalThis) return (await import("../net/bun/network.ts")).bunNetwork;
  return (await import("../net/deno/network.ts")).denoNetwork;
}

/** The command that starts this program, without its own arguments: itself, or a runtime's. */
export function ownCommand(): [program: string, ...args: string[]] {
  const main = process.argv[1]!;
  if ("Bun" in globalThis) {
    // Bun's folder of what is compiled in.
    const compiled = main.startsWith("/$bunfs/");
    return [process.execPath, ...compiled ? [] : [...process.execArgv, main]];
  }
  // Deno does not say what it was permitted; a program that may start programs may start this.
  return [process.execPath, ...Deno.build.standalone ? [] : ["run", "-A", "--quiet", main]];
}
