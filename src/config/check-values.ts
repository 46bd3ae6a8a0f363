/** Values that the schema of the model admits and that make no sense; mostly met in JSON. */
import { isToken } from "../http/token.ts";
import type { Report } from "./diagnostic.ts";
import { defaultProxy, describe, hasSide, type Side, sideOf, sideOfTimeout } from "./fields.ts";
import { longestTime } from "../text/time.ts";
import { isHostName, isIp, parseNetwork } from "../net/ip/address.ts";
import {
  type Global,
  legalName,
  type LogTarget,
  type Proxy,
  type Server,
  type ServerAddress,
  type Source,
} from "./model.ts";
import { looksLikeAddress } from "./keywords/addresses.ts";
import type { Locator } from "./places.ts";

/** Reports that a condition does not hold. */
type Expect = (holds: boolean, of: object, key: string, message: string, hint?: string) => void;

function expectation(locator: Locator, report: Report): Expect {
  return (holds, of, key, message, hint) => {
    if (!holds) report.error(locator.place(of, key), message, hint);
  };
}

/** What may stand in a request line (RFC 9112, section 3.2): a path, an absolute URI, or "*". */
const requestTarget = /^(\/|[a-z][a-z0-9+.-]*:\/\/)[\x21-\x22\x24-\x7e]*$|^\*$/i;
/** Fields that say where a message ends, goes, or how long its connection lives. */
const framing: ReadonlySet<string> = new Set(
  "connection content-length expect host keep-alive proxy-connection te trailer transfer-encoding upgrade"
    .split(" "),
);
/** What a cookie's value may be so that it stays in its field; HAProxy takes more than RFC 6265. */
const cookieValue = /^(?! )[\x20-\x3a\x3c-\x7e]+(?<! )$/;

/** Checks the values of the global section. */
export function checkGlobalValues(global: Global, locator: Locator, report: Report): void {
  const expect = expectation(locator, report);
  expect(global.pidfile !== "", global, "pidfile", "'pidfile' is empty");
  expect(global.logTag !== "", global, "logTag", "'log-tag' is empty");
  const noTime = "'hard-stop-after' 0";
  const endless = "null: a soft-stop takes as long as the sessions last";
  expect(global.hardStopAfter !== 0, global, "hardStopAfter", noTime, endless);
  const none = "'tune.maxaccept' 0 accepts no connection";
  const noLimit = "-1: no limit; null: as the engine finds best";
  expect(global.tuneMaxaccept !== 0, global, "tuneMaxaccept", none, noLimit);
  const { tuneBufsize, tuneMaxrewrite } = global;
  const hint = `'tune.bufsize' is ${tuneBufsize}, 'tune.maxrewrite' ${tuneMaxrewrite}`;
  const message = "'tune.maxrewrite' leaves no room for a message's head";
  expect(tuneMaxrewrite < tuneBufsize, global, "tuneMaxrewrite", message, hint);
  for (const target of global.log) checkLogTarget(target, expect);
}

