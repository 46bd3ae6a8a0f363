/** Sockets of other network namespaces (network_namespaces(7), ip-netns(8)). */
import { closeSync, openSync } from "node:fs";
import { C } from "./calls.ts";

const CLONE_NEWNET = 0x40000000;

/** Descriptors of namespaces, by name; -1: there is none of this name. */
const opened = new Map<string, number>();
/** That of the process. */
let own = -1;

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch {
    return -1;
  }
}

/** Opens a namespace while its name can still be found: a process may lose sight of it by chroot. */
export function openNamespace(name: string): boolean {
  if (own < 0) own = open("/proc/self/ns/net");
  const known = opened.get(name);
  if (known !== undefined && known >= 0) return true;
  const fd = open(`/var/run/netns/${name}`);
  opened.set(name, fd);
  return fd >= 0;
}

/**
 * Makes a socket of a namespace: this thread goes there for the moment.
 * @returns the descriptor; -1, with errno
 */
export function socketIn(name: string, family: number, kind: number): number {
  if (!openNamespace(name)) return -1;
  if (C.setns(opened.get(name)!, CLONE_NEWNET) < 0) return -1;
  const fd = C.socket(family, kind, 0);
  // Without it this thread would stay there.
  if (C.setns(own, CLONE_NEWNET) < 0) throw new Error("cannot come back to the own namespace");
  return fd;
}

/** Closes what was opened: for tests. */
export function closeNamespaces(): void {
  for (const fd of [own, ...opened.values()]) if (fd >= 0) closeSync(fd);
  own = -1;
  opened.clear();
}
