/** What operators have of a running process: the runtime API, and the facts that it shows. */
import { chmodSync, chownSync, readdirSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import type { Account } from "../config/keywords/accounts.ts";
import type { StatsSocket } from "../config/keywords/stats-socket.ts";
import { loadConfiguration } from "../config/load.ts";
import type { Configuration } from "../config/model.ts";
import type { Network } from "../net/socket.ts";
import type { ProcessFacts } from "../proxy/control.ts";
import type { Instance } from "../proxy/instance.ts";
import type { CertificateControl } from "../services/certificates.ts";
import { openRuntimeApi, type RuntimeApi } from "../services/commands/listen.ts";
import type { Control } from "../services/control.ts";
import { systemClock } from "../time/clock.ts";
import { systemAccounts } from "./accounts.ts";

/** HAProxy's version whose answers are given, and this program's behind it. */
export const spokenVersion = "2.6.12-sluice";

/** What is known of this process. */
export interface OwnFacts {
  readonly threads: number;
  readonly descriptors: number;
  readonly maxPipes: number;
  startupLogs(): readonly string[];
  readonly certificates: CertificateControl | null;
}

/** Gathers the facts. */
export function processFacts({ global }: Configuration, own: OwnFacts): ProcessFacts {
  let last = { at: performance.now(), used: process.cpuUsage() };
  let idle = 100;
  return {
    ...own,
    version: spokenVersion,
    releaseDate: "2026/11/30",
    node: global.node ?? hostname(),
    description: global.description,
    pid: process.pid,
    environment: process.env,
    memory: residentMemory,
    idle() {
      const now = performance.now();
      if (now - last.at < 1000) return idle;
      const used = process.cpuUsage();
      const busy = used.user + used.system - last.used.user - last.used.system;
      const share = busy / 10 / (now - last.at) / Math.max(1, own.threads);
      idle = Math.max(0, Math.min(100, Math.round(100 - share)));
      last = { at: now, used };
      return idle;
    },
    droppedLogs: () => 0,
    listDescriptors,
  };
}

/** The descriptors of this process (proc(5)). */
function listDescriptors(): string[] {
  try {
    return readdirSync("/proc/self/fd").map(Number).sort((a, b) => a - b).flatMap((fd) => {
      try {
        return [`${String(fd).padStart(7)} : ${readlinkSync(`/proc/self/fd/${fd}`)}`];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** Opens the sockets of the runtime API; null: the configuration has none. */
export function openSockets(
  { global }: Configuration,
  network: Network,
  control: Control,
): RuntimeApi | null {
  if (global.statsSocket.length === 0) return null;
  return openApi(global, global.statsSocket, network, control);
}

/** Opens the one that only this process's master uses. */
export function openMasterApi(
  { global }: Configuration,
  path: string,
  network: Network,
  control: Control,
): RuntimeApi {
  const options = `global\n stats socket '${path}' mode 600 level admin\n`;
  const { configuration } = loadConfiguration([{ name: "-S", text: options }], {});
  return openApi(global, configuration!.global.statsSocket, network, control);
}

function openApi(
  global: Configuration["global"],
  sockets: readonly StatsSocket[],
  network: Network,
  control: Control,
): RuntimeApi {
  return openRuntimeApi({
    sockets,
    timeout: global.statsTimeout,
    maxconn: global.statsMaxconn,
    network,
    clock: systemClock,
    control,
    protect,
  });
}

/** Has rates known, looking once a second. @returns ends that */
export function tickEverySecond(instance: Pick<Instance, "tick">): () => void {
  instance.tick();
  const timer = setInterval(() => instance.tick(), 1000);
  timer.unref();
  return () => clearInterval(timer);
}

/** Sets the owner, and the mode, of a unix socket's path. */
export function protect(path: string, { mode, user, group }: StatsSocket): void {
  const uid = numberOf(user, systemAccounts.user);
  const gid = numberOf(group, systemAccounts.group);
  if (uid !== null || gid !== null) {
    chownSync(path, uid ?? process.getuid?.() ?? 0, gid ?? process.getgid?.() ?? 0);
  }
  if (mode !== null) chmodSync(path, mode);
}

function numberOf(account: Account | null, lookUp: (name: string) => number | null) {
  return typeof account === "string" ? lookUp(account) : account;
}

/** Bytes of memory that the process has; 0 where that cannot be known: in a chroot without /proc. */
function residentMemory(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}
