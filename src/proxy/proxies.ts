/** The proxies of a configuration, as every thread builds them for itself. */
import * as v from "valibot";
import * as model from "../config/model.ts";
import { errorReplies } from "../services/error-replies.ts";
import { setMaxFields } from "../http/head.ts";
import { Backend } from "./backend.ts";
import { Frontend } from "./frontend.ts";
import type { RunningProxy } from "./report.ts";
import { definitionsOf } from "../stick-table/definitions.ts";
import { createRuntime, type Runtime, type RuntimeDeps } from "./runtime.ts";

/** See {@linkcode createProxies}. */
export interface Proxies {
  readonly runtime: Runtime;
  readonly backends: readonly Backend[];
  readonly frontends: readonly Frontend[];
  /** The proxies with both, in the order of the configuration. */
  readonly running: readonly RunningProxy[];
}

/**
 * Builds the proxies of a configuration whose server names have been resolved. All threads do it
 * alike, for the memory that they share is laid out by the way.
 */
export function createProxies(configuration: model.Configuration, deps: RuntimeDeps): Proxies {
  const { global } = configuration;
  setMaxFields(global.tuneHttpMaxhdr);
  const backends: Backend[] = [];
  const repliesOf = errorReplies(configuration);
  const proxies = configuration.proxies.filter((proxy) => !proxy.disabled);
  const runtime = createRuntime(deps, global, definitionsOf(configuration, proxies));
  function createBackend(proxy: model.Proxy): Backend {
    const backend = new Backend(proxy, serversOf(proxy), runtime, repliesOf(proxy));
    backends.push(backend);
    return backend;
  }
  const byName = new Map(
    proxies.filter(({ kind }) => kind !== "frontend")
      .map((proxy) => [proxy.name, createBackend(proxy)]),
  );
  const frontends = proxies.filter(({ bind }) => bind.length > 0).map((proxy, index) => {
    // A backend that happens to have a frontend's name is not its own.
    const name = proxy.useBackend[0]?.backend ?? proxy.defaultBackend ??
      (proxy.kind === "listen" ? proxy.name : null);
    const backend = (name === null ? undefined : byName.get(name)) ?? createBackend(proxy);
    backend.addIncoming(proxy.maxconn || runtime.maxconn);
    return new Frontend(index, proxy, backend, runtime, repliesOf(proxy));
  });
  return {
    runtime,
    backends,
    frontends,
    running: proxies.map((config) => ({
      config,
      frontend: frontends.find((frontend) => frontend.config === config) ?? null,
      backend: config.kind === "frontend" ? null : byName.get(config.name) ?? null,
    })),
  };
}

function serversOf({ dispatch, transparent, servers }: model.Proxy): readonly model.Server[] {
  if (servers.length > 0) return servers;
  if (dispatch !== null) return [dispatchServer(dispatch)];
  return transparent ? [dispatchServer(whereToClient)] : servers;
}

/** `option transparent`: where the client wanted to. */
const whereToClient: model.ServerAddress = {
  kind: "ip",
  host: "0.0.0.0",
  port: null,
  portOffset: 0,
};

/** `dispatch`: one server, without a name in the logs and without checks. */
function dispatchServer(address: model.ServerAddress): model.Server {
  return { ...v.parse(model.Server, { name: "dispatch", address }), name: "<NOSRV>" };
}
