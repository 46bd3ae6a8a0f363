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
    compile(words, { references }) {
      const name = words.take("a service");
      if (/^lua\../.test(name)) {
        const message = `there is no service '${name}', for sluice runs no Lua: ` +
          "requests for it are answered with 501";
        references.warn(message, undefined, words.at - 1);
        return (stream) => {
          stream.refuse(501, "PR");
          return END;
        };
      }
      if (!serviceNames.includes(name)) {
        throw words.mistake(
          `there is no service '${name}'`,
          `services: ${serviceNames.join(", ")}`,
        );
      }
      return (stream) => stream.useService(name) ? END : CONTINUE;
    },
  },
  {
    name: "use-service",
    rulesets: ["tcp-request content"],
    usage: "<service>",
    doc: "Refuses connections: services over TCP are scripts in Lua, which sluice does not run.",
    chapter: "4.2",
    final: true,
    compile(words, { references }) {
      const name = words.take("a service");
      if (!/^lua\../.test(name)) throw words.mistake(`there is no service '${name}' over TCP`);
      const message = `there is no service '${name}', for sluice runs no Lua: ` +
        "connections that come to it are closed";
      references.warn(message, undefined, words.at - 1);
      return (stream) => {
        stream.reject(false);
        return END;
      };
    },
  },
];
