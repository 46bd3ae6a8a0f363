/** What the tests of the configuration share. */
import { fail } from "@std/assert";
import { type Diagnostic, formatDiagnostics } from "#src/config/diagnostic.ts";
import type { Environment } from "#src/config/haproxy/condition.ts";
import { loadConfiguration } from "#src/config/load.ts";
import type { Configuration, Global, Proxy } from "#src/config/model.ts";

/** Loads a text under the name x.cfg. */
export function load(text: string, env: Environment = {}) {
  return loadConfiguration([{ name: "x.cfg", text }], env);
}

/** Loads a text that must be without errors. */
export function valid(text: string, env: Environment = {}): Configuration {
  const { configuration, diagnostics } = load(text, env);
  if (configuration !== null) return configuration;
  fail(formatDiagnostics(diagnostics, [{ name: "x.cfg", text }]));
}

/** The proxy that `lines` make in a `listen` section with a listener. */
export function listen(...lines: string[]): Proxy {
  const text = ["listen l", "bind 127.0.0.1:80", ...lines, "frontend other", "bind :81"].join("\n");
  return valid(text).proxies[0] ?? fail("no proxy");
}

/** What `lines` make in the global section. */
export function global(...lines: string[]): Global {
  return valid(["global", ...lines, "listen l", "bind :80"].join("\n")).global;
}

/** The only element. */
export function only<T>(items: readonly T[]): T {
  const [item, more] = items;
  if (item === undefined || more !== undefined) fail(`expected one item, got ${items.length}`);
  return item;
}

/** Diagnostics in short: `line:column severity message`, with the hint after a dash. */
export function brief(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(({ line, column, severity, message, hint }) =>
    `${line}:${column} ${severity} ${message}` + (hint === undefined ? "" : ` - ${hint}`)
  );
}

/** The errors of a text in short. */
export function errors(text: string, env: Environment = {}): string[] {
  return brief(load(text, env).diagnostics.filter(({ severity }) => severity === "error"));
}

/** The warnings of a text in short. */
export function warnings(text: string, env: Environment = {}): string[] {
  return brief(load(text, env).diagnostics.filter(({ severity }) => severity === "warning"));
}
