/**
 * The states of servers over a reload, without a keyword: what operators have set and checks have
 * found is written to a file without a name, which the process that takes this one's place reads
 * before it serves. Only who may look into this process (ptrace(2)) can do that. And states from
 * files, where the configuration says so (manual: "load-server-state-from-file").
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from "node:fs";
import { bytesOf, textOf } from "../bytes/bytes.ts";
import type { Configuration } from "../config/model.ts";
import type { BackendControl, Control, ServerControl } from "../services/control.ts";
import { applyStates, statesOf } from "../services/server-states.ts";
import { isUnnamed, openUnnamed } from "./unnamed-file.ts";

const prefix = "sluice-servers-";
/** The last line: all of it has been written. */
const end = "# end\n";

/** Keeps the file of this process up to date. */
export interface StateKeeper {
  /** A server's state has changed. */
  changed(): void;
  close(): void;
}

/** What the configuration says of a server that no line of a state has. */
interface Configured {
  readonly host: string;
  readonly port: number;
  readonly maxconn: number;
  readonly maintained: boolean;
}

const serversOf = ({ proxies }: Control): BackendControl[] =>
  proxies.flatMap(({ backend }) => backend ?? []);

/** Begins to keep the states of servers, as they are configured now. */
export function keepStates(control: Control): StateKeeper {
  const backends = serversOf(control);
  const fd = backends.some(({ servers }) => servers.length > 0) ? openUnnamed(prefix) : -1;
  if (fd < 0) return { changed() {}, close() {} };
  const configured = new Map<ServerControl, Configured>();
  for (const { servers } of backends) {
    for (const server of servers) {
      const { host, port, maxconn, maintained } = server;
      configured.set(server, { host, port, maxconn, maintained });
    }
  }
  let closed = false;
  let due = false;
  const write = () => {
    due = false;
    if (closed) return;
    const bytes = bytesOf(statesOf(backends) + settings(backends, configured) + end);
    try {
      ftruncateSync(fd, 0);
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, at);
    } catch {
      // No room for it: the next process begins as configured.
    }
  };
  return {
    changed() {
      if (due || closed) return;
      due = true;
      // Once for all that changes in a turn, and before anybody is told of it.
      queueMicrotask(write);
    },
    close() {
      if (!closed) closeSync(fd);
      closed = true;
    },
  };
}

/** What was set by hand and is in no line of a state, in comments. */
function settings(
  backends: readonly BackendControl[],
  configured: ReadonlyMap<ServerControl, Configured>,
): string {
  return backends.flatMap(({ facts, servers }) =>
    servers.flatMap((server) => {
      const before = configured.get(server);
      if (before === undefined) return [];
      const set: string[] = [];
      if (server.maxconn !== before.maxconn) {
        set.push(`maxconn=${server.maxconn === Infinity ? 0 : server.maxconn}`);
      }
      // Those that follow a name go where it leads.
      if (server.fqdn === null && server.service === null) {
        if (server.host !== before.host) set.push(`address=${server.host}`);
        if (server.port !== before.port) set.push(`port=${server.port}`);
      }
      if (before.maintained && !server.maintained) set.push("maintenance=off");
      if (server.unchecked) set.push("checks=off");
      return set.length === 0 ? [] : [`# set ${facts.name}/${server.name} ${set.join(" ")}\n`];
    })
  ).join("");
}

/** The states that other processes have left so far, each as text. */
export function statesOfProcesses(pids: readonly number[]): string[] {
  return pids.flatMap((pid) => {
    try {
      const folder = `/proc/${pid}/fd`;
      const name = readdirSync(folder).find((each) => isUnnamed(`${folder}/${each}`, prefix));
      return name === undefined ? [] : readWhole(`${folder}/${name}`);
    } catch {
      // It is gone, or another user's.
      return [];
    }
  });
}

/** Reads a file that may be written at this moment. */
function readWhole(path: string): string[] {
  const fd = openSync(path, "r");
  try {
    for (let attempt = 0; attempt < 20; attempt++) {
      const bytes = new Uint8Array(fstatSync(fd).size);
      if (bytes.length === 0) return [];
      const count = readSync(fd, bytes, 0, bytes.length, 0);
      const text = textOf(bytes, 0, count);
      if (text.endsWith(end)) return [text];
    }
    return [];
  } finally {
    closeSync(fd);
  }
}

/** Gives servers the states of a process that this one replaces. */
export function inheritStates(texts: readonly string[], control: Control): void {
  const backends = serversOf(control);
  for (const text of texts) {
    applyStates(text, backends);
    for (const [, backend, name, settings = ""] of text.matchAll(/^# set (.*)\/(\S+) (.*)$/gm)) {
      const server = backends.find(({ facts }) => facts.name === backend)?.servers
        .find((each) => each.name === name);
      if (server === undefined) continue;
      const set = new Map(
        settings.split(" ").map((each) => each.split("=", 2) as [string, string]),
      );
      const maxconn = set.get("maxconn");
      if (maxconn !== undefined) server.setMaxconn(Number(maxconn));
      const port = set.get("port");
      const address = set.get("address");
      if (address !== undefined || port !== undefined) {
        server.setAddress(address ?? null, port === undefined ? null : Number(port));
      }
      if (set.get("maintenance") === "off") server.setMaintenance(false);
      if (set.get("checks") === "off") server.setChecks(false);
    }
  }
}

/**
 * Gives servers the states of files. A file that is not there, or that is odd, is no error.
 * @param warn called with a line for people
 */
export function loadStates(
  { global, proxies }: Configuration,
  control: Control,
  warn: (line: string) => void,
): void {
  const read = (file: string): string => {
    const base = global.serverStateBase;
    const path = file.startsWith("/") || base === null ? file : `${base}/${file}`;
    try {
      return readFileSync(path, "latin1");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      warn(`warning: server-state file '${path}' cannot be read: ${code}`);
      return "";
    }
  };
  let ofProcess: string | null = null;
  for (const { name, loadServerStateFromFile: source, serverStateFileName } of proxies) {
    if (source === null || source === "none") continue;
    const backend = control.proxies.find((each) => each.name === name && each.backend !== null)
      ?.backend;
    if (backend === null || backend === undefined) continue;
    let text = "";
    if (source === "global") {
      if (global.serverStateFile !== null) ofProcess ??= read(global.serverStateFile);
      text = ofProcess ?? "";
    } else {
      const own = serverStateFileName ?? "use-backend-name";
      text = read(own === "use-backend-name" ? name : own);
    }
    for (const line of applyStates(text, [backend])) warn(`warning: ${line}`);
  }
}
