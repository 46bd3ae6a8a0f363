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
  if ("Bun" in globalThis) return (await import("../net/bun.ts")).bunNetwork;
  return (await import("../net/deno.ts")).denoNetwork;
}
