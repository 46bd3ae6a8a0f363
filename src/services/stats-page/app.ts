/** The statistics page of a proxy as an application (manual: "stats enable" and its kin). */
import { Hono } from "hono";
import type { Proxy } from "../../config/model.ts";
import type { StatsPage } from "../../config/keywords/stats-page.ts";
import type { Moment } from "../../stats/columns.ts";
import { showInfo } from "../../stats/info.ts";
import { everything, statRows } from "../../stats/rows.ts";
import { statCsv, statJson, statTyped } from "../../stats/show-stat.ts";
import type { Control } from "../control.ts";
import type { Application, HostedRequest } from "../hosting.ts";
import { admissionOf, isSameSite } from "./access.ts";
import { type Outcome, outcomes, perform } from "./actions.ts";
import { openApi } from "./openapi.ts";
import { content, page as pageHtml, type PageSettings } from "./page.ts";
import { inScope, statusOf } from "./status.ts";

/** ms between two events of a live page. */
const interval = 1000;

/** What the handlers are given beside the request. */
interface Bindings {
  readonly hosted: HostedRequest;
  readonly options: ReadonlySet<string>;
  /** What `;st=` says. */
  readonly outcome: string | null;
  /** Only proxies with that in their name. */
  readonly filter: string;
}

/** The resources behind the page's URI: `;csv`. */
const resources = ["csv", "json", "typed", "info", "api", "live", "openapi"] as const;

/** What follows the URI of the page, taken apart. */
function optionsOf(rest: string): Omit<Bindings, "hosted"> & { readonly resource: string } {
  const words = rest.split(/[;?&]/).filter((word) => word !== "");
  const st = words.find((word) => word.startsWith("st="))?.slice(3) ?? "";
  const options = new Set(words);
  let filter = words.find((word) => word.startsWith("scope="))?.slice(6) ?? "";
  try {
    filter = decodeURIComponent(filter);
  } catch {
    // As it is, then.
  }
  return {
    options,
    filter,
    outcome: Object.hasOwn(outcomes, st) ? outcomes[st as Outcome] : null,
    resource: resources.find((name) => options.has(name)) ?? "",
  };
}

/** Makes it. @param version this program's */
export function createStatsApplication(
  page: StatsPage,
  proxy: Pick<Proxy, "name">,
  control: Control,
  version: string,
): Application {
  const admission = admissionOf(page);
  const mayChange = ({ granted }: HostedRequest) => granted?.admin === true;
  const hasAdmin = page.admin.length > 0;
  const { uri } = page;
  const shown = (filter: string) => inScope(control.proxies, page.scope, proxy.name, filter);
  const moment = (legends: boolean, onlyUp: boolean): Moment => ({
    wall: control.wall(),
    pid: control.process.pid,
    legends,
    onlyUp,
  });
  const rowsOf = ({ options, filter }: Bindings) =>
    statRows(shown(filter), {
      ...everything,
      up: options.has("up"),
      noMaintenance: options.has("no-maint"),
    });
  const settingsOf = ({ hosted, options, outcome }: Bindings): PageSettings => {
    const { node, description } = control.process;
    return {
      uri,
      title: page.showNode === null ? "Statistics" : `Statistics of ${page.showNode || node}`,
      version: page.hideVersion ? "" : `sluice ${version}`,
      description: page.showDesc === null ? "" : page.showDesc || description || "",
      legends: page.showLegends,
      modules: page.showModules,
      admin: hasAdmin && mayChange(hosted),
      outcome,
      live: !options.has("norefresh"),
    };
  };
  const statusFor = ({ filter }: Bindings) => statusOf(control, shown(filter), page.showLegends);

  const app = new Hono<{ Bindings: Bindings }>();
  app.get(
    "/csv",
    ({ env, text }) => text(statCsv(rowsOf(env), moment(page.showLegends, env.options.has("up")))),
  );
  app.get(
    "/typed",
    ({ env, text }) => text(statTyped(rowsOf(env), moment(page.showLegends, false), false)),
  );
  app.get(
    "/json",
    ({ env, body }) =>
      body(statJson(rowsOf(env), moment(page.showLegends, false)), 200, {
        "content-type": "application/json",
      }),
  );
  app.get("/info", ({ text }) => text(showInfo(control.process, control.wall(), "plain")));
  app.get("/api", ({ env, json }) => json(statusFor(env)));
  app.get("/openapi", ({ json }) => json(openApi(uri, version)));
  app.get("/live", ({ env, body }) => {
    let timer: ReturnType<typeof setInterval> | undefined;
    const encoder = new TextEncoder();
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        const send = () => {
          // A client that does not read is not sent more.
          if ((controller.desiredSize ?? 1) < -4) return;
          const data = JSON.stringify(content(statusFor(env), settingsOf(env)));
          controller.enqueue(encoder.encode(`event: status\ndata: ${data}\n\n`));
        };
        send();
        timer = setInterval(send, interval);
        timer.unref?.();
      },
      cancel: () => clearInterval(timer),
    });
    return body(stream, 200, { "content-type": "text/event-stream" });
  });
  app.get("/", ({ env, html, header }) => {
    const nonce = crypto.randomUUID();
    header(
      "content-security-policy",
      `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; ` +
        "connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    if (page.refresh > 0 && !env.options.has("norefresh")) {
      header("refresh", String(Math.max(1, Math.round(page.refresh / 1000))));
    }
    return html(pageHtml(statusFor(env), settingsOf(env), nonce));
  });
  app.post("*", async ({ env, req, redirect }) => {
    const to = (outcome: Outcome) => redirect(`${uri};st=${outcome}`, 303);
    if (!hasAdmin || !mayChange(env.hosted) || !isSameSite(req.raw)) return to("DENY");
    if (!env.hosted.complete) return to("EXCD");
    return to(perform(new URLSearchParams(await req.text()), shown("")));
  });

  return async (request, hosted) => {
    const admitted = admission(hosted, request);
    if (!admitted.allowed) {
      const { realm } = admitted;
      if (realm === null) return new Response("", { status: 403 });
      return new Response("<html><body><h1>401 Unauthorized</h1></body></html>\n", {
        status: 401,
        headers: {
          "www-authenticate": `Basic realm="${realm.replace(/["\\]/g, "\\$&")}"`,
          "content-type": "text/html",
          "cache-control": "no-cache",
        },
      });
    }
    const { pathname, search } = new URL(request.url);
    const { resource, ...rest } = optionsOf((pathname + search).slice(uri.length));
    const inner = new Request(`http://page/${resource}`, request);
    const response = await app.fetch(inner, { hosted, ...rest });
    const headers = new Headers(response.headers);
    headers.set("cache-control", "no-cache");
    headers.set("x-content-type-options", "nosniff");
    headers.set("referrer-policy", "same-origin");
    return new Response(response.body, { status: response.status, headers });
  };
}
