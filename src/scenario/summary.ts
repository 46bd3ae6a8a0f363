/** What is drawn around a story: what runs where, how it ended, and how to go on by hand. */
import { type Endpoint, showEndpoint } from "../net/socket.ts";
import { type Look, text, wrap } from "./drawing.ts";
import type { ReceivedLine, Sight } from "../simulate/demo-server.ts";
import type { Servers } from "../simulate/servers.ts";
import type { Entry, Topology } from "../simulate/topology.ts";

/** How many expectations there were, and how many held. */
export interface Tally {
  asserted: number;
  held: number;
}

/** The title, and a line for each address. */
export function drawOpening(
  title: string,
  topology: Topology,
  servers: Servers,
  look: Look,
): string {
  const { paint, width } = look;
  const names = new Map<string, Set<string>>();
  const add = (endpoint: Endpoint, name: string) => {
    const address = showEndpoint(endpoint);
    names.set(address, (names.get(address) ?? new Set()).add(name));
  };
  for (const { endpoint, proxy } of topology.entries) add(endpoint, `sluice: ${proxy}`);
  for (const server of topology.servers) {
    for (const endpoint of server.endpoints) {
      // A proxy of this file, which has its line.
      if (topology.proxyAt(endpoint) === server.name) continue;
      const foreign = servers.foreign.includes(server)
        ? " (a server that listens there already)"
        : "";
      add(endpoint, (server.found ? "found by its name" : server.label) + foreign);
    }
  }
  const longest = Math.max(...[...names.keys()].map((address) => address.length));
  return text([
    ...wrap(title, width).map(paint.bold),
    "",
    ...[...names].flatMap(([address, there]) =>
      wrap([...there].join(", "), width - longest - 4).map((part, i) =>
        `  ${(i === 0 ? address : "").padEnd(longest)}  ${part}`
      )
    ),
    "",
  ]);
}

/** The sum of it all. */
export function drawTally({ asserted, held }: Tally, time: string, { paint, file }: Look): string {
  if (asserted === 0) return text([`${file}: nothing was expected (${time})`]);
  const all = `all ${asserted} expectations held`;
  const some = `${asserted - held} of ${asserted} expectations FAILED`;
  const sum = held === asserted ? paint.green(all) : paint.red(paint.bold(some));
  return text([`${file}: ${sum} (${time})`]);
}

/** How to go on with curl, while it runs; where there are several proxies, each is named. */
export function drawInvitation(
  { entries, names }: Topology,
  { origins }: Servers,
  { paint, file }: Look,
): string {
  const commands = entries.flatMap((entry) =>
    commandsFor(entry).map((command) =>
      names.proxies.length > 1 ? `${paint.bold(command)}  # ${entry.proxy}` : paint.bold(command)
    )
  );
  const stopped = new Set(origins.filter(({ running }) => !running).map(({ name }) => name));
  const still = stopped.size === 0 ? "" : `, of which the story stopped ${[...stopped].join(", ")}`;
  return text([
    "",
    `It goes on running, with ${origins.length} servers${still}. In another terminal:`,
    "",
    ...commands.map((command) => `  ${command}`),
    "",
    `What the servers see is shown here. Ctrl-C ends it. The configuration: ${file}`,
    "",
  ]);
}

function commandsFor({ endpoint, cookie, tcp, tls }: Entry): string[] {
  if (endpoint.kind !== "ip" && endpoint.kind !== "unix") return [];
  if (tcp && !tls && endpoint.kind === "ip") return [`nc ${endpoint.host} ${endpoint.port}`];
  const where = endpoint.kind === "ip"
    ? `${tls ? "-k https" : "http"}://${showEndpoint(endpoint)}/`
    : `--unix-socket ${endpoint.path} http://localhost/`;
  return [`curl -i ${where}`, ...cookie === null ? [] : [`curl -i -b '${cookie}' ${where}`]];
}

/** A request as a server saw it, or a line that it got. */
export function drawEvent(event: Sight | ReceivedLine, { paint }: Look): string {
  const server = paint.cyan(event.server);
  if ("text" in event) return text([`${server} hears ${paint.bold(event.text)}`]);
  const { line, fields } = event.request;
  return text([`${server} sees ${paint.bold(line)}`, ...fields.map((each) => `     ${each}`)]);
}
