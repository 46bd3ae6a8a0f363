/** Where connects wait for ever: a listener whose accept queue is full, and which nobody empties. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Connection } from "#src/simulate/connection.ts";
import { haproxy } from "../haproxy.ts";
import { nodeNetwork } from "../node-network.ts";
import { until } from "../until.ts";

/** A hole. */
export interface Hole {
  readonly port: number;
  stop(): Promise<void>;
}

const backlog = 1;
/** Linux queues one connection more than it is asked for. */
const room = backlog + 1;

/** Makes one of a haproxy that is stopped (SIGSTOP) as soon as it listens. */
export async function startHole(host: string, port: number): Promise<Hole> {
  const directory = mkdtempSync(join(tmpdir(), "sluice-hole-"));
  const file = join(directory, "hole.cfg");
  writeFileSync(
    file,
    `listen hole\n  bind ${host}:${port} backlog ${backlog}\n  timeout client 1m\n`,
  );
  const child = spawn(haproxy!, ["-db", "-f", file], { stdio: "ignore" });
  const exited = once(child, "exit");
  const filling: Connection[] = [];
  const fill = () => {
    const connection = new Connection().connect(nodeNetwork, { kind: "ip", host, port });
    filling.push(connection);
    return connection;
  };
  const standing = () => filling.filter(({ isOpen }) => isOpen).length;
  // It has no server, and hangs up on whom it has accepted.
  const accepts = async () => {
    await fill().until(() => false);
    return standing() > 0;
  };
  await until(accepts, "the hole's listener");
  // Not by the child's own kill(): Deno sends nothing after the first signal.
  process.kill(child.pid!, "SIGSTOP");
  const isStopped = () => readFileSync(`/proc/${child.pid}/stat`, "latin1").includes(") T ");
  await until(isStopped, "the hole's listener to stop");
  // From here on nobody accepts.
  filling.splice(0).forEach((connection) => connection.close());
  for (let i = 0; i <= room; i++) fill();
  await until(() => standing() >= room, "the hole's accept queue to be full");
  return {
    port,
    async stop() {
      for (const connection of filling) connection.close();
      process.kill(child.pid!, "SIGKILL");
      await exited;
      rmSync(directory, { recursive: true });
    },
  };
}
