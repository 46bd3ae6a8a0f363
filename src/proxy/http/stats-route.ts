/** Which requests are for the statistics page of a proxy (manual: "stats uri"). */
import { bytesOf, textOf } from "../../bytes/bytes.ts";
import { type Head, METHOD_GET, METHOD_HEAD, METHOD_POST } from "../../http/head.ts";
import type * as model from "../../config/model.ts";
import { hostedService } from "../../services/hosting.ts";
import type { Context } from "../../expr/context.ts";
import { type Test, YES } from "../../expr/test.ts";
import type { ProxyRules } from "../../rules/proxy-rules.ts";
import type { Granted, Service } from "../../services/service.ts";
import type { Runtime } from "../runtime.ts";

const SLASH = 47;
/** HAProxy leaves other methods to the servers. */
const methods = 1 << METHOD_GET | 1 << METHOD_HEAD | 1 << METHOD_POST;

/** The page of a proxy, and where it is. */
export class StatsRoute {
  readonly #prefix: Uint8Array;
  readonly service: Service;
  readonly #admin: readonly Test[];
  readonly #rules: readonly (Test | null)[];

  constructor(uri: string, { kind, name }: model.Proxy, rules: ProxyRules, runtime: Runtime) {
    this.#prefix = bytesOf(uri);
    this.#admin = rules.statsAdmin ?? [];
    this.#rules = rules.statsHttpRequest ?? [];
    this.service = hostedService(`stats ${kind} ${name}`, "<STATS>", () => runtime.host);
  }

  /** It has conditions, which {@linkcode grantsTo} evaluates. */
  get asks(): boolean {
    return this.#admin.length + this.#rules.length > 0;
  }
  /** What they allow a request. */
  grantsTo(context: Context): Granted {
    return {
      admin: this.#admin.some((test) => test(context) === YES),
      rule: this.#rules.findIndex((test) => test === null || test(context) === YES),
    };
  }

  /** Whether a request's target begins with the page's URI. */
  matches(head: Head, bytes: Uint8Array): boolean {
    if ((methods >> head.method & 1) === 0) return false;
    const { targetStart, targetEnd } = head;
    const prefix = this.#prefix;
    if (bytes[targetStart] !== SLASH && prefix[0] === SLASH) {
      const target = textOf(bytes, targetStart, targetEnd);
      const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i.exec(target)?.[0];
      if (origin === undefined) return false;
      return target.slice(origin.length).startsWith(textOf(prefix, 0, prefix.length));
    }
    if (targetEnd - targetStart < prefix.length) return false;
    for (let i = 0; i < prefix.length; i++) {
      if (bytes[targetStart + i] !== prefix[i]) return false;
    }
    return true;
  }
}

/** The route to the page of a proxy in HTTP mode; null: it has none. */
export function statsRoute(
  config: model.Proxy,
  rules: ProxyRules,
  runtime: Runtime,
): StatsRoute | null {
  return config.stats === null || config.mode !== "http"
    ? null
    : new StatsRoute(config.stats.uri, config, rules, runtime);
}
