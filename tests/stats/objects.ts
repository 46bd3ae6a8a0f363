/** Proxies and servers as the metrics see them, for tests. */
import type { BackendStats, FrontendStats, ProxyFacts, ServerStats } from "#src/stats/objects.ts";

const facts: ProxyFacts = { name: "web", id: 2, mode: "http" };
const counts = { sum: () => 0, max: () => 0 };
const rate = { read: () => 0, max: () => 0, idle: () => -1 };

export function server(name: string, settings: Partial<ServerStats> = {}): ServerStats {
  const { up = true, maintained = false, draining = false, weight = 1 } = settings;
  const serves = up && !maintained;
  return {
    facts,
    name,
    id: 1,
    slots: { value: 2 },
    total: { value: 30 },
    counts,
    rate,
    queue: { length: 0 },
    weight,
    effectiveWeight: weight,
    throttle: null,
    maxconn: Infinity,
    pool: { everywhere: { value: 4 } },
    up,
    serves,
    usable: serves && weight > 0 && !draining,
    maintained,
    unresolved: false,
    maintainedVia: null,
    draining,
    stopping: false,
    tracked: null,
    check: null,
    checked: false,
    agent: null,
    changedFor: 12_345,
    downFor: 0,
    downs: 0,
    address: "10.0.0.1:80",
    backup: false,
    cookie: null,
    maxqueue: 0,
    ...settings,
  };
}

export function backend(...servers: ServerStats[]): BackendStats {
  return {
    facts,
    connections: { value: 5 },
    total: { value: 60 },
    invalid: { value: 4 },
    counts,
    rate,
    queue: { length: 7 },
    fullconn: 200,
    algorithm: "roundrobin",
    cookie: null,
    changedFor: 0,
    downFor: 0,
    downs: 0,
    servers,
  };
}

export const frontend: FrontendStats = {
  facts,
  connections: { value: 8 },
  total: { value: 90 },
  invalid: { value: 3 },
  counts,
  rate,
  requestRate: rate,
  limit: 2000,
  rateLimit: 0,
  state: "open",
};
