/** From the model to HAProxy's language, in today's spelling; defaults are left out. */
import { globalSettings } from "../keywords/global.ts";
import { printSettings } from "../keywords/keyword.ts";
import { timeoutSettings } from "../keywords/timeouts.ts";
import {
  type Configuration,
  type Global,
  lastProxySettings,
  type Proxy,
  proxySettings,
} from "../model.ts";
import { sectionKinds } from "../sections.ts";
import { quoteWord } from "./words.ts";

/** The configuration as text that `parseHaproxy` reads as the same configuration. */
export function printHaproxy(configuration: Configuration): string {
  const sections = [
    printGlobal(configuration.global),
    ...printOthers(configuration),
    ...configuration.proxies.map(printProxy),
  ];
  return sections.filter((section) => section !== "").join("\n");
}

/** A section: its first line, and its statements. */
function section(first: readonly string[], statements: readonly (readonly string[])[]): string {
  // A keyword may be of two words, "option httplog", or of three with "no".
  const lines = statements.map(([name = "", ...rest]) => line([...name.split(" "), ...rest]));
  return [line(first), ...lines.map((each) => `    ${each}`)].join("\n") + "\n";
}

function line(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

function printGlobal(global: Global): string {
  const statements = printSettings(globalSettings, global);
  return statements.length === 0 ? "" : section(["global"], statements);
}

function printOthers(configuration: Configuration): string[] {
  return Object.entries(sectionKinds).flatMap(([key, kind]) =>
    configuration[key as keyof typeof sectionKinds].map((each) => {
      const [first = [], ...statements] = kind.print(each);
      return section(first, statements);
    })
  );
}

function printProxy(proxy: Proxy): string {
  return section([proxy.kind, proxy.name], [
    ...printSettings(proxySettings, proxy),
    ...printSettings(timeoutSettings, proxy.timeout),
    ...printSettings(lastProxySettings, proxy),
  ]);
}
