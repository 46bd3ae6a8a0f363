/**
 * Raw connections through one of the two proxies, for what stands before all HTTP: exact bytes, in
 * and out, and the lines of the log.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Endpoint } from "#src/net/socket.ts";
import { Connection } from "#src/simulate/connection.ts";
import { Server } from "#src/simulate/server.ts";
import { freshAddress } from "../binary.ts";
import { listening, nodeNetwork, stopped } from "../node-network.ts";
import { until } from "../until.ts";
import { type Kind, startProgram } from "./rig.ts";
import { asTold } from "./transcript.ts";
import { type End, ended } from "./wire.ts";

/** A proxy that runs, with a server behind it. */
export interface RawRig {
  readonly host: string;
  /** What came over each connection to the server, in the order in which they were made. */
  readonly arrived: readonly Connection[];
  /** What was logged, without the header of syslog. */
  readonly log: readonly string[];
  /** Connects to a port of the proxy, or to a unix socket in its directory. */
  connect(door: number | string): Promise<Connection>;
  /** Lets the server answer who asked it for /slow. */
  release(): void;
  stop(): Promise<void>;
}

const readyPort = 19999;
const reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/**
 * Starts a proxy.
 * @param config writes the configuration: the address to listen on, the server's, a directory
 */
export async function startRaw(
  kind: Kind,
  config: (host: string, server: string, directory: string) => string,
): Promise<RawRig> {
  const host = freshAddress();
  const directory = mkdtempSync(join(tmpdir(), "sluice-oracle-"));
  const lines: string[] = [];
  const log = createSocket("udp4");
  log.on("message", (message) => {
    lines.push(message.toString("latin1").trimEnd().replace(/^.*?\[\d+\]: /, ""));
  });
  log.bind(0, host);
  await once(log, "listening");
  const arrived: Connection[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const server = new Server(nodeNetwork, { kind: "ip", host, port: 0 }, serve);
  function serve(connection: Connection): void {
    let at = 0;
    connection.onData = connection.onEnd = async () => {
      for (let end; (end = connection.received.slice(at).search(/ HTTP\/1[^]*?\r\n\r\n/)) >= 0;) {
        const slow = connection.received.slice(at, at + end).endsWith("/slow");
        at = connection.received.indexOf("\r\n\r\n", at + end) + 4;
        if (slow) await released;
        connection.send(reply);
      }
      if (connection.endOfStream) connection.fin();
    };
    arrived.push(connection);
  }
  const { endpoint } = await listening(server);
  const port = endpoint.kind === "ip" ? endpoint.port : 0;
  const file = join(directory, "raw.cfg");
  const preamble = `global
  nbthread 1
  log ${host}:${log.address().port} len 8192 local0
${kind === "haproxy" ? "  nbthread 1\n" : ""}defaults
  log global
  timeout connect 2s
  timeout client 2s
  timeout server 5s
`;
  // The last to listen, on either kind of socket: then all the others do.
  const ready = `listen ready
  no log
  bind ${host}:${readyPort}
  bind ${directory}/ready
`;
  writeFileSync(file, preamble + config(host, `${host}:${port}`, directory) + ready);
  const child = startProgram(kind, file);
  const exited = once(child, "exit");
  let complaints = "";
  child.stderr.on("data", (bytes) => complaints += bytes);

  async function open(door: number | string): Promise<Connection> {
    const to: Endpoint = typeof door === "number"
      ? { kind: "ip", host, port: door }
      : { kind: "unix", path: join(directory, door) };
    const connection = new Connection().connect(nodeNetwork, to);
    await connection.until(() => connection.isOpen);
    return connection;
  }
  const rig: RawRig = {
    host,
    arrived,
    log: lines,
    connect: open,
    release,
    async stop() {
      child.kill("SIGTERM");
      await exited;
      log.close();
      release();
      await stopped(server, "kill");
      rmSync(directory, { recursive: true });
    },
  };
  const isReady = async () => {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} did not start: ${complaints}`);
    for (const door of [readyPort, "ready"]) {
      const connection = await open(door);
      if (connection.endOfStream) return false;
      connection.close();
    }
    return true;
  };
  try {
    await until(isReady, () => `${child.spawnfile} to start: ${complaints}`);
  } catch (error) {
    await rig.stop();
    throw error;
  }
  return rig;
}

/** How a connection stands: "open" if it has not ended. */
export const endOf = (connection: Connection): End | "open" => asTold(ended(connection) ?? "open");
