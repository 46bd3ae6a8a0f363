/** The scripts that a configuration names, loaded. */
import type { Configuration } from "../config/model.ts";
import { noScripts } from "../rules/action.ts";
import { type LoadedScripts, loadScripts, type Script, type ScriptDeps } from "./scripts.ts";

/** What the model does not say. */
export type ConfiguredDeps = Omit<ScriptDeps, "limits" | "proxies" | "paths">;

const none: LoadedScripts = { ...noScripts, services: new Map(), begin() {}, end() {} };

/**
 * Loads the scripts of a configuration; one that fails is left out.
 * @param read gives a file's content
 * @param onFault called with the entry of the model and what is wrong
 */
export function loadConfigured(
  { global, proxies }: Configuration,
  read: (path: string) => Uint8Array,
  deps: () => ConfiguredDeps,
  onFault: (entry: Script, message: string) => void,
): LoadedScripts {
  if (global.luaLoad.length === 0) return none;
  const limits = {
    burst: global.tuneLuaBurstTimeout,
    session: global.tuneLuaSessionTimeout,
    service: global.tuneLuaServiceTimeout,
    task: global.tuneLuaTaskTimeout ?? 0,
  };
  const given = {
    ...deps(),
    limits,
    proxies,
    paths: global.luaPrependPath.map(({ path, type }) => ({ path, of: type })),
  };
  return loadScripts(
    global.luaLoad,
    read,
    given,
    ({ script, message }) => onFault(script, message),
  );
}
