/**
 * Every configuration of HAProxy's Architecture Guide, as it is written there: addresses, old
 * spellings and all. Its chapters are the names.
 */

interface Shape {
  readonly cookie?: string;
  readonly check?: string;
  readonly options?: readonly string[];
}

const index = "option httpchk HEAD /index.html HTTP/1.0";
const root = "option httpchk HEAD / HTTP/1.0";
const letters = ["A", "B", "C", "D"] as const;

function section(title: string, lines: readonly string[]): string {
  return [title, ...lines.map((line) => `   ${line}`), ""].join("\n");
}

/** Four servers, webA to webD. */
function webs(rest: (letter: string) => string, name = "web"): string[] {
  return letters.map((letter, i) =>
    `server ${name}${letter} 192.168.1.${11 + i}:80 cookie ${letter} ${rest(letter)}`
  );
}

/** A farm of the first chapters. */
function farm(listen: string, balance: string, { cookie, check, options = [] }: Shape): string {
  return section(`listen ${listen}`, [
    "mode http",
    `balance ${balance}`,
    `cookie ${cookie ?? "SERVERID insert indirect"}`,
    ...options,
    index,
    ...webs((letter) => check === "weight" ? weight(letter) : "check"),
  ]);
}

function weight(letter: string): string {
  return `weight ${letter < "C" ? 12 : 26} check`;
}

const prefix = { cookie: "JSESSIONID prefix", options: ["option httpclose", "option forwardfor"] };

/** A site's balancer of chapter 5, whose twin differs in its addresses. */
function siteBalancer(site: number): string {
  const servers = (name: string, port: number, inter: number, rest: string) =>
    [1, 2, 3, 4].map((i) =>
      `server ${name}${site}${i} 10.${site}.2.${i}:80 cookie W${site}${i} check port ${port} ` +
      `inter ${inter}${rest}`
    );
  const balancer = section(`listen 10.${site}.1.11:80 # 10.${site}.1.12:80 for its twin`, [
    "grace 20000  # 20 seconds more",
    "mode http",
    "balance roundrobin",
    "cookie JSESSIONID prefix",
    "option httpclose",
    "option forwardfor",
    root,
    ...servers("W", 81, 2000, ""),
    "",
    ...servers("B", 80, 4000, " backup"),
  ]);
  const forwarder = section(`listen 10.${site}.1.11:81`, [
    "mode tcp",
    `dispatch 10.${site}.1.11:80`,
  ]);
  return `${balancer}\n${forwarder}`;
}

/** An office's proxy of chapter 5: the nearer site first. */
function office(number: number): string {
  const sites = number === 3 ? [2, 1] : [1, 2];
  return section(`listen 192.168.${number}.1:80`, [
    "mode http",
    "balance roundrobin",
    "redispatch",
    "cookie SITE",
    root,
    ...sites.map((site, i) =>
      `server SD${site} 10.${site}.1.1:80 cookie SITE${site} check inter ${30000 * (i + 1)}` +
      (i === 1 ? " backup" : "")
    ),
  ]);
}

/** A site's director of chapter 5. */
function director(site: number): string {
  const servers = (other: number, inter: number, rest: string) =>
    [1, 2].map((i) =>
      `server S${other}L${i} 10.${other}.1.1${i}:80 cookie SITE${other} check port 81 ` +
      `inter ${inter}${rest}`
    );
  return section(`listen 10.${site}.1.1:80`, [
    "mode http",
    "balance roundrobin",
    "redispatch",
    "cookie SITE insert indirect",
    root,
    "option forwardfor",
    ...servers(site, 4000, ""),
    ...servers(3 - site, 8000, " backup"),
  ]);
}

/** Chapter 7: few connections to each server. */
function appfarm(options: readonly string[], server: (letter: string) => string): string {
  return section("listen appfarm 192.168.1.1:80", [
    "mode http",
    "maxconn 10000",
    ...options,
    "balance roundrobin",
    ...["A", "B", "C"].map((letter, i) =>
      `server rails${letter} 192.168.1.${11 + i}:80 ${server(letter)} check`
    ),
    "contimeout 60000",
  ]);
}

