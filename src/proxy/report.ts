/** The lines that SIGHUP logs about the running proxies. */
import type * as model from "../config/model.ts";
import { dumpStates } from "../stats/states-dump.ts";
import type { Backend } from "./backend.ts";
import type { Frontend } from "./frontend.ts";

/** A proxy with what runs of it: `listen` has both halves. */
export interface RunningProxy {
  readonly config: model.Proxy;
  readonly frontend: Frontend | null;
  readonly backend: Backend | null;
}

/** The lines of one proxy: its servers', then its own. */
export function reportLines({ config, frontend, backend }: RunningProxy): string[] {
  const { name, servers } = config;
  if (backend === null || servers.length > 0) return dumpStates({ name, frontend, backend });
  // The server behind `dispatch` is none of the configuration's.
  const { connections, total, queue } = backend;
  return dumpStates({
    name,
    frontend,
    backend: { connections, total, queue, servers: [] },
  });
}
