/** What is drawn around a story: who plays, how it ended, and how to go on by hand. */
import type { Look } from "./draw.ts";
import { wrap } from "./draw.ts";
import type { Sight } from "./origin.ts";
import type { Tally } from "./play.ts";
import type { Stage } from "./stage.ts";
import { showEndpoint } from "../net/socket.ts";
import type { Entry, World } from "./world.ts";

/** The title, and who is where. */
export function drawProgramme(title: string, world: World, stage: Stage, look: Look): string {
  const { paint, width } = look;
  const rows = [
    ...world.entries.map(({ proxy, endpoint }) =>
      ["sluice", showEndpoint(endpoint), proxy] as const
    ),
    ...world.servers.map((place) =>
      [
        place.label,
        showEndpoint(place.endpoint),
        stage.foreign.includes(place) ? "a server that listens there already" : "",
      ] as const
    ),
  ];
  const widths = [0, 1].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const [first = 0, second = 0] = widths;
  return lines([
    ...wrap(title, width).map(paint.bold),
    "",
    ...rows.map(([name, address, remark]) =>
      `  ${name.padEnd(first)}  ${address.padEnd(second)}  ${paint.dim(remark)}`
    ),
    "",
  ]);
}

/** The sum of it all. */
export function drawFarewell({ paint, file }: Look, { judged, held }: Tally, time: string): string {
  if (judged === 0) return lines([`${file}: nothing was expected (${time})`]);
  const all = `all ${judged} expectations held`;
  const some = `${judged - held} of ${judged} expectations FAILED`;
  const sum = held === judged ? paint.green(all) : paint.red(paint.bold(some));
  return lines([`${file}: ${sum} (${time})`]);
}

/** How to go on with curl, while it runs. */
export function drawInvitation({ entries, servers }: World, { paint, file }: Look): string {
  const commands = entries.flatMap((entry) => commandsFor(entry));
  return lines([
    "",
    `It goes on running, with ${servers.length} servers. In another terminal:`,
    "",
    ...commands.map((command) => `  ${paint.bold(command)}`),
    "",
    `What the servers see is shown here. Ctrl-C ends it. The configuration: ${file}`,
    "",
  ]);
}

/** A request as a server saw it. */
export function drawSight({ server, request }: Sight, { paint }: Look): string {
  return lines([
    `${paint.cyan(server)} sees ${paint.bold(request.line)}`,
    ...request.fields.map(([name, value]) => `     ${name}: ${value}`),
  ]);
}

function commandsFor({ endpoint, cookie }: Entry): string[] {
  if (endpoint.kind !== "ip" && endpoint.kind !== "unix") return [];
  const where = endpoint.kind === "ip"
    ? `http://${showEndpoint(endpoint)}/`
    : `--unix-socket ${endpoint.path} http://localhost/`;
  return [`curl -i ${where}`, ...cookie === null ? [] : [`curl -i -b '${cookie}' ${where}`]];
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line.trimEnd()}\n`).join("");
}
