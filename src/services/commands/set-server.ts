/** What is changed of a server: "set server" and its kin. */
import { isIp } from "../../net/ip/address.ts";
import type { BackendControl, ServerControl } from "../control.ts";
import { answer, type Command, CommandError, refuse, serverOf } from "./command.ts";

const initialWeight = (server: ServerControl) => server.initialWeight;

/** @throws {CommandError} */
function setWeight(
  { backend, server }: { backend: BackendControl; server: ServerControl },
  text: string,
) {
  const match = /^([+-]?\d+)(%?)(.*)$/s.exec(text);
  if (match === null) throw new CommandError("Empty weight string empty or preceded by garbage");
  const [, digits, percent, rest] = match;
  if (rest !== "") throw new CommandError("Trailing garbage in weight string");
  const value = Number(digits);
  if (percent === "%") {
    if (value < 0) throw refuse("Relative weight must be positive.");
  } else if (value < 0 || value > 256) {
    throw refuse("Absolute weight can only be between 0 and 256 inclusive.");
  }
  const initial = initialWeight(server);
  const weight = percent === "%" ? Math.min(256, Math.floor(initial * value / 100)) : value;
  if (backend.staticWeights && weight !== 0 && weight !== initial) {
    throw refuse(
      "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.",
    );
  }
  server.setWeight(weight);
}

/** What `set server` can change. @returns the answer */
const changes: Readonly<
  Record<
    string,
    (found: { backend: BackendControl; server: ServerControl }, args: readonly string[]) => string
  >
