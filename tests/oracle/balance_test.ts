/** The same picks from the real haproxy and from our balancers, where they are meant to agree. */
import { addressKey } from "#src/balance/hash.ts";
import { createBalancer } from "#src/balance/select.ts";
import { assertEquals } from "@std/assert";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { farm, sum, type TestServer } from "../balance/servers.ts";
import { test } from "../testing.ts";

const cases = [
  ["roundrobin", [1, 1, 1, 1]],
  ["roundrobin", [5, 1, 1]],
  ["static-rr", [1, 1, 1, 1]],
  ["static-rr", [1, 2, 3]],
  ["static-rr", [12, 12, 26, 26]],
  ["leastconn", [1, 2, 3]],
  ["source", [1, 1, 1, 1]],
  ["source", [12, 12, 26, 26]],
  ["source", [3, 7, 7, 1, 1]],
] as const;

/** Different addresses of this machine, to come from. */
const addresses = Array.from({ length: 16 }, (_, i) => `127.${i * 13}.${255 - i * 7}.${i * i + 1}`);

/** A configuration: the path chooses a backend, a server answers with its name. */
function configuration(directory: string, port: number): string {
  const lines = [
    "defaults",
    "  mode http",
    "  timeout client 5s",
    "  timeout server 5s",
    "  timeout connect 5s",
    "frontend in",
    `  bind 127.0.0.1:${port}`,
    "  use_backend %[path,field(2,/)]",
  ];
  cases.forEach(([balance, weights], i) => {
    lines.push(`backend ${i}`, `  balance ${balance}`);
    for (const { name, weight } of farm(...weights)) {
      lines.push(`  server ${name} unix@${directory}/${name} weight ${weight}`);
    }
  });
  for (const { name } of farm(1, 1, 1, 1, 1)) {
    lines.push(`frontend ${name}`, `  bind unix@${directory}/${name}`);
    lines.push(`  http-request return status 200 content-type text/plain string ${name}`);
  }
  return lines.join("\n") + "\n";
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** The server that a request from `localAddress` reaches. */
function ask(port: number, backend: number, localAddress: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let response = "";
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    socket.on("connect", () => socket.write(`GET /${backend} HTTP/1.0\r\n\r\n`));
    socket.on("data", (bytes) => response += bytes);
    socket.on("error", reject);
    socket.on("end", () => {
      socket.destroy();
      resolve(response.slice(response.indexOf("\r\n\r\n") + 4));
    });
  });
}

/** Waits until haproxy accepts, 2 s at most. */
async function untilReady(port: number, haproxy: ChildProcess): Promise<void> {
  const deadline = Date.now() + 2000;
  for (;;) {
    try {
      await ask(port, 0, "127.0.0.1");
      return;
    } catch (error) {
      if (Date.now() > deadline || haproxy.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

const missing = spawnSync("haproxy", ["-v"]).status !== 0;

test(`oracle: picks are haproxy's${missing ? " (haproxy is not installed)" : ""}`, async () => {
  const directory = mkdtempSync(`${tmpdir()}/sluice-balance-`);
  const port = await freePort();
  writeFileSync(`${directory}/haproxy.cfg`, configuration(directory, port));
  const haproxy = spawn("haproxy", ["-db", "-f", `${directory}/haproxy.cfg`], { stdio: "ignore" });
  const exited = new Promise((resolve) => haproxy.on("exit", resolve));
  try {
    await untilReady(port, haproxy);
    for (const [i, [balance, weights]] of cases.entries()) {
      const balancer = createBalancer<TestServer>(balance, "map-based");
      balancer.update(farm(...weights));
      // The first backend was asked once to see whether haproxy is up.
      if (i === 0) balancer.pick(0, null);
      const count = balance === "source" ? addresses.length : Math.min(sum(weights) + 3, 40);
      let ours = "";
      let theirs = "";
      for (let k = 0; k < count; k++) {
        const address = addresses[k % addresses.length]!;
        ours += balancer.pick(addressKey(address), null)?.name;
        theirs += await ask(port, i, address);
      }
      assertEquals(ours, theirs, `${balance} ${weights}: ours ${ours}, haproxy's ${theirs}`);
    }
  } finally {
    haproxy.kill();
    await exited;
    rmSync(directory, { recursive: true });
  }
}, { skip: missing });
