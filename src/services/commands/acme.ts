/** Commands about certificates that are got by themselves (HAProxy 3.x: "acme renew", "acme status"). */
import type { AcmeControl } from "../certificates.ts";
import { type Command, type CommandContext, refuse } from "./command.ts";

function acmeOf({ control }: CommandContext): AcmeControl {
  const acme = control.certificates?.acme ?? null;
  if (acme === null) throw refuse("no certificate is got by 'acme' here");
  return acme;
}

const date = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");

/** "12d 3h05m09s" */
function distance(from: number, to: number): string {
  const seconds = Math.max(0, Math.round((to - from) / 1000));
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `${Math.floor(seconds / 86_400)}d ${Math.floor(seconds / 3600) % 24}h` +
    `${two(seconds / 60 % 60)}m${two(seconds % 60)}s`;
}

function status(context: CommandContext): string {
  const now = context.control.wall();
  const lines = acmeOf(context).status().map((one) =>
    [
      one.name,
      one.section,
      one.state,
      ...one.notAfter === null ? ["-", "-"] : [date(one.notAfter), distance(now, one.notAfter)],
      ...one.scheduled === null ? ["-", "-"] : [date(one.scheduled), distance(now, one.scheduled)],
    ].join("\t") + (one.failure === "" ? "" : `\t${one.failure}`)
  );
  const head = "# certificate\tsection\tstate\texpiration date (UTC)\texpires in\t" +
    "scheduled date (UTC)\tscheduled in";
  return [head, ...lines].map((line) => `${line}\n`).join("");
}

/** See above. */
export const acmeCommands: readonly Command[] = [
  {
    name: "acme renew",
    usage: "<certfile>",
    help: "asks an authority for a certificate now",
    level: "admin",
    run(context) {
      const [name] = context.args;
      if (name === undefined) throw refuse("'acme renew' expects a certificate name");
      const why = acmeOf(context).renew(name);
      if (why !== null) throw refuse(`Can't renew: ${why}`);
      return "";
    },
  },
  {
    name: "acme status",
    usage: "",
    help: "how it is with certificates that are got by themselves",
    level: "operator",
    run: status,
  },
  {
    name: "acme ps",
    usage: "",
    help: "the same as 'acme status'",
    level: "operator",
    hidden: true,
    run: status,
  },
  {
    name: "acme challenge_ready",
    usage: "<certfile> domain <domain>",
    help: "says that the record for a challenge of dns-01 is there",
    level: "admin",
    run(context) {
      const [name, word, domain] = context.args;
      if (name === undefined || word !== "domain" || domain === undefined) {
        throw refuse("'acme challenge_ready' expects <certfile> domain <domain>");
      }
      if (!acmeOf(context).ready(name, domain)) {
        throw refuse(
          `Couldn't find the ACME task using certificate "${name}" and domain "${domain}"`,
        );
      }
      return "";
    },
  },
];
