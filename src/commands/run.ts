import { writeFileSync } from "node:fs";
import process from "node:process";
import { loadConfiguration } from "../config/load.ts";
import { showEndpoint, SocketError } from "../net/socket.ts";
import type { Instance } from "../proxy/instance.ts";
import { ResolveError, resolveNames } from "../process/resolve.ts";
import { networkOfRuntime } from "../process/runtime.ts";
import { serve, StartError } from "../process/serve.ts";
import { complain, readFiles, show } from "./files.ts";

/** How to run. */
export interface RunOptions {
  readonly maxconn?: number | null;
  readonly pidfile?: string | null;
  readonly quiet?: boolean;
  /** Says where it listens. */
  readonly verbose?: boolean;
}

/**
 * `sluice run FILE...`: runs a configuration until SIGTERM or SIGINT.
 * @returns the exit status: 0 after a signal, 1 if it could not start
 */
export async function run(paths: readonly string[], options: RunOptions): Promise<number> {
  const files = readFiles(paths);
  const network = await networkOfRuntime();
  const { configuration, diagnostics } = loadConfiguration(files, process.env, network.can);
  show(diagnostics, files, options.quiet === true || configuration?.global.quiet === true);
  if (configuration === null) return 1;
  if (configuration.proxies.length === 0) {
    complain(`${paths.join(", ")}: there is no proxy in it: nothing to run`);
    return 1;
  }
  let instance: Instance;
  let stopped: Promise<void>;
  try {
    const resolved = await resolveNames(configuration);
    // Whoever sees the pid file, or is served, may send a signal.
    stopped = stopSignal();
    instance = serve(resolved, network, options.maxconn ?? null, complain);
  } catch (error) {
    if (
      error instanceof SocketError || error instanceof StartError || error instanceof ResolveError
    ) {
      complain(`cannot start: ${error.message}${mend(error)}`);
      return 1;
    }
    throw error;
  }
  const pidfile = options.pidfile ?? configuration.global.pidfile;
  if (pidfile !== null) {
    try {
      writeFileSync(pidfile, `${process.pid}\n`);
    } catch (error) {
      instance.stop();
      complain(`cannot start: cannot write the pid file: ${(error as Error).message}`);
      return 1;
    }
  }
  if (options.verbose) announce(instance);
  await stopped;
  instance.stop();
  return 0;
}

/** What to do about an address that cannot be listened on. */
function mend(error: Error): string {
  if (!(error instanceof SocketError)) return "";
  switch (error.code) {
    case "EADDRINUSE":
      return "\n  another process listens there: 'ss -ltnp' shows which one";
    case "EADDRNOTAVAIL":
      return "\n  this machine does not have that address: 'ip addr' shows which ones it has";
    case "EACCES":
      return "\n  a port below 1024 needs root, or the capability CAP_NET_BIND_SERVICE; " +
        "a unix socket, a folder that one may write to";
    default:
      return "";
  }
}

function announce({ endpoints }: Instance): void {
  for (const { proxy, endpoint } of endpoints) {
    complain(`${proxy} listens on ${showEndpoint(endpoint)}`);
  }
}

/** Resolves at the first SIGTERM or SIGINT. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
  });
}