/** Checks the values of one proxy, but for lists of logs that have been `checked`. */
export function checkProxyValues(
  proxy: Proxy,
  checked: WeakSet<object>,
  locator: Locator,
  report: Report,
): void {
  const expect = expectation(locator, report);
  const what = describe(proxy);
  checkSides(proxy, expect);

  const address = proxy.kind === "listen" && looksLikeAddress(proxy.name);
  const letters = "letters, digits, '-', '_', '.', ':'";
  expect(address || legalName.test(proxy.name), proxy, "name", `${what} is not a name`, letters);
  const listens = !address || proxy.bind.length > 0;
  expect(listens, proxy, "name", `${what} has the name of an address, and does not listen`);

  expect(proxy.description !== "", proxy, "description", "'description' is empty");
  expect(
    proxy.maxconn !== 0,
    proxy,
    "maxconn",
    "'maxconn' 0 admits no connection",
    "null: no limit",
  );
  for (const { address, name } of proxy.bind) {
    expect(name !== "", proxy, "bind", "the name of a 'bind' is empty");
    if (address.kind === "ip") {
      const { host, port } = address;
      const message = `'${host}' is not an IP address, nor a host name, nor '*'`;
      expect(host === "*" || isHost(host), address, "host", message);
      expect(port > 0, address, "port", "'bind' on port 0", "a port is from 1 to 65535");
    } else if (address.kind !== "fd") {
      const [key, text] = localPart(address);
      const message = `'${text}' is not a ${key} that 'bind' can take`;
      expect(/^[^,]+$/.test(text), address, key, message);
    }
  }
  // Proxies share those of their 'defaults' section.
  if (!checked.has(proxy.log)) { for (const target of proxy.log) checkLogTarget(target, expect); }
  checked.add(proxy.log);
  checkHttpValues(proxy, expect);
  for (const key of Object.keys(proxy.timeout) as (keyof Proxy["timeout"])[]) {
    expect(proxy.timeout[key] !== 0, proxy.timeout, key, "a time-out of 0", "null: none");
  }
  checkNetwork(proxy.monitorNet, proxy, "monitorNet", expect);
  checkSource(proxy.source, proxy, expect);
  if (proxy.dispatch !== null) {
    const { dispatch } = proxy;
    checkServerAddress(dispatch, expect);
    const hasPort = dispatch.kind !== "ip" || dispatch.port !== null;
    expect(hasPort, proxy, "dispatch", "'dispatch' expects a port");
  }
  for (const server of proxy.servers) checkServer(server, expect);
}

/** A frontend has no settings of backends, nor the reverse. */
function checkSides(proxy: Proxy, expect: Expect): void {
  const { kind } = proxy;
  if (kind === "listen") return;
  const defaults = defaultProxy(kind, proxy.name);
  const differ = <T extends object>(
    values: T,
    unset: T,
    sides: Readonly<Record<keyof T, Side>>,
  ) => {
    for (const key of Object.keys(sides) as (keyof T & string)[]) {
      if (hasSide(kind, sides[key])) continue;
      const value = values[key];
      const holds = value === unset[key] || Array.isArray(value) && value.length === 0 ||
        JSON.stringify(value) === JSON.stringify(unset[key]);
      expect(holds, values, key, `'${key}' is not for a ${kind}`, `it is for a ${sides[key]}`);
    }
  };
  differ(proxy, defaults, sideOf);
  differ(proxy.timeout, defaults.timeout, sideOfTimeout);
}

function checkHttpValues(proxy: Proxy, expect: Expect): void {
  const { cookie, check, monitorUri, httpSendNameHeader } = proxy;
  if (httpSendNameHeader !== null) {
    const place = [proxy, "httpSendNameHeader"] as const;
    const message = `'${httpSendNameHeader}' is not the name of a field`;
    expect(isToken(httpSendNameHeader), ...place, message, "a token (RFC 9110, section 5.1)");
    const isFree = !framing.has(httpSendNameHeader.toLowerCase());
    const taken = `'http-send-name-header' cannot replace '${httpSendNameHeader}'`;
    expect(isFree, ...place, taken, "it belongs to the message's framing or routing");
  }
  if (monitorUri !== null) {
    const message = `'${monitorUri}' is not a URI that could be asked for`;
    expect(requestTarget.test(monitorUri), proxy, "monitorUri", message, "a path, as in /alive");
  }
  if (cookie !== null) {
    const message = `'${cookie.name}' is not a cookie's name`;
    expect(isToken(cookie.name), cookie, "name", message, "a token (RFC 6265, section 4.1.1)");
    for (const key of ["maxidle", "maxlife"] as const) {
      expect((cookie[key] ?? 0) * 1000 <= longestTime, cookie, key, `'${key}' is too long a time`);
    }
  }
  for (const field of [proxy.forwardfor, proxy.originalto]) {
    if (field === null) continue;
    const message = `'${field.header}' is not the name of a field`;
    expect(isToken(field.header), field, "header", message, "a token (RFC 9110, section 5.1)");
    checkNetwork(field.except, field, "except", expect);
  }
  if (check.kind !== "http") return;
  const { method, uri, version } = check;
  expect(isToken(method), proxy, "check", `'${method}' is not a method`);
  expect(
    /^[\x21-\x7e]+$/.test(uri),
    proxy,
    "check",
    `'${uri}' is not a URI`,
    "printable, no spaces",
  );
  expect(/^HTTP\/1\.[01](\r\n|$)/.test(version), proxy, "check", `'${version}' is not a version`);
}

