/**
 * A box that is a whole machine to its programs: beside its network it has its own processes and
 * its own /run, so that `killall` finds nobody else's.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { until } from "../until.ts";
import { type Box, processesIn } from "./network.ts";

/** A machine. */
export interface House {
  readonly box: Box;
  /** What starts a program in it: the program's words follow. */
  readonly prefix: readonly [string, ...string[]];
  /** Starts a program in it, which has ended when the network goes, at the latest. */
  spawn(...words: [string, ...string[]]): ChildProcess;
  /** Runs a program in it to its end. @returns its status and what it wrote */
  run(...words: [string, ...string[]]): { status: number | null; output: string };
}

const unshare = ["--pid", "--fork", "--mount-proc", "--kill-child"];

/** Why there can be no such box here; null: there can. */
export function houseObstacle(): string | null {
  const { status, stderr } = spawnSync("unshare", [...unshare, "true"], { encoding: "utf8" });
  return status === 0 ? null : `no process namespaces here: ${stderr ?? "unshare is missing"}`;
}

/** Makes a machine of a box, with util-linux's unshare and nsenter. */
export async function settle(box: Box): Promise<House> {
  // The first process of the box: its end would be that of all the others, and it must wait for
  // orphans, since killall finds the dead who are not buried.
  const first = "mount -t tmpfs tmpfs /run && sleep infinity & wait";
  box.spawn("unshare", ...unshare, "sh", "-c", first);
  const pid = await until(() => processesIn(box, "sleep")[0], `the life of ${box.name}`);
  const prefix = ["nsenter", `--target=${pid}`, "--pid", "--mount", "--net"] as const;
  const rest = prefix.slice(1);
  return {
    box,
    prefix,
    spawn: (...words) => spawn(prefix[0], [...rest, ...words]),
    run(...words) {
      const { status, stdout, stderr } = spawnSync(prefix[0], [...rest, ...words]);
      return { status, output: `${stdout}${stderr}` };
    },
  };
}
