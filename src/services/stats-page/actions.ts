/** What the form of the statistics page asks for (manual: "stats admin"). */
import type { ProxyControl, ServerControl } from "../control.ts";

/** What each action does to a server. @returns whether it could be done */
const actions: Readonly<Record<string, (server: ServerControl) => boolean>> = {
  ready: (server) => done(server.setState("ready")),
  drain: (server) => done(server.setState("drain")),
  maint: (server) => done(server.setState("maint")),
  // The older names.
  enable: (server) => done(server.setMaintenance(false)),
  disable: (server) => done(server.setMaintenance(true)),
  stop: (server) => done(server.setWeight(0)),
  dhlth: (server) => server.setChecks(false),
  ehlth: (server) => server.setChecks(true),
  hrunn: (server) => server.tracked === null && done(server.setHealth("up")),
  hnolb: (server) => server.tracked === null && done(server.setHealth("stopping")),
  hdown: (server) => server.tracked === null && done(server.setHealth("down")),
  dagent: () => false,
  eagent: () => false,
  arunn: () => false,
  adown: () => false,
  shutdown: (server) => done(server.shutdownSessions()),
};

function done(_: void): true {
  return true;
}

/** What came of it, as HAProxy says it in the address that it redirects to. */
export type Outcome = "DONE" | "NONE" | "PART" | "ERRP" | "EXCD" | "DENY";

/** What HAProxy's page says of each. */
export const outcomes: Readonly<Record<Outcome, string>> = {
  DONE: "Action processed successfully.",
  NONE: "Nothing has changed.",
  PART: "Action partially processed.",
  ERRP: "Action not processed: the form could not be understood.",
  EXCD: "Action not processed: the form was too large.",
  DENY: "Action denied.",
};

/** Carries a form out. */
export function perform(form: URLSearchParams, proxies: readonly ProxyControl[]): Outcome {
  const proxyName = form.get("b");
  const servers = form.getAll("s");
  const name = form.get("action") ?? "";
  const act = Object.hasOwn(actions, name) ? actions[name]! : null;
  if (proxyName === null || act === null) return "ERRP";
  if (servers.length === 0) return "NONE";
  const proxy = proxies.find(({ backend, name, id }) =>
    backend !== null && (proxyName === name || proxyName === `#${id}`)
  );
  if (proxy === undefined) return "ERRP";
  let changed = 0;
  for (const wanted of servers) {
    const server = proxy.backend!.servers.find(({ name, id }) =>
      name === wanted || wanted === `#${id}`
    );
    if (server !== undefined && act(server)) changed++;
  }
  return changed === servers.length ? "DONE" : changed > 0 ? "PART" : "NONE";
}
