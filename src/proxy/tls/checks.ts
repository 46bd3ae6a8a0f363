/** Checks of servers that speak TLS (manual: "check-ssl", "check-sni", "check-alpn", "connect ssl"). */
import { checksWithTls } from "../../config/tls-policy.ts";
import { ownHeader } from "../../health/run.ts";
import type { CheckRuntime } from "../../health/kinds.ts";
import type { ConnectStep } from "../../health/steps.ts";
import { encodeProtocols } from "../../tls/alpn.ts";
import { serverKey } from "../../tls/material.ts";
import type { Server } from "../server.ts";
import { ServerTls } from "./server.ts";

/** What the checks of a server run on: with TLS in their connections, where they speak it. */
export function withTls(server: Server, on: CheckRuntime): CheckRuntime {
  const { backend, config } = server;
  const key = serverKey(backend.config, config);
  let material = backend.runtime.tls.servers.get(key)?.checks;
  if (!material) return on;
  const replaced: (() => void)[] = [];
  backend.runtime.tlsLive.onServer(key, ({ checks }) => {
    material = checks ?? material;
    for (const take of replaced) take();
  });
  const isUsual = checksWithTls(config);
  const usual = config.checkSni === null ? constantSni(config.sni) : `str(${config.checkSni})`;
  const sides = new Map<ConnectStep, ServerTls | null>();
  function sideFor(step: ConnectStep): ServerTls | null {
    if (!step.ssl && !(step.asServer && isUsual)) return null;
    const { alpn } = step;
    const protocols = alpn === null || alpn.length === 0 ? null : encodeProtocols(alpn);
    const own = () =>
      alpn === null ? material! : { ...material!, options: { ...material!.options, protocols } };
    const sni = step.sni === null ? (step.asServer ? usual : null) : `str(${step.sni})`;
    const made = new ServerTls(own(), sni, backend.runtime.clock);
    replaced.push(() => made.replace(own()));
    return made;
  }
  return {
    ...on,
    connectTls(step, header) {
      if (!sides.has(step)) sides.set(step, sideFor(step));
      const tls = sides.get(step) ?? null;
      if (tls === null) return null;
      const name = tls.nameFor({ requestHead: null, clientTls: null });
      const preamble = header === null
        ? null
        : (inner: Parameters<typeof ownHeader>[1]) => ownHeader(header, inner);
      return (to, options, events) => tls.connect(on.network, to, options, name, preamble, events);
    },
  };
}

/** A check has no request whose name it could ask for. */
function constantSni(sni: string | null): string | null {
  return sni !== null && sni.startsWith("str(") ? sni : null;
}
