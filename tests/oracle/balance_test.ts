/** The same picks from the real haproxy and from our balancers, where they are meant to agree. */
import { addressKey } from "#src/balance/hash.ts";
import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { balancerOf, farm, sum } from "../balance/servers.ts";
import { freshAddress } from "../binary.ts";
import { haproxy } from "../haproxy.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";

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

const port = 8080;

/** Different addresses of this machine, to come from. */
const addresses = Array.from({ length: 16 }, (_, i) => `127.${i * 13}.${255 - i * 7}.${i * i + 1}`);

/** A configuration: the path chooses a backend, a server answers with its name. */
function configuration(directory: string, host: string): string {
  const lines = [
    "defaults",
    "  mode http",
    "  timeout client 20s",
    "  timeout server 20s",
    "  timeout connect 5s",
    "frontend in",
    `  bind ${host}:${port}`,
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

/** The server that a request from `localAddress` reaches. */
function ask(host: string, backend: number, localAddress: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let response = "";
    const socket = connect({ host, port, localAddress });
    socket.on("connect", () => socket.write(`GET /${backend} HTTP/1.0\r\n\r\n`));
    socket.on("data", (bytes) => response += bytes);
    socket.on("error", reject);
    socket.on("end", () => {
      socket.destroy();
      resolve(response.slice(response.indexOf("\r\n\r\n") + 4));
    });
  });
}

const skip = haproxy === null;
const title = skip ? "SKIPPED, haproxy is not installed: " : "";

test(`oracle: ${title}picks are haproxy's`, async () => {
  const directory = mkdtempSync(`${tmpdir()}/sluice-balance-`);
  const host = freshAddress();
  writeFileSync(`${directory}/haproxy.cfg`, configuration(directory, host));
  const child = spawn(haproxy!, ["-db", "-f", `${directory}/haproxy.cfg`], { stdio: "ignore" });
  const exited = once(child, "exit");
  try {
    await until(() => {
      if (child.exitCode !== null) throw new Error("haproxy does not start");
      return ask(host, 0, "127.0.0.1").catch(() => undefined);
    }, "haproxy's start");
    for (const [i, [balance, weights]] of cases.entries()) {
      const balancer = balancerOf(balance);
      balancer.update(farm(...weights));
      // The first backend was asked once to see whether haproxy is up.
      if (i === 0) balancer.pick(0, null);
      const count = balance === "source" ? addresses.length : Math.min(sum(weights) + 3, 40);
      let ours = "";
      let theirs = "";
      for (let k = 0; k < count; k++) {
        const address = addresses[k % addresses.length]!;
        ours += balancer.pick(addressKey(address), null)?.name;
        theirs += await ask(host, i, address);
      }
      assertEquals(ours, theirs, `${balance} ${weights}: ours ${ours}, haproxy's ${theirs}`);
    }
  } finally {
    child.kill();
    await exited;
    rmSync(directory, { recursive: true });
  }
}, { skip });
