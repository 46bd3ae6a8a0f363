/** The proxies of a configuration, as every thread builds them for itself. */
import { hostname } from "node:os";
import process from "node:process";
import * as v from "valibot";
import { textOf } from "../bytes/bytes.ts";
import type { ProxyFacts } from "../expr/context.ts";
import { processFacts } from "./rules/facts.ts";
import { PatternStore } from "../expr/patterns/store.ts";
import { loadConfigured } from "../lua/configured.ts";
import type { LoadedScripts } from "../lua/scripts.ts";
import { logToAll } from "./faults.ts";
import { logSample } from "../rules/log-sample.ts";
import { errorPagesOf, type Outside, referencesOf } from "../rules/environment.ts";
import { compileInitialVariable } from "../rules/initial-variables.ts";
import { compileProxyRules, type ProxyRules } from "../rules/proxy-rules.ts";
import type { ProxyDirectory } from "./rules/context.ts";
import manifest from "../../deno.json" with { type: "json" };
import * as model from "../config/model.ts";
import { errorReplies } from "../services/error-replies.ts";
import { readCaseFile } from "../config/keywords/case-adjust.ts";
import { type CaseTable, caseTable } from "../http/h1/case-adjust.ts";
import { variableLimits } from "../expr/variables.ts";
import { setMaxFields } from "../http/head.ts";
import { Backend } from "./backend.ts";
import { Frontend } from "./frontend.ts";
import { showEndpoint } from "../net/socket.ts";
import type { Server } from "./server.ts";
import type { RunningProxy } from "./report.ts";
import { definitionsOf } from "../stick-table/definitions.ts";
import { createRuntime, type Runtime, type RuntimeDeps } from "./runtime.ts";

/** See {@linkcode createProxies}. */
export interface Proxies {
  readonly runtime: Runtime;
  /** Maps, and lists of ACLs, as this thread has them. */
  readonly patterns: PatternStore;
  /** Those of the configuration; they have not begun. */
  readonly scripts: LoadedScripts;
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
  Object.assign(variableLimits, limitsOf(global));
  const backends: Backend[] = [];
  const repliesOf = errorReplies(configuration);
  const proxies = configuration.proxies.filter((proxy) => !proxy.disabled);
  const runtime = createRuntime(
    deps,
    global,
    definitionsOf(configuration, proxies),
    casesOf(configuration),
    configuration.caches,
  );
  const file = (path: string): Uint8Array => {
    const content = configuration.files?.get(path);
    if (content === undefined) throw new Error(`${path} has not been read`);
    return content;
  };
  const patterns = new PatternStore((path) => {
    const content = file(path);
    return textOf(content, 0, content.length);
  });
  const scripts = loadConfigured(configuration, file, () => ({
    clock: deps.clock,
    network: deps.network,
    resolve: resolverOf(configuration, runtime.lookups),
    server: (backend, name) => {
      const found = backends.find(({ config }) => config.name === backend)?.servers
        .find((server) => server.name === name);
      return found === undefined ? null : serverNow(found);
    },
    log: (level, text) => logToAll(configuration, deps.log, model.levels[level] ?? "debug", text),
    patterns,
    thread: deps.thread ?? 0,
    version: manifest.version,
  }), (script, message) => {
    throw new Error(`${script.file}: ${message}`);
  });
  const rulesOf = createRules(configuration, runtime, file, patterns, scripts);
  setInitialVariables(configuration, runtime, patterns, scripts);
  function createBackend(proxy: model.Proxy): Backend {
    const rules = rulesOf(proxy);
    const backend = new Backend(
      proxy,
      serversOf(proxy),
      runtime,
      repliesOf(proxy, rules.formattedReplies),
      rules,
    );
    backends.push(backend);
    return backend;
  }
  const byName = new Map(
    proxies.filter(({ kind }) => kind !== "frontend")
      .map((proxy) => [proxy.name, createBackend(proxy)]),
  );
  /** The backends that a frontend's streams may go to. */
  const reachedBy = ({ useBackend }: model.Proxy, byDefault: Backend): Set<Backend> =>
    new Set([
      byDefault,
      ...useBackend.flatMap(({ backend }) => byName.get(backend) ?? []),
    ]);
  const facts: { config: model.Proxy; facts: ProxyFacts; side: string }[] = backends.map((
    { config, facts },
  ) => ({ config, facts, side: "backend" }));
  const directory: ProxyDirectory = {
    proxy: (name, side) =>
      facts.find((each) => each.side === side && each.config.name === name)?.facts ?? null,
    process: processFacts(runtime, () => frontends.every(({ stopping }) => stopping)),
  };
  const frontends = proxies.filter(({ bind }) => bind.length > 0).map((proxy, index) => {
    // A backend that happens to have a frontend's name is not its own.
    const name = proxy.defaultBackend ?? (proxy.kind === "listen" ? proxy.name : null);
    const backend = (name === null ? undefined : byName.get(name)) ?? createBackend(proxy);
    for (const reached of reachedBy(proxy, backend)) {
      reached.addIncoming(proxy.maxconn || runtime.maxconn);
    }
    const rules = rulesOf(proxy);
    return new Frontend(index, proxy, backend, runtime, repliesOf(proxy, rules.formattedReplies), {
      rules,
      routeTo: (name) => byName.get(name) ?? null,
      directory,
      services: new Map([...runtime.services, ...scripts.services]),
    });
  });
  facts.push(...frontends.map(({ config, facts }) => ({ config, facts, side: "frontend" })));
  return {
    runtime,
    patterns,
    scripts,
    backends,
    frontends,
    running: proxies.map((config) => ({
      config,
      frontend: frontends.find((frontend) => frontend.config === config) ?? null,
      backend: config.kind === "frontend" ? null : byName.get(config.name) ?? null,
    })),
  };
}

