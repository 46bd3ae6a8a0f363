/**
 * The network namespace that the benchmark makes for itself: a loopback of its own, whose settings
 * it may fix without touching the machine's.
 */

/** Tells the second start of the program that it is inside. */
const MARK = "SLUICE_BENCH_NAMESPACE";

/** With the rights of root; and as anybody, where the system lets anybody have a namespace. */
const WAYS = [["unshare", "--net"], ["unshare", "--map-root-user", "--net"]];
/** Proves that the way is open and that iproute2 is there; the loopback begins switched off. */
const LINK_UP = ["ip", "link", "set", "lo", "up"];

/**
 * What is written below /proc/sys/net/ipv4.
 *
 * - The buffers of TCP, fixed (least, default, most): the kernel tunes them by what it has seen of
 *   a connection, which moves the figures of identical programs by 30 %. 256 KiB holds several of
 *   the largest pieces that a relay moves at a time (16 to 64 KiB), so that neither end waits for
 *   the other in step; and it fits a core's second-level cache, so that no program pays for bytes
 *   which had to travel to memory and back.
 * - Congestion control without pacing: BBR, where it is the machine's default, sends by timers, and
 *   their interrupts meet whichever program runs just then. Loopback has no congestion.
 * - Ports: some 40,000 above those of the proxies, to be used again while they are in TIME_WAIT.
 *   A connection for each request uses tens of thousands within the minute that they stay there.
 */
const SETTINGS = {
  tcp_rmem: "4096 262144 262144",
  tcp_wmem: "4096 262144 262144",
  tcp_congestion_control: "reno",
  ip_local_port_range: "25000 65000",
  tcp_tw_reuse: "1",
};

/** Whether this program runs in the namespace made for it. */
export function isInside(): boolean {
  return Deno.env.get(MARK) !== undefined;
}

/**
 * Runs this program once more, in a namespace of its own, and waits for its end.
 * @returns its exit status; or why there is no such namespace to be had, in words
 */
export async function runInside(): Promise<number | string> {
  let obstacle = "";
  for (const way of WAYS) {
    obstacle = complaint([...way, ...LINK_UP]);
    if (obstacle !== "") continue;
    const [program = "", ...args] = [...way, Deno.execPath(), "run", "-A", Deno.mainModule];
    const child = new Deno.Command(program, {
      args: [...args, ...Deno.args],
      env: { [MARK]: "1" },
    }).spawn();
    // It cleans up and ends; so does this one, then.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      Deno.addSignalListener(signal, () => child.kill(signal));
    }
    return (await child.status).code;
  }
  return obstacle;
}

/** Sets the namespace up. @returns what was done, for the reader of the figures */
export function settleInside(): string {
  const obstacle = complaint(LINK_UP);
  if (obstacle !== "") throw new Error(`the namespace's loopback does not go up: ${obstacle}`);
  const refused = Object.entries(SETTINGS).filter(([name, value]) => {
    try {
      Deno.writeTextFileSync(`/proc/sys/net/ipv4/${name}`, value);
      return false;
    } catch {
      return true;
    }
  });
  if (refused.length === 0) return "a network namespace of its own, TCP buffers fixed at 256 KiB";
  return `a network namespace of its own, which refuses ${
    refused.map(([name]) => name).join(", ")
  }`;
}

/** Runs a command. @returns "" if all is well, else why not */
function complaint([program = "", ...args]: readonly string[]): string {
  try {
    const { success, stderr } = new Deno.Command(program, { args, stdout: "null" }).outputSync();
    return success ? "" : new TextDecoder().decode(stderr).trim() || `${program} failed`;
  } catch (error) {
    return `${program}: ${error instanceof Error ? error.message : error}`;
  }
}
