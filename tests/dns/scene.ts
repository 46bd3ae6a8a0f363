/** A resolver under test, on name servers of this process and a clock that stands still. */
import type { Holder } from "#src/dns/answers.ts";
import type { Requester, Resolution, ResolutionSettings } from "#src/dns/resolution.ts";
import { Resolver, type ResolverSettings } from "#src/dns/resolver.ts";
import { virtualClock } from "#src/time/clock.ts";
import { readQuery, respond, type ResponseOptions, type Zone } from "./zone.ts";

/** A name server: what it knows, how it responds, and what it was asked. */
export interface Server extends ResponseOptions {
  zone: Zone;
  /** ms until it responds. */
  delay?: number;
  /** Responds to what is asked again, as over TCP; null: nobody listens there. */
  again?: ResponseOptions | null;
}

/** Names and types of queries, with the time: "0 a.test A". */
export type Asked = string[];

export function resolverScene(
  servers: Record<string, Server>,
  settings: Partial<ResolutionSettings & ResolverSettings<Server>> = {},
) {
  const clock = virtualClock();
  const asked: Asked = [];
  let sequence = 0;
  const resolver = new Resolver<Server>({
    name: "r",
    nameservers: Object.entries(servers).map(([name, address]) => ({ name, address })),
    acceptedPayloadSize: 512,
    resolveRetries: 3,
    timeoutResolve: 1000,
    timeoutRetry: 100,
    holdObsolete: 0,
    holdNx: 0,
    holdOther: 0,
    holdRefused: 0,
    holdTimeout: 0,
    holdValid: 500,
    ...settings,
  }, {
    clock,
    random: () => (sequence = (sequence + 0.123456) % 1),
    open(server, receive) {
      const answer = (query: Uint8Array, options: ResponseOptions) => {
        const response = respond(server.zone, query, options);
        if (response !== null) clock.schedule(server.delay ?? 1, () => receive(response));
      };
      const { again } = server;
      return {
        send(query) {
          const { name, type } = readQuery(query);
          asked.push(`${clock.now()} ${name} ${type}`);
          answer(query, server);
          return true;
        },
        sendAgain: again === undefined ? null : (query, failed) => {
          if (again === null) clock.schedule(1, failed);
          else answer(query, again);
        },
        close() {},
      };
    },
  });
  /** A requester that notes what it is told. */
  const requester = (group: unknown = null) => {
    const told: string[] = [];
    const made: Requester & Holder & { told: string[]; keep: boolean } = {
      group,
      told,
      keep: true,
      resolved(resolution: Resolution, by) {
        told.push(`${clock.now()} ${resolution.status} by ${by}`);
      },
      failed(resolution: Resolution) {
        told.push(`${clock.now()} ${resolution.status}`);
        return made.keep;
      },
    };
    return made;
  };
  return { clock, asked, resolver, requester };
}
