/**
 * Networks of the kernel's own: each box is a network namespace, with cables to switches and to
 * other boxes. `ip` (Debian's iproute2) makes them, and wants root.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { programTest } from "../binary.ts";
import { runtimeName } from "../testing.ts";

/** What the names of our namespaces begin with; the id of the process that made them follows. */
const PREFIX = "sluice-test-";

function ip(...words: string[]): string {
  const { status, stdout, stderr, error } = spawnSync("ip", words, { encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr.trim()}`);
  return stdout;
}

/** Ends what runs in a namespace, and removes it with its cables. */
function remove(namespace: string): void {
  for (const pid of spawnSync("ip", ["netns", "pids", namespace]).stdout.toString().split("\n")) {
    try {
      if (pid !== "") process.kill(Number(pid), "SIGKILL");
    } catch { /* it has just ended */ }
  }
  spawnSync("ip", ["netns", "delete", namespace]);
}

/** Removes what a run left behind that was killed before it could clean up. */
function sweep(): void {
  for (const line of ip("netns", "list").split("\n")) {
    const [, namespace, pid] = new RegExp(`^(${PREFIX}(\\d+)-\\S+)`).exec(line) ?? [];
    if (namespace !== undefined && !existsSync(`/proc/${pid}`)) remove(namespace);
  }
}

/** Why no network can be made here; null: it can. Each kind of thing needed is made once. */
function obstacle(): string | null {
  const probe = `${PREFIX}${process.pid}-probe`;
  try {
    sweep();
    ip("netns", "add", probe);
    ip("-n", probe, "link", "add", "switch", "type", "bridge");
    ip("-n", probe, "link", "add", "one", "type", "veth", "peer", "name", "other");
    ip("netns", "exec", probe, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward");
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return "ip is missing (Debian: apt-get install iproute2)";
    if (process.getuid?.() !== 0) return "only root can make network namespaces";
    return `no network namespaces here: ${message}`;
  } finally {
    spawnSync("ip", ["netns", "delete", probe]);
  }
}

/**
 * Declares a test of the compiled binary in a network of its own. Its processes are the same
 * whoever runs the test, so that one runtime is enough: `bun test`.
 * @param impossible a further reason that it cannot be made here; null: none
 */
export function networkTest(
  name: string,
  body: (network: Network) => Promise<void>,
  impossible: string | null = null,
): void {
  if (runtimeName !== "bun") return;
  programTest(name, () => inNetwork(body), obstacle() ?? impossible);
}

/** A machine of the network. */
export interface Box {
  readonly name: string;
  readonly namespace: string;
  /** What starts a program in it: the program's words follow. */
  readonly prefix: readonly [string, ...string[]];
  /** Starts a program in it, which has ended when the network goes, at the latest. */
  spawn(...words: [string, ...string[]]): ChildProcess;
  /** Runs a shell's words in it, to their end. @throws {Error} where their status is not 0 */
  shell(words: string): string;
  /** Takes an interface down, or up again. Routes over it go; cables carry nothing. */
  link(device: string, state: "up" | "down"): void;
  /** Adds a route. @param via the next router; or what the kernel is to do instead */
  route(network: string, via: string): void;
}

/** Boxes and the wires between them. */
export interface Network {
  /**
   * Adds a box, with an interface (eth0, eth1, ...) for each address on a switch of that name.
   * @param legs switch names and addresses, such as { office: "192.168.1.1/24" }
   * @param routes destinations and next routers
   */
  box(
    name: string,
    legs: Readonly<Record<string, string>>,
    routes?: Readonly<Record<string, string>>,
  ): Box;
  /** Adds a box that forwards, and says so where it does not know the way. */
  router(name: string, legs: Readonly<Record<string, string>>): Box;
  /** Lays a cable between two boxes: where one end goes down, the other loses its carrier. */
  cable(device: string, a: readonly [Box, string], b: readonly [Box, string]): void;
}

/** Makes a network, and removes all of it after `body`: boxes, wires, processes. */
async function inNetwork(body: (network: Network) => Promise<void>): Promise<void> {
  const namespaces: string[] = [];
  const add = (name: string) => {
    const namespace = `${PREFIX}${process.pid}-${name}`;
    ip("netns", "add", namespace);
    namespaces.push(namespace);
    ip("-n", namespace, "link", "set", "lo", "up");
    return namespace;
  };
  try {
    await body(createNetwork(add));
  } finally {
    namespaces.forEach(remove);
  }
}

function createNetwork(add: (name: string) => string): Network {
  // One namespace holds all switches. They are bridges, which know nothing of one another.
  const room = add("switches");
  const switches = new Set<string>();
  let ports = 0;

  function plug(namespace: string, device: string, to: string): void {
    if (!switches.has(to)) {
      ip("-n", room, "link", "add", to, "type", "bridge");
      ip("-n", room, "link", "set", to, "up");
      switches.add(to);
    }
    const port = `port${ports++}`;
    ip("-n", room, "link", "add", port, "type", "veth", "peer", device, "netns", namespace);
    ip("-n", room, "link", "set", port, "master", to, "up");
  }

  function address(namespace: string, device: string, own: string): void {
    ip("-n", namespace, "address", "add", own, "dev", device);
    ip("-n", namespace, "link", "set", device, "up");
  }

  const network: Network = {
    box(name, legs, routes = {}) {
      const namespace = add(name);
      Object.entries(legs).forEach(([to, own], i) => {
        plug(namespace, `eth${i}`, to);
        address(namespace, `eth${i}`, own);
      });
      const box = createBox(name, namespace);
      for (const [to, via] of Object.entries(routes)) box.route(to, via);
      return box;
    },
    router(name, legs) {
      const box = network.box(name, legs);
      // A route whose cable carries nothing is no route, as a routing protocol would have it.
      // And it does not keep silent because it has spoken just now, lest the tests wait for it.
      box.shell(
        "cd /proc/sys/net/ipv4 && echo 1 >ip_forward && echo 0 >icmp_ratelimit && " +
          "for all in all default; do echo 1 >conf/$all/ignore_routes_with_linkdown; done",
      );
      box.route("default", "unreachable");
      return box;
    },
    cable(device, [a, ofA], [b, ofB]) {
      const peer = ["peer", "name", device, "netns", b.namespace];
      ip("-n", a.namespace, "link", "add", `${device}`, "type", "veth", ...peer);
      address(a.namespace, device, ofA);
      address(b.namespace, device, ofB);
    },
  };
  return network;
}

function createBox(name: string, namespace: string): Box {
  const prefix = ["ip", "netns", "exec", namespace] as const;
  return {
    name,
    namespace,
    prefix: [...prefix],
    spawn: (...words) => spawn(prefix[0], [...prefix.slice(1), ...words]),
    shell(words) {
      return ip(...prefix.slice(1), "sh", "-c", words);
    },
    link: (device, state) => void ip("-n", namespace, "link", "set", device, state),
    route(to, via) {
      const how = via === "unreachable" ? [via, to, "metric", "9999"] : [to, "via", via];
      ip("-n", namespace, "route", "add", ...how);
    },
  };
}

/** The processes of a box by their program's name, as the kernel tells it. */
export function processesIn(box: Box, program: string): number[] {
  return ip("netns", "pids", box.namespace).split("\n").filter(Boolean).map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === program;
      } catch {
        return false; // it has just ended
      }
    });
}
