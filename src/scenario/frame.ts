/** What is drawn around a story: who plays, how it ended, and how to go on by hand. */
import type { Heard, Sight } from "./origin.ts";
import { type Look, text, wrap } from "./picture.ts";
import type { Tally } from "./play.ts";
import type { Stage } from "./stage.ts";
import { type Endpoint, showEndpoint } from "../net/socket.ts";
import type { Entry, World } from "./world.ts";

/** The title, and who is where: a line for each address. */
export function drawProgramme(title: string, world: World, stage: Stage, look: Look): string {
  const { paint, width } = look;
  const names = new Map<string, Set<string>>();
  const add = (endpoint: Endpoint, name: string) => {
    const address = showEndpoint(endpoint);
    names.set(address, (names.get(address) ?? new Set()).add(name));
  };
  for (const { endpoint, proxy } of world.entries) add(endpoint, `sluice: ${proxy}`);
  for (const place of world.servers) {
    for (const endpoint of place.endpoints) {
      // A proxy of this file, which has its line.
      if (world.proxyAt(endpoint) === place.name) continue;
      const foreign = stage.foreign.includes(place) ? " (a server that listens there already)" : "";
      add(endpoint, place.label + foreign);
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
export function drawFarewell({ paint, file }: Look, { judged, held }: Tally, time: string): string {
  if (judged === 0) return text([`${file}: nothing was expected (${time})`]);
  const all = `all ${judged} expectations held`;
  const some = `${judged - held} of ${judged} expectations FAILED`;
  const sum = held === judged ? paint.green(all) : paint.red(paint.bold(some));
  return text([`${file}: ${sum} (${time})`]);
}

/** How to go on with curl, while it runs; where there are several proxies, each is named. */
export function drawInvitation(
  { entries, cast }: World,
  { origins }: Stage,
  { paint, file }: Look,
): string {
  const commands = entries.flatMap((entry) =>
    commandsFor(entry).map((command) =>
      cast.proxies.length > 1 ? `${paint.bold(command)}  # ${entry.proxy}` : paint.bold(command)
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

/** A request as a server saw it. */
export function drawSight({ server, request }: Sight, { paint }: Look): string {
  return text([
    `${paint.cyan(server)} sees ${paint.bold(request.line)}`,
    ...request.fields.map(([name, value]) => `     ${name}: ${value}`),
  ]);
}

/** A line as a server got it. */
export function drawHeard({ server, text: words }: Heard, { paint }: Look): string {
  return text([`${paint.cyan(server)} hears ${paint.bold(words)}`]);
}

function commandsFor({ endpoint, cookie, tcp }: Entry): string[] {
  if (endpoint.kind !== "ip" && endpoint.kind !== "unix") return [];
  if (tcp && endpoint.kind === "ip") return [`nc ${endpoint.host} ${endpoint.port}`];
  const where = endpoint.kind === "ip"
    ? `http://${showEndpoint(endpoint)}/`
    : `--unix-socket ${endpoint.path} http://localhost/`;
  return [`curl -i ${where}`, ...cookie === null ? [] : [`curl -i -b '${cookie}' ${where}`]];
}
