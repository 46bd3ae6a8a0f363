/** The action that has a service of this process answer (manual: "http-request use-service"). */
import type { Action } from "../action.ts";
import { CONTINUE, END } from "../verdict.ts";

/** The services that there are, and what the log calls them in a server's place. */
export const services: ReadonlyMap<string, string> = new Map([["prometheus-exporter", "<PROMEX>"]]);

/** {@linkcode Action}s of this family. */
export const serviceActions: readonly Action[] = [
  {
    name: "use-service",
    rulesets: ["http-request"],
    usage: "<service>",
    doc: "Has a service of this process, or of a script, answer.",
    chapter: "4.2",
    final: true,
    compile(words, { references, scripts }) {
      const name = words.take("a service");
      if (!services.has(name) && scripts.service(name, references) !== "http") {
        const hint = name.startsWith("lua.")
          ? "a script that 'lua-load' names, with core.register_service(name, \"http\", ...)"
          : `services: ${[...services.keys()].join(", ")}`;
        throw words.mistake(`there is no service '${name}'`, hint);
      }
      return (stream) => stream.useService(name) ? END : CONTINUE;
    },
  },
  {
    name: "use-service",
    rulesets: ["tcp-request content"],
    usage: "<service>",
    doc: "Refuses connections: services over TCP are scripts, which sluice runs over HTTP alone.",
    chapter: "4.2",
    final: true,
    compile(words, { references }) {
      const name = words.take("a service");
      if (!/^lua\../.test(name)) throw words.mistake(`there is no service '${name}' over TCP`);
      const message = `there is no service '${name}', for sluice runs scripts over HTTP alone: ` +
        "connections that come to it are closed";
      references.warn(message, undefined, words.at - 1);
      return (stream) => {
        stream.reject(false);
        return END;
      };
    },
  },
];
