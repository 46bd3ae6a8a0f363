/** The drawing of the network: who leads where. */
import { assertEquals } from "@std/assert";
import { drawing } from "#src/services/stats-page/drawing.ts";
import type { ProxyStatus, Status } from "#src/services/stats-page/status.ts";
import { test } from "../testing.ts";

const proxy = (name: string, some: Partial<ProxyStatus>): ProxyStatus => ({
  name,
  kind: "frontend",
  mode: "http",
  routes: [],
  frontend: null,
  backend: null,
  servers: [],
  ...some,
});
const server = (svname: string, rate = 0) => ({ svname, status: "UP", scur: 0, rate, ttime: 1 });

function drawn(proxies: readonly ProxyStatus[]) {
  const status: Status = {
    node: "n",
    uptime: 1,
    connections: 0,
    maxconn: 1,
    rate: 0,
    bytesRate: 0,
    requests: 0,
    proxies,
  };
  const text = drawing(status)?.text ?? "";
  const names = [...text.matchAll(/<title>([^<]*):/g)].map(([, name]) => name);
  const wires = [...text.matchAll(/class="(wire[^"]*)"/g)].map(([, name]) => name);
  return { names, busy: wires.filter((name) => name === "wire busy").length, wires: wires.length };
}

test("frontends lead to the backends that they name, and those to their servers", () => {
  const front = { frontend: { status: "OPEN", rate: 1 } };
  const { names, wires, busy } = drawn([
    proxy("www", { ...front, routes: ["shop", "api", "elsewhere"] }),
    proxy("quiet", { frontend: { status: "OPEN", rate: 0 }, routes: ["api"] }),
    proxy("shop", {
      kind: "backend",
      backend: { status: "UP", rate: 1 },
      servers: [server("a", 1), server("b")],
    }),
    proxy("api", { kind: "backend", backend: { status: "UP" }, servers: [server("c")] }),
  ]);
  assertEquals(names, ["shop", "a", "b", "api", "c", "www", "quiet", "Clients"]);
  // Clients to two frontends; three routes; three servers.
  assertEquals(wires, 8);
  // By www to shop, and to a.
  assertEquals(busy, 3);
});

test("what has no servers leads nowhere, and a crowd is not drawn", () => {
  const page = proxy("stats", {
    kind: "listen",
    frontend: { status: "OPEN" },
    backend: { status: "UP" },
    routes: ["stats"],
  });
  assertEquals(drawn([page]), { names: ["stats", "Clients"], busy: 0, wires: 1 });
  const crowd = Array.from({ length: 41 }, (_, i) => server(`s${i}`));
  assertEquals(drawn([proxy("b", { backend: { status: "UP" }, servers: crowd })]).wires, 0);
});
