/** A server that follows its name: what each resolution of that means for it. */
import { type Answer, chooseAddress, type Preference } from "../dns/answers.ts";
import { encodeName } from "../dns/name.ts";
import type { Requester, Resolution } from "../dns/resolution.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { NameserverAddress } from "../dns/transports.ts";
import { network } from "../net/ip/cidr.ts";
import type { Checks } from "./checks.ts";
import { admin, type Server } from "./server.ts";
import { setResolved, setUnresolved } from "./server-admin.ts";
import type { ServerPort } from "./server-address.ts";

/** How the log calls failures. */
const words = {
  nx: "DNS NX status",
  timeout: "DNS timeout status",
  refused: "DNS refused status",
  other: "unspecified DNS error",
  invalid: "unspecified DNS error",
} as const;

/** See above. */
export class FollowedServer implements Requester {
  /** Servers of one backend do not share an address. */
  readonly group: unknown;
  /** The name that it follows now; null: that of a service, of which it has no host. */
  name: string | null = null;
  #resolution: Resolution | null = null;
  /** The answer that it has, or had: it is its own as long as it is among the users. */
  #answer: Answer | null = null;
  readonly #preference: Preference;

  /** @param only the only family of addresses that it may have; null: either will do */
  constructor(
    readonly server: Server,
    readonly resolver: Resolver<NameserverAddress>,
    readonly checks: Checks,
    readonly only: 4 | 6 | null,
  ) {
    const { resolvePrefer, resolveNet, resolveOpts } = server.config;
    this.group = server.backend;
    this.#preference = {
      family: only ?? (resolvePrefer === "ipv4" ? 4 : 6),
      networks: (resolveNet ?? []).map(network),
      shares: resolveOpts.includes("allow-dup-ip"),
    };
  }

  /** Whether its name is being followed. */
  get follows(): boolean {
    return this.#resolution !== null;
  }

  /** Follows a name from now on. */
  follow(name: string): void {
    const type = this.#preference.family === 4 ? "A" : "AAAA";
    this.name = name;
    this.#resolution = this.resolver.link(this, name, type);
  }

  /**
   * Follows another name from now on, and keeps its address until that is resolved.
   * @returns false: it is no name, and nothing has changed
   */
  rename(name: string): boolean {
    if (encodeName(name) === null) return false;
    this.unfollow();
    this.follow(name);
    return true;
  }

  /** Follows it no more. */
  unfollow(): void {
    if (this.#resolution !== null) this.resolver.unlink(this, this.#resolution);
    this.#resolution = null;
  }

  resolved({ answers }: Resolution, by: string | null): void {
    const { server } = this;
    if (this.#answer?.users.has(this) !== true) {
      const { host } = server.place;
      const found = chooseAddress(answers.list, this, host, this.#preference);
      if (found === null) {
        if (setUnresolved(server, "No IP for server ", this.checks)) this.setAddress(null, null);
        return;
      }
      found.answer.users.add(this);
      this.#answer = found.answer;
      if (found.address !== host) {
        if (by !== null) this.resolver.countUpdate(by);
        const source = by === null ? "DNS cache" : `${this.resolver.name}/${by}`;
        this.setAddress(found.address, source);
      }
    }
    this.ready();
  }

  failed({ lapsed: why }: Resolution): boolean {
    if (why === null || !setUnresolved(this.server, words[why], this.checks)) return true;
    this.setAddress(null, null);
    this.#answer?.users.delete(this);
    return false;
  }

  /** It has an address: if it had none before, that ends its maintenance. */
  ready(): void {
    const { server } = this;
    if (!setResolved(server, this.name ?? "", this.checks)) return;
    this.log(`Server ${this.#path} administratively READY thanks to valid DNS answer.`);
  }

  /** Changes its address. @param by who says so, for the log; null: the log says nothing of it */
  setAddress(host: string | null, by: string | null, port: ServerPort = this.server.place.port) {
    const { server } = this;
    const { place } = server;
    if (host !== null && by !== null && host !== place.host) {
      this.log(`${this.#path} changed its IP from ${place.host ?? "(none)"} to ${host} by ${by}.`);
    }
    place.set(host, port);
    // All threads learn that their idle connections lead elsewhere. In maintenance there are none.
    if (!server.maintained) server.backend.stateChanged(server);
  }

  get #path(): string {
    return `${this.server.backend.config.name}/${this.server.name}`;
  }

  /** Logs a line about it. */
  log(text: string): void {
    const { config, runtime } = this.server.backend;
    runtime.log.event(config, "notice", text);
  }

  /** Logs that it follows another name. */
  logName(name: string): void {
    this.server.admin |= admin.renamed;
    this.log(`${this.#path} changed its FQDN from (null) to ${name} by 'SRV record'`);
  }
}
