/** The statistics page as HTML. What it shows is rendered here, the first time and each second. */
import { script, style } from "./assets.ts";
import { drawing, tone } from "./drawing.ts";
import { Html, html } from "./html.ts";
import type { Fields, ProxyStatus, Status } from "./status.ts";

/** How it is shown. */
export interface PageSettings {
  /** Where it is. */
  readonly uri: string;
  readonly title: string;
  /** "" to leave it out. */
  readonly version: string;
  readonly description: string;
  readonly legends: boolean;
  readonly modules: boolean;
  /** Servers may be changed. */
  readonly admin: boolean;
  /** What the last change came to; null: there was none. */
  readonly outcome: string | null;
  /** The live stream is used. */
  readonly live: boolean;
}

/** 12345678 -> 12.3 M */
export function short(value: number): string {
  const units = ["", " k", " M", " G", " T"];
  let unit = 0;
  let shown = value;
  while (shown >= 10_000 && unit < units.length - 1) {
    shown /= 1000;
    unit++;
  }
  return (unit === 0 || shown >= 100 ? String(Math.round(shown)) : shown.toFixed(1)) + units[unit];
}

/** 93784 -> 1d 2h */
export function duration(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0s";
  return parts.slice(first, first + 2).map(([value, unit]) => `${value}${unit}`).join(" ");
}

const number = (fields: Fields, key: string) => Number(fields[key] ?? 0);

const heads = html`
  <tr>
    <th>Name</th>
    <th>State</th>
    <th class="mid">Queue</th>
    <th>Sessions</th>
    <th class="wide">Max</th>
    <th>Rate</th>
    <th class="mid">Total</th>
    <th class="wide">In</th>
    <th class="wide">Out</th>
    <th class="wide">4xx</th>
    <th>5xx</th>
    <th class="mid">Errors</th>
    <th class="wide">Retries</th>
    <th>Time</th>
    <th class="wide">Since</th>
  </tr>
`;

/** A row of the table. */
function tableRow(fields: Fields, kind: string, settings: PageSettings, action: Html | null): Html {
  const status = String(fields["status"]);
  const errors = number(fields, "ereq") + number(fields, "econ") + number(fields, "eresp");
  const limit = fields["slim"] === undefined ? "" : ` / ${short(number(fields, "slim"))}`;
  const legends = settings.legends
    ? [fields["addr"], fields["cookie"], fields["algo"]].filter(Boolean).join(" ")
    : "";
  const check = fields["check_status"] === undefined
    ? ""
    : `${fields["check_status"]} ${fields["last_chk"] ?? fields["check_desc"] ?? ""}`;
  const backup = kind === "server" && fields["bck"] === 1 ? " (backup)" : "";
  return html`
    <tr class="${kind === "server" ? "" : "total"}">
      <td class="name">${fields["svname"]}${backup}${legends === ""
        ? null
        : html`<br><span class="dim">${legends}</span>`}${action}</td>
      <td><span class="s ${tone(status)}" title="${check}">${status}</span></td>
      <td class="mid">${short(number(fields, "qcur"))}</td>
      <td>${short(number(fields, "scur"))}<span class="mid">${limit}</span></td>
      <td class="wide">${short(number(fields, "smax"))}</td>
      <td>${short(number(fields, "rate"))}/s</td>
      <td class="mid">${short(number(fields, "stot"))}</td>
      <td class="wide">${short(number(fields, "bin"))}</td>
      <td class="wide">${short(number(fields, "bout"))}</td>
      <td class="wide">${short(number(fields, "hrsp_4xx"))}</td>
      <td>${short(number(fields, "hrsp_5xx"))}</td>
      <td class="mid">${short(errors)}</td>
      <td class="wide">${short(number(fields, "wretr"))}</td>
      <td>${fields["ttime"] === undefined ? "" : `${fields["ttime"]} ms`}</td>
      <td class="wide">${fields["lastchg"] === undefined
        ? ""
        : duration(number(fields, "lastchg"))}</td>
    </tr>
  `;
}

const buttons = [["ready", "Ready"], ["drain", "Drain"], ["maint", "Maint"]] as const;

/** The form that changes a server. */
function actionForm(proxy: ProxyStatus, server: Fields, { uri, admin }: PageSettings): Html | null {
  if (!admin) return null;
  return html`<form method="post" action="${uri}"><input type="hidden" name="b" value="${proxy.name}">
<input type="hidden" name="s" value="${server["svname"]}">${
    buttons.map(([action, label]) =>
      html`<button name="action" value="${action}">${label}</button>`
    )
  }</form>`;
}

function proxySection(proxy: ProxyStatus, settings: PageSettings): Html {
  const { frontend, backend, servers } = proxy;
  return html`
    <section class="proxy">
      <h2>${proxy.name} <span class="dim">${proxy.kind}, ${proxy.mode}</span></h2>
      <div>
        <table>
          <thead>${heads}</thead>
          <tbody>${frontend === null
            ? null
            : tableRow(frontend, "frontend", settings, null)}${servers.map((server) =>
              tableRow(server, "server", settings, actionForm(proxy, server, settings))
            )}${backend === null ? null : tableRow(backend, "backend", settings, null)}</tbody>
        </table>
      </div>
    </section>
  `;
}

const tile = (label: string, value: string) => html`<li><b>${value}</b><span>${label}</span></li>`;

/** What changes: the content of the page. */
export function content(status: Status, settings: PageSettings): string {
  const { connections, maxconn, rate, requests, bytesRate, uptime, proxies } = status;
  return html`${
    settings.outcome === null ? null : html`<p class="note">${settings.outcome}</p>`
  }<ul class="tiles">${[
    tile("connections", `${short(connections)} / ${short(maxconn)}`),
    tile("new a second", short(rate)),
    tile("requests", short(requests)),
    tile("bytes a second", short(bytesRate)),
    tile("running for", duration(uptime)),
  ]}</ul>${drawing(status)}${proxies.map((proxy) => proxySection(proxy, settings))}`.text;
}

/** The whole page. @param nonce lets its own style and script in, and no other */
export function page(status: Status, settings: PageSettings, nonce: string): string {
  const { uri, title, version, description, live } = settings;
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <title>${title}</title>
        <link rel="icon" href="data:,">
        <style nonce="${nonce}">${new Html(style)}</style>
      </head>
      <body><header><h1>${title}</h1><span class="dim">${description}</span><span class="dim">${version}</span>
    <span class="live" title="live"></span></header><main data-live="${`${uri};live`}">${new Html(
      content(status, settings),
    )}</main><footer><a href="${uri};csv">CSV</a><a href="${uri};json">JSON</a><a href="${uri};api">API</a>
    <a href="${uri};openapi">OpenAPI</a>${settings.modules
      ? html`<a href="${uri};typed">typed</a>`
      : null}</footer>${live
      ? html`<script nonce="${nonce}">${new Html(script)}</script>`
      : null}</body>
    </html>
  `.text;
}
