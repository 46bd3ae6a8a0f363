import { assert, assertEquals, assertMatch } from "@std/assert";
import { metrics, prometheusName, type Scope } from "#src/stats/metrics.ts";
import type { BackendStats, FrontendStats, ServerStats } from "#src/stats/objects.ts";
import { dumpStates } from "#src/stats/states-dump.ts";
import { test } from "../testing.ts";

interface Settings {
  readonly up?: boolean;
  readonly backup?: boolean;
  readonly disabled?: boolean;
  readonly weight?: number;
  readonly queue?: number;
}

function server(name: string, settings: Settings = {}): ServerStats {
  const { up = true, backup = false, disabled = false, weight = 1, queue = 0 } = settings;
  const serves = up && !disabled;
  return {
    name,
    slots: { value: 2 },
    total: { value: 30 },
    queue: { length: queue },
    weight,
    maxconn: Infinity,
    pool: { everywhere: { value: 4 } },
    serves,
    usable: serves && weight > 0,
    config: { backup, disabled, maxqueue: 0 },
  };
}

function backend(...servers: ServerStats[]): BackendStats {
  return {
    connections: { value: 5 },
    total: { value: 60 },
    invalid: { value: 4 },
    queue: { length: 7 },
    servers,
  };
}

const frontend: FrontendStats = {
  connections: { value: 8 },
  total: { value: 90 },
  invalid: { value: 3 },
  limit: Infinity,
  stopping: false,
};

/** The values of all metrics of an object, by HAProxy's fields. */
function values<S extends Scope>(
  scope: S,
  object: Parameters<typeof metrics[S][string]["read"]>[0],
) {
  const table: Readonly<
    Record<string, { readonly field: string | null; read(from: never): unknown }>
  > = metrics[scope];
  return Object.fromEntries(
    Object.entries(table).map(([name, metric]) =>
      [metric.field ?? name, metric.read(object as never)] as const
    ),
  );
}

test("metrics: each has a name of its own, a type, and one line of documentation", () => {
  const names = new Set<string>();
  for (const scope of ["process", "frontend", "backend", "server"] as const) {
    const fields = new Set<string>();
    for (const [name, { type, field, help }] of Object.entries(metrics[scope])) {
      assertMatch(name, /^[a-z]+(_[a-z]+)*$/);
      // Prometheus: a counter ends in _total, and nothing else does.
      assertEquals(name.endsWith("_total"), type === "counter");
      assertMatch(help, /^[A-Z0-9][ -~]{4,}[^.]$/);
      assert(!names.has(prometheusName(scope, name)));
      names.add(prometheusName(scope, name));
      if (field === null) continue;
      assert(!fields.has(field), `${scope}: ${field}`);
      fields.add(field);
    }
  }
  assert(names.has("haproxy_server_current_sessions"));
});

test("metrics: of a process", () => {
  const counts = { connections: { value: 1 }, held: { value: 2 }, serverConnections: { value: 3 } };
  assertEquals(values("process", { ...counts, maxconn: 2000, faults: { value: 6 } }), {
    CurrConns: 1,
    Maxconn: 2000,
    held_connections: 2,
    server_connections: 3,
    faults_total: 6,
  });
});

test("metrics: of a frontend", () => {
  assertEquals(values("frontend", frontend), {
    scur: 8,
    slim: null,
    stot: 90,
    ereq: 3,
    status: "OPEN",
  });
  const stopped = values("frontend", { ...frontend, limit: 10, stopping: true });
  assertEquals([stopped["slim"], stopped["status"]], [10, "STOP"]);
});

test("metrics: of a server", () => {
  assertEquals(values("server", server("a", { queue: 3, weight: 9 })), {
    qcur: 3,
    scur: 2,
    slim: null,
    stot: 30,
    status: "UP",
    weight: 9,
    act: 1,
    bck: 0,
    qlimit: null,
    idle_conn_cur: 4,
  });
  const limits = { maxconn: 5, config: { backup: true, disabled: false, maxqueue: 6 } };
  const { slim, qlimit, act, bck } = values("server", { ...server("a"), ...limits });
  assertEquals([slim, qlimit, act, bck], [5, 6, 0, 1]);
  const status = (settings: Settings) => values("server", server("a", settings))["status"];
  assertEquals([status({ up: false }), status({ disabled: true })], ["DOWN", "MAINT"]);
});

test("metrics: of a backend, whose backups count only where they serve", () => {
  const all = (...servers: ServerStats[]) => {
    const { status, weight, act, bck } = values("backend", backend(...servers));
    return [status, weight, act, bck];
  };
  const spare = server("s", { backup: true, weight: 7 });
  assertEquals(all(server("a", { weight: 2 }), server("b", { weight: 3 }), spare), ["UP", 5, 2, 1]);
  assertEquals(all(server("a", { up: false }), spare), ["UP", 7, 0, 1]);
  assertEquals(all(server("a", { up: false })), ["DOWN", 0, 0, 0]);
  assertEquals(all(server("a", { weight: 0 })), ["DOWN", 0, 0, 0]);
  assertEquals(all(), ["UP", 0, 0, 0]);
  const { qcur, scur, stot, eresp } = values("backend", backend());
  assertEquals([qcur, scur, stot, eresp], [7, 5, 60, 4]);
});

test("SIGHUP's lines, to the letter of HAProxy", () => {
  const servers = [
    server("a", { queue: 1 }),
    server("b", { up: false, queue: 2 }),
    server("c", { disabled: true }),
    server("d", { backup: true }),
  ];
  assertEquals(dumpStates({ name: "web", frontend, backend: backend(...servers) }), [
    "SIGHUP: Server web/a is UP. Conn: 2 act, 1 pend, 30 tot.",
    "SIGHUP: Server web/b is DOWN. Conn: 2 act, 2 pend, 30 tot.",
    "SIGHUP: Server web/c is DOWN. Conn: 2 act, 0 pend, 30 tot.",
    "SIGHUP: Server web/d is UP. Conn: 2 act, 0 pend, 30 tot.",
    "SIGHUP: Proxy web has 1 active servers and 1 backup servers available. " +
    "Conn: act(FE+BE): 8+5, 10 pend (7 unass), tot(FE+BE): 90+60.",
  ]);
  const last = (backend: BackendStats | null) =>
    dumpStates({ name: "web", frontend: null, backend }).at(-1);
  assertEquals(
    last(backend(server("d", { backup: true }))),
    "SIGHUP: Proxy web is running on backup servers ! " +
      "Conn: act(FE+BE): 0+5, 7 pend (7 unass), tot(FE+BE): 0+60.",
  );
  assertEquals(
    last(backend(server("a", { up: false }))),
    "SIGHUP: Proxy web has no server available ! " +
      "Conn: act(FE+BE): 0+5, 7 pend (7 unass), tot(FE+BE): 0+60.",
  );
  assertEquals(
    last(null),
    "SIGHUP: Proxy web has no servers. Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 0+0.",
  );
});
