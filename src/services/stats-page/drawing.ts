/** The network as the guide draws it: clients, proxies, servers, from left to right. */
import { Html, html } from "./html.ts";
import type { Fields, ProxyStatus, Status } from "./status.ts";

/** More servers are not drawn: a picture of hundreds shows nothing. */
const mostServers = 40;

const width = 900;
const row = 46;
const box = { width: 210, height: 36 };
const columns = { clients: 10, proxies: 190, backends: 430, servers: 680 };

/** The colour of a state, as a class. */
export function tone(status: string): string {
  if (/^(UP|OPEN)$/.test(status)) return "up";
  if (/^(UP|DOWN) |^FULL/.test(status)) return "warn";
  if (/^(DOWN|STOP)/.test(status)) return "down";
  if (/^(MAINT|PAUSED)/.test(status)) return "maint";
  return /^(DRAIN|NOLB)/.test(status) ? "drain" : "none";
}

const number = (fields: Fields | null, key: string) => Number(fields?.[key] ?? 0);

/** A box with a name and a line of numbers. */
function node(
  x: number,
  y: number,
  wide: number,
  name: string,
  status: string,
  line: string,
): Html {
  const shown = name.length > 24 ? `${name.slice(0, 23)}…` : name;
  return html`
    <g transform="translate(${x} ${y})">
      <title>${name}: ${status}</title>
      <rect class="box" width="${wide}" height="${box.height}" rx="7" />
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
  const parts: Html[] = [];
  const wires: Html[] = [];
  let y = 10;
  const fronts: { readonly proxy: ProxyStatus; readonly y: number }[] = [];
  for (const proxy of proxies) {
    const rows = Math.max(1, proxy.servers.length);
    const middle = y + (rows * row - (row - box.height)) / 2 - box.height / 2;
    const front = proxy.frontend;
    const back = proxy.backend;
    if (front !== null) {
      const status = String(front["status"]);
      fronts.push({ proxy, y: middle });
      const line = `${front["scur"]} sessions, ${front["rate"]}/s`;
      parts.push(node(columns.proxies, middle, 190, proxy.name, status, line));
    }
    if (back !== null) {
      const status = String(back["status"]);
      const waits = number(back, "qcur");
      const line = `${back["rate"]}/s, ${waits > 0 ? `${waits} wait, ` : ""}${back["ttime"]} ms`;
      parts.push(node(columns.backends, middle, 200, proxy.name, status, line));
      if (front !== null) {
        const ends = [columns.proxies + 190, columns.backends] as const;
        const at = middle + box.height / 2;
        wires.push(wire([ends[0], at], [ends[1], at], number(back, "rate") > 0));
      }
    }
    proxy.servers.forEach((server, i) => {
      const at = y + i * row;
      const status = String(server["status"]);
      const waits = number(server, "qcur");
      const line = `${server["scur"]} now, ${server["rate"]}/s, ` +
        `${waits > 0 ? `${waits} wait, ` : ""}${server["ttime"]} ms`;
      parts.push(node(columns.servers, at, box.width, String(server["svname"]), status, line));
      wires.push(wire(
        [columns.backends + 200, middle + box.height / 2],
        [columns.servers, at + box.height / 2],
        number(server, "rate") > 0,
      ));
    });
    y += rows * row;
  }
  const centre = y / 2 - box.height / 2;
  parts.push(
    node(columns.clients, centre, 150, "Clients", "OPEN", `${connections} now, ${rate}/s`),
  );
  for (const { proxy, y: at } of fronts) {
    const ends = [columns.clients + 150, columns.proxies] as const;
    const busy = number(proxy.frontend, "rate") > 0;
    wires.push(wire([ends[0], centre + 18], [ends[1], at + 18], busy));
  }
  return html`
    <div class="drawing">
      <svg viewBox="0 0 ${width} ${y + 10}" role="img"
        aria-label="Clients, proxies and servers">${wires}${parts}</svg>
    </div>
  `;
}
