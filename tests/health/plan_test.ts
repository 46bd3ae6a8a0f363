import type { Check } from "#src/config/model.ts";
import { type CheckPlan, identity } from "#src/health/plan.ts";
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { target } from "./scene.ts";

const settings = { inter: 2000, fastinter: null, downinter: null, rise: 2, fall: 3 };
const plan: CheckPlan = { target, check: { kind: "tcp" }, rules: [], settings, own: null };
const http = (uri: string): Check => ({ kind: "http", method: "GET", uri, version: "HTTP/1.0" });

test("plan: what is probed alike, at the same pace, with the same thresholds, is one", () => {
  const withSettings = (changed: object) => ({ ...plan, settings: { ...settings, ...changed } });
  const withTarget = (changed: object) => ({ ...plan, target: { ...target, ...changed } });
  const same = [
    structuredClone(plan),
    withSettings({ fastinter: 2000 }),
    withSettings({ downinter: 2000 }),
  ];
  for (const other of same) assertEquals(identity(other), identity(plan));
  const different: CheckPlan[] = [
    withSettings({ inter: 4000 }),
    withSettings({ fastinter: 500 }),
    withSettings({ downinter: 500 }),
    withSettings({ rise: 1 }),
    withSettings({ fall: 2 }),
    withTarget({ endpoint: { ...target.endpoint, port: 81 } }),
    withTarget({ endpoint: { ...target.endpoint, host: "192.168.1.12" } }),
    withTarget({ endpoint: { kind: "unix", path: "/run/web.sock" } }),
    withTarget({ options: { source: { host: "192.168.1.5", port: 0 } } }),
    withTarget({ proxyHeader: "v1" }),
    withTarget({ timeouts: { connect: 2000, answer: 100 } }),
    { ...plan, check: { kind: "ssl-hello" } },
    { ...plan, check: http("/a") },
    { ...plan, check: http("/b") },
    { ...plan, own: "0/1" },
    { ...plan, check: { kind: "tcp-check" }, rules: [{ rule: "comment", text: "a" }] },
  ];
  const all = [plan, ...different].map(identity);
  assertEquals(new Set(all).size, all.length);
  assertEquals(identity({ ...plan, check: http("/a") }), identity({ ...plan, check: http("/a") }));
});