/** The configurations by chapter and subject. */
export const guide: Readonly<Record<string, string>> = {
  "1 balance source": farm("webfarm 192.168.1.1:80", "source", {}),
  "1 cookie insert": farm("webfarm 192.168.1.1:80", "roundrobin", {}),
  "2 cookie prefix": farm("webfarm 192.168.1.1:80", "roundrobin", prefix),
  "2 weights": farm("webfarm 192.168.1.1:80", "roundrobin", { ...prefix, check: "weight" }),
  "2.1 behind a layer 4 balancer": farm("webfarm 0.0.0.0:80", "roundrobin", {
    ...prefix,
    options: [...prefix.options, "option httplog", "option dontlognull"],
  }),
  "2.2 ssl-hello-chk": section("listen tcp-syslog-proxy", [
    "bind :1514      # syslog over TCP (SSL)",
    "mode tcp",
    "balance roundrobin",
    "option ssl-hello-chk",
    "server syslog-prod-site 192.168.1.10 check",
    "server syslog-back-site 192.168.2.10 check backup",
  ]),
  "2.2 monitor-net": section("listen tse-proxy", [
    "bind :3389,:1494,:5900  # three ports at once",
    "mode tcp",
    "balance roundrobin",
    "server tse-farm 192.168.1.10",
    "monitor-net 192.168.1.252/31",
  ]),
  "3 cookie insert nocache": farm("127.0.0.1:8000", "roundrobin", {
    cookie: "SERVERID insert indirect nocache",
  }),
  "3.1 behind stunnel": farm("192.168.1.1:80", "roundrobin", {
    cookie: "SERVERID insert indirect nocache",
    options: ["option forwardfor except 192.168.1.1"],
  }),
  "4.1 soft stop by a file": section("listen 192.168.1.1:80", [
    "mode http",
    "balance roundrobin",
    "cookie SERVERID insert indirect",
    "option httpchk HEAD /running HTTP/1.0",
    ...webs(() => "check inter 2000 rise 2 fall 2"),
    "option persist",
    "redispatch",
    "contimeout 5000",
  ]),
  "4.2 soft stop by backups": section("listen 192.168.1.1:80", [
    "mode http",
    "balance roundrobin",
    "redispatch",
    "cookie SERVERID insert indirect",
    root,
    ...webs(() => "check port 81 inter 2000"),
    "",
    ...webs(() => "check port 80 inter 2000 backup", "bkp"),
  ]),
  "4.2.1 check forwarder": section("global", [
    "daemon",
    "quiet",
    "pidfile /var/run/haproxy-checks.pid",
  ]) + section("listen 0.0.0.0:81", [
    "mode tcp",
    "dispatch 127.0.0.1:80",
    "contimeout 1000",
    "clitimeout 10000",
    "srvtimeout 10000",
  ]),
  "5 balancer of site 1": siteBalancer(1),
  "5 balancer of site 2": siteBalancer(2),
  "5 office 1": office(1),
  "5 office 2": office(2),
  "5 office 3": office(3),
  "5 director of site 1": director(1),
  "5 director of site 2": director(2),
  "6 source addresses": section("listen 0.0.0.0:80", [
    "mode tcp",
    "balance roundrobin",
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((i) => `server from${i}to1 10.1.1.1:80 source 10.1.2.${i}`),
  ]),
  "7 maxconn": appfarm(
    [
      "option httpclose",
      "option forwardfor",
      "cookie SERVERID insert indirect",
      index,
    ],
    (letter) => `cookie ${letter} maxconn 4`,
  ),
  "7 minconn": appfarm(
    ["option httpclose", "option abortonclose", "option forwardfor"],
    () => "minconn 4 maxconn 12",
  ),
};
