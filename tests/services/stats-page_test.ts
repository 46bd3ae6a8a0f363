/** The statistics page: who is let in, what it shows, what its form does. */
import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { StatsPage } from "#src/config/keywords/stats-page.ts";
import type { Control } from "#src/services/control.ts";
import type { Application, HostedRequest } from "#src/services/hosting.ts";
import { prometheusApplication } from "#src/services/prometheus.ts";
import { createStatsApplication } from "#src/services/stats-page/app.ts";
import { duration, short } from "#src/services/stats-page/page.ts";
import { scene, server, web } from "../proxy/harness.ts";
import { test } from "../testing.ts";
import { valid } from "../config/support.ts";
import { facts } from "./facts.ts";

const evil = web({
  servers: [server("s1", { check: true }), server("s2")],
  description: "a",
});

/** The client to which the first rule applies. */
const denied = "198.51.100.9";

/** A page over a scene. */
function paged(
  settings: v.InferInput<typeof StatsPage>,
  play: (
    ask: (target: string, init?: RequestInit, from?: string) => Promise<Response>,
    control: Control,
  ) => Promise<void>,
) {
  return scene(evil, async (w) => {
    const control = w.instance.control({ ...facts, node: "<script>alert(1)</script>" });
    const page = v.parse(StatsPage, { uri: "/stats", ...settings });
    const app: Application = createStatsApplication(page, { name: "web" }, control, "1.2.3");
    const ask = async (target: string, init: RequestInit = {}, clientAddress = "192.0.2.1") => {
      // What the proxy finds of the conditions: of these, the first is of this one.
      const granted = {
        admin: clientAddress === "127.0.0.1",
        rule: clientAddress === denied ? 0 : 1,
      };
      const hosted = { clientAddress, complete: true, granted } as HostedRequest;
      return await app(new Request(`http://sluice${target}`, init), hosted);
    };
    await play(ask, control);
  });
}

const basic = (text: string) => ({ headers: { authorization: `Basic ${btoa(text)}` } });
const form = (text: string, headers: Record<string, string> = {}) => ({
  method: "POST",
  body: text,
  headers: { "content-type": "application/x-www-form-urlencoded", host: "edge:81", ...headers },
});

test(
  "page: names are text, whatever is in them; nothing comes from elsewhere",
  paged({ showNode: "" }, async (ask) => {
    const response = await ask("/stats");
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("cache-control"), "no-cache");
    assert(response.headers.get("content-security-policy")?.startsWith("default-src 'none';"));
    const text = await response.text();
    assert(!text.includes("<script>alert"), "a node's name is not markup");
    assert(text.includes("&lt;script&gt;alert(1)"));
    assert(text.includes("<svg"));
    assert(!/(src|href)="?https?:/.test(text));
    assert(!text.includes("<form"), "who may change nothing has no buttons");
  }),
);

test(
  "page: passwords, by HAProxy's realm and status",
  paged({ auth: ["admin:sec:ret"], realm: "Ops" }, async (ask) => {
    const refused = await ask("/stats");
    assertEquals([refused.status, refused.headers.get("www-authenticate")], [
      401,
      'Basic realm="Ops"',
    ]);
    assertEquals((await ask("/stats", basic("admin:wrong"))).status, 401);
    assertEquals((await ask("/stats", basic("nobody:sec:ret"))).status, 401);
    assertEquals((await ask("/stats", { headers: { authorization: "Basic %" } })).status, 401);
    assertEquals((await ask("/stats", basic("admin:sec:ret"))).status, 200);
  }),
);

test(
  "page: 'stats http-request' lets in, or not, by the first rule that applies",
  paged({
    httpRequest: [
      { action: "deny", words: ["if", "{", "src", denied, "}"] },
      { action: "allow" },
    ],
  }, async (ask) => {
    assertEquals((await ask("/stats", {}, denied)).status, 403);
    assertEquals((await ask("/stats", {}, "203.0.113.9")).status, 200);
  }),
);

test(
  "page: CSV, JSON, its own API and the description of that",
  paged({ scope: ["."] }, async (ask) => {
    const csv = await (await ask("/stats;csv")).text();
    assertEquals(csv.trim().split("\n").length, 5);
    assert(csv.startsWith("# pxname,svname,"));
    assert(csv.includes("\nweb,s1,"));
    assert(!csv.includes("10.0.1.1:80"), "addresses only with show-legends");
    const json = await (await ask("/stats;json")).json() as unknown[];
    assertEquals(json.length, 4);
    const api = await (await ask("/stats;api")).json() as {
      proxies: { name: string; servers: { svname: string; status: string }[] }[];
    };
    assertEquals(api.proxies[0]?.servers.map(({ svname }) => svname), ["s1", "s2"]);
    const described = await (await ask("/stats;openapi")).json() as { paths: object };
    assertEquals(Object.keys(described.paths)[0], "/stats;api");
    const none = await (await ask("/stats?scope=other;csv")).text();
    assertEquals(none.trim().split("\n").length, 1);
  }),
);