> = {
  weight(found, [text]) {
    if (text === undefined) throw refuse("Require <weight> or <weight%>.");
    setWeight(found, text);
    return "";
  },
  state({ server }, [state]) {
    if (state !== "ready" && state !== "drain" && state !== "maint") {
      throw refuse("'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
    }
    server.setState(state);
    return "";
  },
  health({ server }, [health]) {
    if (server.tracked !== null) throw refuse("cannot change health on a tracking server.");
    if (health !== "up" && health !== "stopping" && health !== "down") {
      throw refuse("'set server <srv> health' expects 'up', 'stopping', or 'down'.");
    }
    server.setHealth(health);
    return "";
  },
  agent({ server }, [health]) {
    if (server.agent === null) throw refuse("agent checks are not enabled on this server.");
    if (health !== "up" && health !== "down") {
      throw refuse("'set server <srv> agent' expects 'up' or 'down'.");
    }
    server.setAgentHealth(health);
    return "";
  },
  "agent-addr": ({ server }, args) => {
    if (server.agent === null) throw noAgentHere();
    const { addr, port } = addressOf("agent-addr", args);
    server.setCheckedAt({ agentAddr: addr, ...port === null ? {} : { agentPort: port } });
    return "";
  },
  "agent-port": ({ server }, [port]) => {
    if (server.agent === null) throw noAgentHere();
    server.setCheckedAt({ agentPort: portOf("agent-port", port) });
    return "";
  },
  "agent-send": ({ server }, [text = ""]) => {
    if (server.agent === null) throw refuse("agent checks are not enabled on this server.");
    server.setCheckedAt({ agentSend: text });
    return "";
  },
  "check-addr": ({ server }, args) => {
    if (!isChecked(server)) throw noCheckHere();
    const { addr, port } = addressOf("check-addr", args);
    server.setCheckedAt({ addr, ...port === null ? {} : { port } });
    return "";
  },
  "check-port": ({ server }, [port]) => {
    if (!isChecked(server)) throw noCheckHere();
    server.setCheckedAt({ port: portOf("check-port", port) });
    return "";
  },
  addr: setAddress,
  fqdn({ server }, [name]) {
    if (name === undefined) throw refuse("set server <b>/<s> fqdn requires a FQDN.");
    const before = server.fqdn;
    // HAProxy's spelling.
    if (name.toLowerCase() === before && server.service === null) {
      return answer("no need to change the FDQN by 'stats socket command'");
    }
    const refusal = server.setName(name);
    if (refusal !== null) throw refuse(refusal);
    const path = `${server.facts.name}/${server.name}`;
    return answer(`${path} changed its FQDN from ${before} to ${name} by 'stats socket command'`);
  },
  ssl() {
    throw refuse(
      "'set server <srv> ssl' cannot be set.  default-server should define ssl settings",
    );
  },
};

const isChecked = ({ checked, unchecked }: ServerControl) => checked || unchecked;
const noAgentHere = () => new CommandError("agent checks are not enabled on this server");
const noCheckHere = () => new CommandError("health checks are not enabled on this server");

/** A port as a word. @throws {CommandError} */
function portOf(what: string, text: string | undefined): number {
  if (text === undefined) throw refuse(`set server <b>/<s> ${what} requires a port.`);
  if (!/^\d+$/.test(text)) throw new CommandError("provided port is not an integer");
  const port = Number(text);
  if (port < 1 || port > 65535) throw new CommandError("provided port is invalid");
  return port;
}

/** An address, and perhaps `port` and a port. @throws {CommandError} */
function addressOf(
  what: string,
  [addr, word, port]: readonly string[],
): { readonly addr: string; readonly port: number | null } {
  if (addr === undefined) {
    throw refuse(`set server <b>/<s> ${what} requires an address and optionally a port.`);
  }
  if (!isIp(addr)) throw new CommandError(`invalid addr '${addr}'`);
  return { addr, port: word === "port" ? portOf(what, port) : null };
}

function setAddress({ server }: { server: ServerControl }, args: readonly string[]): string {
  const [address, word, port] = args;
  const by = "by 'stats socket command'";
  if (address === undefined) {
    throw refuse("set server <b>/<s> addr requires an address and optionally a port.");
  }
  if (!isIp(address)) throw refuse(`Invalid addr '${address}' ${by}`);
  const sameAddress = address === server.host;
  const parts = [
    sameAddress ? "no need to change the addr" : `IP changed from '${server.host}' to '${address}'`,
  ];
  let newPort: number | null = null;
  if (word === "port") {
    if (!/^\d{1,5}$/.test(port ?? "") || Number(port) > 65535 || Number(port) < 1) {
      throw refuse(`${parts[0]}, problem converting port '${port ?? ""}' to an int ${by}`);
    }
    newPort = Number(port);
    parts.push(
      newPort === server.port
        ? "no need to change the port"
        : `port changed from '${server.port}' to '${newPort}'`,
    );
  }
  if (!sameAddress || newPort !== null && newPort !== server.port) {
    server.setAddress(sameAddress ? null : address, newPort);
  }
  return answer(`${parts.join(", ")} ${by}`);
}

/** See above. */
export const setServerCommands: readonly Command[] = [
  {
    name: "get weight",
    usage: "<bk>/<srv>",
    help: "weight of a server",
    run(context) {
      const { server } = serverOf(context);
      return answer(`${server.weight} (initial ${initialWeight(server)})`);
    },
  },
  {
    name: "set weight",
    usage: "<bk>/<srv> <weight>[%]",
    help: "changes a server's weight",
    level: "admin",
    run(context) {
      const found = serverOf(context);
      const text = context.args[1];
      if (text === undefined) throw refuse("Require <weight> or <weight%>.");
      setWeight(found, text);
      return "";
    },
  },
  {
    name: "set server",
    usage: "<bk>/<srv> [opts]",
    help: "changes a server's state, health, weight or address",
    level: "admin",
    run(context) {
      const found = serverOf(context);
      const [, what = "", ...rest] = context.args;
      const change = Object.hasOwn(changes, what) ? changes[what] : undefined;
      if (change !== undefined) return change(found, rest);
      throw refuse(
        `usage: set server <backend>/<server> ${Object.keys(changes).sort().join(" | ")}`,
      );
    },
  },
];
