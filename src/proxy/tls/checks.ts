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
  const material = backend.runtime.tls.servers.get(serverKey(backend.config, config))?.checks;
  if (!material) return on;
  const isUsual = checksWithTls(config);
  const own = config.checkSni === null ? constantSni(config.sni) : `str(${config.checkSni})`;
  const sides = new Map<ConnectStep, ServerTls | null>();
  function sideFor(step: ConnectStep): ServerTls | null {
    if (!step.ssl && !(step.asServer && isUsual)) return null;
    const { alpn } = step;
    const options = alpn === null
      ? material!.options
      : { ...material!.options, protocols: alpn.length === 0 ? null : encodeProtocols(alpn) };
    const sni = step.sni === null ? (step.asServer ? own : null) : `str(${step.sni})`;
    return new ServerTls({ ...material!, options }, sni, backend.runtime.clock);
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