function checkServer(server: Server, expect: Expect): void {
  checkServerAddress(server.address, expect);
  const { cookie, addr, port, track } = server;
  const message = `'${cookie}' cannot be a cookie's value`;
  const hint = "ASCII without semicolons and controls, no space at its ends";
  expect(cookie === null || cookieValue.test(cookie), server, "cookie", message, hint);
  const noHost = `'${addr}' is not an IP address, nor a host name`;
  expect(addr === null || isHost(addr), server, "addr", noHost);
  expect(port !== 0, server, "port", "'port' 0", "a port is from 1 to 65535");
  for (const key of ["inter", "fastinter", "downinter"] as const) {
    expect(server[key] !== 0, server, key, `'${key}' cannot be 0`);
  }
  expect(track !== "", server, "track", "'track' is empty", "null: it tracks no server");
  checkSource(server.source, server, expect);
}

/** The only property of an address that is not of IP, and its value. */
function localPart(
  address: Extract<ServerAddress, { kind: "unix" | "abstract" }>,
): [key: "path" | "name", text: string] {
  return address.kind === "unix" ? ["path", address.path] : ["name", address.name];
}

function checkServerAddress(address: ServerAddress, expect: Expect): void {
  if (address.kind !== "ip") {
    const [key, text] = localPart(address);
    return expect(text !== "", address, key, `an empty ${key}`);
  }
  const { host, port, portOffset } = address;
  expect(isHost(host), address, "host", `'${host}' is not an IP address, nor a host name`);
  expect(port !== 0, address, "port", "port 0", "null: the port that the client connected to");
  const message = "'portOffset' is added to the client's port";
  const inRange = Math.abs(portOffset) <= 65535 && (portOffset === 0 || port === null);
  expect(inRange, address, "portOffset", message, "with 'port' null, from -65535 to 65535");
}

function checkSource(source: Source | null, of: object, expect: Expect): void {
  if (source === null) return;
  const { host, port, lastPort } = source;
  expect(isHost(host), of, "source", `'${host}' is not an IP address, nor a host name`);
  const isRange = lastPort === null || (port > 0 && lastPort > port);
  const hint = "'port' is the first one, and the lower";
  expect(isRange, of, "source", `${port}-${lastPort} is not a range of ports`, hint);
}

function checkNetwork(network: string | null, of: object, key: string, expect: Expect): void {
  if (network === null) return;
  const normal = parseNetwork(network);
  const hint = normal === null ? "as in 192.168.0.0/16" : `write '${normal}'`;
  expect(network === normal, of, key, `'${network}' is not a network`, hint);
}

function checkLogTarget({ target }: LogTarget, expect: Expect): void {
  if (target.kind === "udp") {
    const { host, port } = target;
    expect(isHost(host), target, "host", `'${host}' is not an IP address, nor a host name`);
    expect(port > 0, target, "port", "a log on port 0");
  } else if (target.kind === "unix" || target.kind === "abstract") {
    const [key, text] = localPart(target);
    expect(text !== "", target, key, `an empty ${key}`);
  }
}

function isHost(host: string): boolean {
  return isIp(host) || isHostName(host);
}