/** Gives the variables of the process their first values. */
function setInitialVariables(
  configuration: model.Configuration,
  runtime: Runtime,
  patterns: PatternStore,
  scripts: LoadedScripts,
): void {
  const { initialVariables } = configuration.global;
  if (initialVariables.length === 0) return;
  const references = {
    ...referencesOf(configuration, null, outsideOf(runtime, patterns, scripts)),
    warn: () => {},
  };
  for (const variable of initialVariables) {
    compileInitialVariable(variable, references)(runtime.clock);
  }
}

/** What expressions of a running process see beside the configuration. */
function outsideOf(
  runtime: Runtime,
  patterns: PatternStore,
  scripts: LoadedScripts,
): Outside {
  return {
    patterns,
    table: (name) => runtime.tables.get(name),
    env: (name) => process.env[name],
    pid: process.pid,
    hostname: hostname(),
    scripts,
  };
}

/** Makes what compiles the rules of each proxy, once. */
function createRules(
  configuration: model.Configuration,
  runtime: Runtime,
  file: (path: string) => Uint8Array,
  patterns: PatternStore,
  scripts: LoadedScripts,
): (proxy: model.Proxy) => ProxyRules {
  const outside = outsideOf(runtime, patterns, scripts);
  const here = {
    warn: () => {},
    emit: (to: "stdout" | "stderr", line: string) => void process[to].write(`${line}\n`),
  };
  runtime.log.setSamples?.((proxy) => {
    const references = { ...referencesOf(configuration, proxy, outside), ...here };
    return { has: () => true, get: (text) => logSample(text, references) };
  });
  const errors = errorPagesOf(configuration, file);
  const known = new Map<model.Proxy, ProxyRules>();
  return (proxy) => {
    let rules = known.get(proxy);
    if (rules === undefined) {
      const references = { ...referencesOf(configuration, proxy, outside), ...here };
      rules = compileProxyRules(proxy, () => references, { errors, scripts }, (_of, mistake) => {
        throw mistake;
      });
      known.set(proxy, rules);
    }
    return rules;
  };
}

/** A server as scripts see it. */
function serverNow(server: Server) {
  const { place, up, maintained, draining, config, weight } = server;
  const at = place.fixed;
  return {
    address: at === null ? "<unknown>" : showEndpoint(at),
    status: maintained
      ? "MAINT"
      : !up
      ? "DOWN"
      : draining
      ? "DRAIN"
      : !config.check
      ? "no check"
      : "UP",
    weight,
    sessions: server.facts.connections,
  };
}

/** Asks for addresses of names: with the first 'resolvers' section. */
function resolverOf(
  { resolvers }: model.Configuration,
  lookups: Runtime["lookups"],
): (name: string, callback: (address: string | null) => void) => () => void {
  const section = resolvers[0]?.name;
  return (name, callback) => {
    if (name === "localhost" || section === undefined) {
      callback(name === "localhost" ? "127.0.0.1" : null);
      return () => {};
    }
    return lookups.resolve(section, name, "A", callback);
  };
}

/** What variables may take: a scope within another no more than that one. */
function limitsOf(global: model.Global): typeof variableLimits {
  const whole = global.tuneVarsGlobal ?? Infinity;
  const within = (outer: number, own: number | null) => Math.min(outer, own ?? Infinity);
  const sess = within(whole, global.tuneVarsSess);
  const txn = within(sess, global.tuneVarsTxn);
  const message = within(txn, global.tuneVarsReqres);
  return {
    proc: within(whole, global.tuneVarsProc),
    sess,
    txn,
    req: message,
    res: message,
    check: within(whole, global.tuneVarsCheck),
  };
}

/** What `h1-case-adjust` and its file say; null: nothing. */
function casesOf({ global, files }: model.Configuration): CaseTable | null {
  const content = files?.get(global.h1CaseAdjustFile ?? "");
  const ofFile = content === undefined ? [] : readCaseFile(new TextDecoder().decode(content));
  const names = [...global.h1CaseAdjust, ...("message" in ofFile ? [] : ofFile)];
  return names.length === 0 ? null : caseTable(names);
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
