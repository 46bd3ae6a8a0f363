import manifest from "../../deno.json" with { type: "json" };
import { features, languageVersion } from "../config/haproxy/condition.ts";
import { tlsLibrary, whyNoOpenSsl } from "../net/tls/openssl.ts";
import { chooseEngine, showEngine } from "../process/engine.ts";
import { networkOfRuntime, runtimeName } from "../process/runtime.ts";

/** This program's version, "1.2.3". */
export const version: string = manifest.version;

/** `-v`: one line. */
export function shortVersion(): string {
  return `sluice version ${version} (configuration language of HAProxy ${languageVersion})`;
}

/** `-vv`: and what it runs on. */
export async function longVersion(): Promise<string> {
  const { name, can } = await networkOfRuntime();
  const engine = await chooseEngine({ name: null, threads: null });
  const able = Object.entries(can).filter(([, yes]) => yes).map(([what]) => what);
  return [
    shortVersion(),
    `Runtime: ${runtimeName()}`,
    `Engine: ${showEngine(engine)} by default (${engine.why})`,
    `Sockets: ${name} (${able.join(", ")})`,
    `TLS: ${tlsLibrary() ?? `none (${whyNoOpenSsl()})`}`,
    `Features: ${features.join(" ")}`,
  ].join("\n");
}
