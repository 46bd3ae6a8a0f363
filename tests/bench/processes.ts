/**
 * The processes that a run starts: pinned to CPUs, and none of them outlives the run.
 */

/** The CPUs that each party runs on; "" where nothing is pinned. In taskset's list format. */
export interface Placement {
  readonly proxy: string;
  readonly origin: string;
  readonly client: string;
  /** What was done, for the reader of the figures. */
  readonly words: string;
}

/** A started process. */
export interface RunningProxy {
  readonly pid: number;
  readonly child: Deno.ChildProcess;
}

const running = new Set<Deno.ChildProcess>();

/** Starts a program on the given CPUs; what becomes of its three streams is the caller's choice. */
export function spawn(
  command: readonly string[],
  cpus: string,
  streams: Pick<Deno.CommandOptions, "stdin" | "stdout" | "stderr">,
): RunningProxy {
  // taskset replaces itself by the program: the process id stays.
  const [program, ...args] = cpus === "" ? command : ["taskset", "-c", cpus, ...command];
  if (program === undefined) throw new Error("no program to start");
  const child = new Deno.Command(program, { args, ...streams }).spawn();
  running.add(child);
  void child.status.then(() => running.delete(child));
  return { pid: child.pid, child };
}

/** Whether a process has not ended yet. */
export function isRunning({ child }: RunningProxy): boolean {
  return running.has(child);
}

/** Ends a process at once and waits until it is gone. */
export async function stop({ child }: RunningProxy): Promise<void> {
  if (running.has(child)) child.kill("SIGKILL");
  await child.status;
}

/** Ends all that is still running. */
export function stopAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Gives the proxy a CPU of its own, and the origin too where there are three or more. */
export function placement(): Placement {
  const cpus = allowedCpus();
  const proxy = cpus.pop();
  if (proxy === undefined || cpus.length === 0 || !hasTaskset()) {
    return { proxy: "", origin: "", client: "", words: "nothing pinned (one CPU, or no taskset)" };
  }
  const origin = cpus.length > 1 ? [cpus.pop()] : cpus;
  const party = { proxy: `${proxy}`, origin: origin.join(","), client: cpus.join(",") };
  return {
    ...party,
    words: `pinned: proxies on CPU ${party.proxy}, origin ${party.origin}, client ${party.client}`,
  };
}

/** The CPUs that this process may use, in order. */
function allowedCpus(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
  return (list ?? "0").split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function hasTaskset(): boolean {
  try {
    return new Deno.Command("taskset", { args: ["--version"], stdout: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}
