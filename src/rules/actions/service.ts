/** The action that has a service of this process answer (manual: "http-request use-service"). */
import type { Action } from "../action.ts";
import { CONTINUE, END } from "../verdict.ts";

/** The services that there are. */
export const serviceNames: readonly string[] = ["prometheus-exporter"];

/** {@linkcode Action}s of this family. */
export const serviceActions: readonly Action[] = [
  {
    name: "use-service",
    rulesets: ["http-request"],
    usage: "<service>",
    doc: "Has a service of this process answer: 'prometheus-exporter' shows metrics.",
    chapter: "4.2",
    final: true,
    compile(words) {
      const name = words.take("a service");
      if (!serviceNames.includes(name)) {
        const hint = name.startsWith("lua.")
          ? "sluice runs no Lua"
          : `services: ${serviceNames.join(", ")}`;
        throw words.mistake(`there is no service '${name}'`, hint);
      }
      return (stream) => stream.useService(name) ? END : CONTINUE;
    },
  },
];
