/** The network as the guide draws it: clients, proxies, servers, from left to right. */
import { Html, html } from "./html.ts";
import type { Fields, ProxyStatus, Status } from "./status.ts";

/** More servers are not drawn: a picture of hundreds shows nothing. */
const mostServers = 40;

const width = 900;
const row = 46;
const boxHeight = 36;
/** Where the columns of boxes begin, and how wide those are. */
const columns = { clients: 10, proxies: 200, backends: 440, servers: 680 };
const wide = { clients: 140, proxy: 180, backend: 180, server: 210 };

/** The colour of a state, as a class. */
export function tone(status: string): string {
  if (/^(UP|OPEN)$/.test(status)) return "up";
  if (/^(UP|DOWN) |^FULL/.test(status)) return "warn";
  if (/^(DOWN|STOP)/.test(status)) return "down";
  if (/^(MAINT|PAUSED)/.test(status)) return "maint";
  return /^(DRAIN|NOLB)/.test(status) ? "drain" : "none";
}

const number = (fields: Fields | null, key: string) => Number(fields?.[key] ?? 0);

/** A box with a name and a line of numbers. @param middle its height in the drawing */
function node(
  x: number,
  middle: number,
  wide: number,
  name: string,
  status: string,
  line: string,
): Html {
  // A character takes about 7.
  const longest = Math.floor((wide - 36) / 7);
  const shown = name.length > longest ? `${name.slice(0, longest - 1)}…` : name;
  return html`
    <g transform="translate(${x} ${middle - boxHeight / 2})">
      <title>${name}: ${status}</title>
      <rect class="box" width="${wide}" height="${boxHeight}" rx="7" />
      <circle class="dot ${tone(status)}" cx="14" cy="18" r="5" />
      <text x="27" y="16">${shown}</text>
      <text class="dim" x="27" y="30">${line}</text>
    </g>
  `;
}

/** A wire between two places; busy ones are thicker. */
function wire(from: readonly [number, number], to: readonly [number, number], busy: boolean): Html {
  const middle = (from[0] + to[0]) / 2;
  const path = `M${from[0]} ${from[1]}C${middle} ${from[1]} ${middle} ${to[1]} ${to[0]} ${to[1]}`;
  return html`
    <path class="wire${busy ? " busy" : ""}" d="${path}" />
  `;
}

/** Draws it; null: there is nothing to draw, or too much. */
export function drawing({ proxies, connections, rate }: Status): Html | null {
  const servers = proxies.reduce((sum, { servers }) => sum + servers.length, 0);
  if (proxies.length === 0 || servers > mostServers || proxies.length > mostServers) return null;
  const fronts = proxies.filter(({ frontend }) => frontend !== null);
  // A page of statistics, say, has no servers: nothing goes on from it.
  const backs = proxies.filter(({ backend, servers, mode }) =>
    backend !== null && (servers.length > 0 || mode === "tcp")
  );
  const rows = (proxy: ProxyStatus) => Math.max(1, proxy.servers.length);
  const height = row *
    Math.max(fronts.length, backs.reduce((sum, proxy) => sum + rows(proxy), 0), 1);
  const parts: Html[] = [];
  const wires: Html[] = [];
  const places = new Map<string, number>();
  let y = (height - backs.reduce((sum, proxy) => sum + rows(proxy) * row, 0)) / 2;
  for (const proxy of backs) {
    const middle = y + (rows(proxy) * row) / 2;
    places.set(proxy.name, middle);
    parts.push(backendNode(proxy, middle));
    proxy.servers.forEach((server, i) => {
      const at = y + (i + 0.5) * row;
      parts.push(serverNode(server, at));
      const from = [columns.backends + wide.backend, middle] as const;
      wires.push(wire(from, [columns.servers, at], number(server, "rate") > 0));
    });
    y += rows(proxy) * row;
  }
  const step = height / Math.max(1, fronts.length);
  fronts.forEach((proxy, i) => {
    const at = (i + 0.5) * step;
    const { frontend } = proxy;
    const busy = number(frontend, "rate") > 0;
    parts.push(frontendNode(proxy, at));
    wires.push(wire([columns.clients + wide.clients, height / 2], [columns.proxies, at], busy));
    for (const name of proxy.routes) {
      const to = places.get(name);
      if (to === undefined) continue;
      const back = backs.find((each) => each.name === name)!.backend;
      const both = busy && number(back, "rate") > 0;
      wires.push(wire([columns.proxies + wide.proxy, at], [columns.backends, to], both));
    }
  });
  const numbers = `${connections} now, ${rate}/s`;
  parts.push(node(columns.clients, height / 2, wide.clients, "Clients", "OPEN", numbers));
  return html`
    <div class="drawing">
      <svg viewBox="0 0 ${width} ${height}" role="img"
        aria-label="Clients, proxies and servers">${wires}${parts}</svg>
    </div>
  `;
}

const waits = (fields: Fields | null) =>
  number(fields, "qcur") > 0 ? `${number(fields, "qcur")} wait, ` : "";
const time = (fields: Fields | null) => `${number(fields, "ttime")} ms`;

function frontendNode({ name, frontend }: ProxyStatus, middle: number): Html {
  const sessions = number(frontend, "scur");
  const line = `${sessions} session${sessions === 1 ? "" : "s"}, ${number(frontend, "rate")}/s`;
  return node(columns.proxies, middle, wide.proxy, name, String(frontend?.["status"]), line);
}

function backendNode({ name, backend }: ProxyStatus, middle: number): Html {
  const line = `${number(backend, "rate")}/s, ${waits(backend)}${time(backend)}`;
  return node(columns.backends, middle, wide.backend, name, String(backend?.["status"]), line);
}

function serverNode(server: Fields, middle: number): Html {
  const [name, status] = [String(server["svname"]), String(server["status"])];
  const line = `${number(server, "scur")} now, ${number(server, "rate")}/s, ` +
    `${waits(server)}${time(server)}`;
  return node(columns.servers, middle, wide.server, name, status, line);
}
