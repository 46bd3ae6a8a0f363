/**
 * Apache with mod_ssl and mod_cache before the proxy (the guide's chapter 3): HTTPS ends there, and
 * what may be cached is cached. A cookie never may: another visitor would get it with the page.
 */
import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inFolder, programTest, withProxy } from "../binary.ts";
import { guide } from "../cli/guide.ts";
import { missingOf } from "../programs.ts";
import {
  get,
  type Message,
  type Origin,
  startOrigin,
  statusOf,
  valuesOf,
} from "../scenarios/wire.ts";
import { visitSecurely } from "./https.ts";
import {
  freshNetwork,
  makeCertificate,
  missingModule,
  shipped,
  startApache,
} from "./neighbours.ts";

/** What a visitor got. */
interface Visit {
  readonly message: Message;
  /** "webA 7": who made the page, and its number. No two pages are alike. */
  readonly page: string;
  readonly setCookie: readonly string[];
  readonly fromCache: boolean;
}

interface Scene {
  visit(uri: string, ...fields: string[]): Promise<Visit>;
  /** What Apache's cache holds, heads and contents. */
  cached(): string[];
  readonly origins: readonly Origin[];
}

let pages = 0;

/** An application whose pages may be kept for a second (/news), or for long. */
function application(name: string): (request: Message) => string {
  return (request) => {
    const short = request.line.includes(" /news");
    const fields = [
      `Cache-Control: ${short ? "max-age=1" : "max-age=600"}`,
      'ETag: "the same page, only older"',
    ];
    if (valuesOf(request, "If-None-Match").length > 0) {
      return ["HTTP/1.1 304 Not Modified", "Content-Length: 0", ...fields, "", ""].join("\r\n");
    }
    const content = `${name} ${++pages}`;
    const length = `Content-Length: ${content.length}`;
    return ["HTTP/1.1 200 OK", length, ...fields, "", content].join("\r\n");
  };
}

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [readFileSync(path, "latin1")];
  });
}

async function play(change: (text: string) => string, body: (scene: Scene) => Promise<void>) {
  const network = freshNetwork();
  const target = { host: `${network}.1`, port: 8443, localAddress: `${network}.9` };
  const configuration = "defaults\n   timeout connect 5s\n   timeout client 5s\n" +
    "   timeout server 5s\n" +
    change(guide["3 cookie insert nocache"]!).replace("127.0.0.1:8000", `${network}.1:8000`)
      .replaceAll(/192\.168\.1\.(\d+):80\b/g, `${network}.$1:8080`);
  const origins = await Promise.all(["A", "B", "C", "D"].map((letter, i) => {
    const name = `web${letter}`;
    return startOrigin(name, { host: `${network}.${11 + i}`, port: 8080 }, application(name));
  }));
  const proxied = async (folder: string) => {
    const { key, certificate } = makeCertificate(folder);
    const use = ["ssl", "proxy", "proxy_http", "cache", "cache_disk"];
    const site = shipped("Apache", /^(SSL|Proxy|Cache)/).map((line) =>
      line.replace(/\/etc\/.*\.pem/, certificate).replace(/\/etc\/.*\.key/, key)
        .replace(/\/var\/.*/, `${folder}/cache`).replace("192.168.1.1:8080", `${network}.1:8000`)
    );
    const apache = await startApache(folder, target.host, target.port, use, [
      ...site,
      "CacheHeader on",
    ]);
    try {
      await body({
        origins,
        cached: () => files(join(folder, "cache")),
        async visit(uri, ...fields) {
          const message = await visitSecurely(target, get(uri, ...fields));
          assertEquals(statusOf(message), 200, message.content.toString());
          return {
            message,
            page: message.content.toString(),
            setCookie: valuesOf(message, "Set-Cookie"),
            fromCache: valuesOf(message, "X-Cache")[0]?.startsWith("HIT") ?? false,
          };
        },
      });
    } finally {
      await apache.stop();
    }
  };
  try {
    await inFolder((folder) => withProxy(configuration, () => proxied(folder)));
  } finally {
    await Promise.all(origins.map((origin) => origin.stop()));
  }
}

