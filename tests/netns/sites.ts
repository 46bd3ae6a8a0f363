/**
 * The network of the guide's section 5.3, with its own addresses. The clouds marked X are routers:
 * one at each office and each site, one in the midst of the WAN, and one on the dedicated link
 * between the sites, over which they prefer to talk.
 */
import { type Box, type Network } from "./network.ts";

/** A site: its director, its balancers, its web servers and its users. */
export interface Site {
  readonly number: number;
  readonly director: Box;
  readonly balancers: readonly Box[];
  readonly webs: readonly Box[];
  readonly users: Box;
  /** Its way to the WAN, by the interface `wanN`. */
  readonly router: Box;
}

/** An office: its proxy and its users. */
export interface Office {
  readonly number: number;
  readonly proxy: Box;
  readonly users: Box;
}

/** Builds it. */
export function buildSites(network: Network): { sites: Site[]; offices: Office[] } {
  const wan = network.router("WAN", {});
  const link = network.router("LINK", { site1: "10.1.1.253/24", site2: "10.2.1.253/24" });

  /** Joins a router to the WAN, each knowing the other's networks by it. */
  function join(router: Box, number: number, network24: string): void {
    const device = `wan${number}`;
    network.cable(device, [router, `172.16.${number}.2/30`], [wan, `172.16.${number}.1/30`]);
    router.route("default", `172.16.${number}.1`);
    wan.route(network24, `172.16.${number}.2`);
  }

  const sites = [1, 2].map((n): Site => {
    const [lan, farm] = [`site${n}`, `farm${n}`];
    const routes = {
      default: `10.${n}.1.254`,
      [`10.${3 - n}.1.0/24`]: `10.${n}.1.253`,
    };
    const router = network.router(`RS${n}`, { [lan]: `10.${n}.1.254/24` });
    join(router, n, `10.${n}.1.0/24`);
    return {
      number: n,
      router,
      director: network.box(`SD${n}`, { [lan]: `10.${n}.1.1/24` }, routes),
      balancers: [1, 2].map((i) => {
        const legs = { [lan]: `10.${n}.1.1${i}/24`, [farm]: `10.${n}.2.1${i}/24` };
        return network.box(`S${n}L${i}`, legs, routes);
      }),
      webs: [1, 2, 3, 4].map((i) => network.box(`W${n}${i}`, { [farm]: `10.${n}.2.${i}/24` })),
      users: network.box(`users-S${n}`, { [lan]: `10.${n}.1.100/24` }, routes),
    };
  });

  const offices = [1, 2, 3].map((n): Office => {
    const lan = `office${n}`;
    const net = `192.168.${n}`;
    const routes = { default: `${net}.254` };
    const router = network.router(`RO${n}`, { [lan]: `${net}.254/24` });
    join(router, 10 + n, `${net}.0/24`);
    return {
      number: n,
      proxy: network.box(`OP${n}`, { [lan]: `${net}.1/24` }, routes),
      users: network.box(`users-O${n}`, { [lan]: `${net}.100/24` }, routes),
    };
  });
  link.route("default", "10.1.1.254");
  return { sites, offices };
}