test(
  "page: the live stream begins at once, and ends with its reader",
  paged({}, async (ask) => {
    const response = await ask("/stats;live");
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    const event = new TextDecoder().decode(value);
    assert(event.startsWith('event: status\ndata: "') && event.endsWith("\n\n"));
    assertEquals(event.trimEnd().split("\n").length, 2, "no line of it is the page's own");
    await reader.cancel();
  }),
);

test(
  "page: the form changes servers for who may, from the page itself",
  paged({ admin: [{ words: ["if", "LOCALHOST"] }] }, async (ask, control) => {
    const status = () => control.proxies[0]!.backend!.servers.map(({ draining }) => draining);
    const post = async (text: string, headers = {}, from = "127.0.0.1") => {
      const response = await ask("/stats", form(text, headers), from);
      assertEquals(response.status, 303);
      return response.headers.get("location");
    };
    const drain = "b=web&s=s1&action=drain";
    assertEquals(await post(drain, {}, "192.0.2.1"), "/stats;st=DENY");
    assertEquals(await post(drain, { origin: "http://evil.example" }), "/stats;st=DENY");
    assertEquals(await post(drain, { origin: "null" }), "/stats;st=DENY");
    assertEquals(await post(drain, { referer: "http://edge:82/stats" }), "/stats;st=DENY");
    assertEquals(status(), [false, false]);
    assertEquals(await post(drain, { origin: "http://edge:81" }), "/stats;st=DONE");
    assertEquals(status(), [true, false]);
    assertEquals(await post("b=%23#2&s=s1&action=ready"), "/stats;st=ERRP");
    assertEquals(await post("b=%232&s=s1&s=s9&action=ready"), "/stats;st=PART");
    assertEquals(status(), [false, false]);
    assertEquals(await post("b=web&action=ready"), "/stats;st=NONE");
    assertEquals(await post("b=web&s=s1&action=constructor"), "/stats;st=ERRP");
    assertEquals(await post(""), "/stats;st=ERRP");
    const shown = await (await ask("/stats;st=DENY", {}, "127.0.0.1")).text();
    assert(shown.includes("Action denied.") && shown.includes("<form"));
  }),
);

test("page: numbers and times as people read them", () => {
  assertEquals([0, 9999, 12_345, 123_456, 12_345_678].map(short), [
    "0",
    "9999",
    "12.3 k",
    "123 k",
    "12.3 M",
  ]);
  assertEquals([0, 59, 61, 3600, 93_784].map(duration), ["0s", "59s", "1m 1s", "1h 0m", "1d 2h"]);
});

test("stats: keywords, of which the first in a section begins with a page of its own", () => {
  const { proxies } = valid(
    "defaults\n mode http\n stats uri /a\n stats auth u:p\nlisten x\n bind :80\nlisten y\n bind :81\n" +
      " stats refresh 10\n stats admin if TRUE\n",
  );
  const [x, y] = proxies;
  assertEquals([x?.stats?.uri, x?.stats?.auth], ["/a", ["u:p"]]);
  assertEquals([y?.stats?.uri, y?.stats?.auth, y?.stats?.refresh], ["/haproxy?stats", [], 10_000]);
});

test(
  "prometheus: HAProxy's names, labels and filters",
  scene(web({ servers: [server("s1")] }), async (w) => {
    const control = w.instance.control(facts);
    const app = prometheusApplication(control);
    const get = async (query: string) =>
      await (await app(new Request(`http://sluice/metrics${query}`), {} as HostedRequest)).text();
    const all = await get("");
    for (
      const line of [
        "# TYPE haproxy_frontend_http_responses_total counter",
        'haproxy_frontend_http_responses_total{proxy="web",code="2xx"} 0',
        'haproxy_server_status{proxy="web",server="s1",state="UP"} 1',
        'haproxy_backend_agg_server_status{proxy="web",state="DOWN"} 0',
        'haproxy_process_build_info{version="2.6.12-sluice"} 1',
      ]
    ) assert(all.includes(`${line}\n`), line);
    for (const line of all.trimEnd().split("\n")) {
      assert(/^(# (HELP|TYPE) haproxy_\w+ .+|haproxy_\w+(\{[^}]*\})? -?[\d.]+)$/.test(line), line);
    }
    const names = all.match(/^# TYPE .*$/gm)!;
    assertEquals(new Set(names).size, names.length);
    const some = await get("?scope=server");
    assert(some.includes("haproxy_server_") && !some.includes("haproxy_frontend_"));
    assertEquals(await get("?scope="), "");
    const typesIn = (text: string) => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    assertEquals(
      typesIn(await get("?metrics=haproxy_process_pid_nothing,haproxy_backend_status")),
      ["haproxy_backend_status"],
    );
    const most = typesIn(await get("?metrics=-haproxy_backend_status"));
    assert(most.length > 100 && !most.includes("haproxy_backend_status"));
    assert(!all.includes("haproxy_frontend_h1_total_streams"));
    const extra = await get("?extra-counters&scope=frontend");
    assert(extra.includes("# TYPE haproxy_frontend_h1_total_streams counter\n"));
    assert(extra.includes('haproxy_frontend_h1_open_connections{proxy="web"} 0\n'));
  }),
);