/** The server of a page, as the cookie names it. */
const letterOf = ({ page }: Visit) => /^web([A-D]) /.exec(page)?.[1];

const impossible = missingOf({ apache2: "apache2", openssl: "openssl" }) ??
  missingModule("ssl", "proxy", "proxy_http", "cache", "cache_disk");

programTest(
  "Apache before the guide's configuration: its cache never holds a cookie",
  () =>
    play((text) => text, async ({ visit, cached, origins }) => {
      // Who comes first gets a cookie of his own, and a page that nobody else gets.
      const strangers: Visit[] = [];
      for (let i = 0; i < 8; i++) strangers.push(await visit("/shop"));
      for (const each of strangers) {
        assertEquals(each.setCookie, [`SERVERID=${letterOf(each)}; path=/`]);
        assert(valuesOf(each.message, "Cache-Control").join().includes("private"));
        assert(!each.fromCache);
      }
      assertEquals(new Set(strangers.map(letterOf)).size, 4);
      assertEquals(cached(), []);
      // Apache says who the visitor is; the guide leaves that to it.
      const request = origins[0]!.seen.at(-1)!;
      assertEquals(valuesOf(request, "X-Forwarded-For").length, 1);

      // The page of somebody known carries no cookie: from now on it is everybody's.
      const known = await visit("/shop", "Cookie: SERVERID=B");
      assertEquals([letterOf(known), known.setCookie, known.fromCache], ["B", [], false]);
      for (const cookie of ["SERVERID=C", "SERVERID=B", "other=1"]) {
        const next = await visit("/shop", `Cookie: ${cookie}`);
        assertEquals([next.page, next.setCookie, next.fromCache], [known.page, [], true]);
      }

      // All sorts of visitors, until pages have become old in the cache and it was strangers for whom
      // Apache asked whether they had changed: its "no" comes with a cookie, too.
      const asked = () =>
        origins.flatMap(({ seen }) => seen).filter((each) =>
          valuesOf(each, "If-None-Match").length > 0 && valuesOf(each, "X-Stranger").length > 0
        ).length;
      const given: Visit[] = [];
      const sorts = [
        "X-Stranger: 1",
        "X-Stranger: 2",
        ...["SERVERID=A", "SERVERID=Z", "other=1"].map((cookie) => `Cookie: ${cookie}`),
      ];
      const seenEnough = () => asked() >= 3 && cached().length > 20;
      for (let round = 0; !seenEnough() && round < 1000; round++) {
        // At random: pages grow old with the second, and rounds in step with that would always meet
        // the same sort.
        const field = sorts[Math.floor(Math.random() * sorts.length)]!;
        given.push(
          ...await Promise.all([
            visit(`/news/${round % 3}`, field),
            visit("/news", field),
            visit(`/archive/${round % 25}`, field),
          ]),
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert(asked() >= 3, `${asked()} old pages were asked about for strangers`);
      for (const each of given) {
        if (each.fromCache) assertEquals(each.setCookie, [], each.message.fields.join("\n"));
      }
      const held = cached();
      assert(held.length > 20, `the cache holds ${held.length} files`);
      assertEquals(held.filter((text) => /^Set-Cookie:/im.test(text)), []);
    }),
  impossible,
);

programTest(
  "without nocache Apache's cache hands a cookie to others: the last test can fail",
  () =>
    play((text) => text.replace(" nocache", ""), async ({ visit, cached }) => {
      const first = await visit("/shop");
      const second = await visit("/shop");
      assertEquals([second.page, second.setCookie], [first.page, first.setCookie]);
      assertEquals(second.setCookie, [`SERVERID=${letterOf(first)}; path=/`]);
      assert(second.fromCache);
      assert(cached().some((text) => text.includes("Set-Cookie: SERVERID=")));
    }),
  impossible,
);
