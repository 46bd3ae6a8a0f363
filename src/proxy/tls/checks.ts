/** Checks of servers that speak TLS (manual: "check-ssl", "check-sni", "check-alpn"). */
import { ownHeader } from "../../health/run.ts";
import type { CheckRuntime } from "../../health/kinds.ts";
import type { Target } from "../../health/probe.ts";
import { serverKey } from "../../tls/material.ts";
import type { Server } from "../server.ts";
import { ServerTls } from "./server.ts";

/** What the checks of a server run on: with TLS in their connections, where they speak it. */
export function withTls(server: Server, target: Target, on: CheckRuntime): CheckRuntime {
  const { backend, config } = server;
  const material = backend.runtime.tls?.servers.get(serverKey(backend.config, config))?.checks;
  if (!material) return on;
  const sni = config.checkSni === null ? constantSni(config.sni) : `str(${config.checkSni})`;
  const tls = new ServerTls(material, sni, backend.runtime.clock);
  const name = tls.nameFor({ requestHead: null, sni: null });
  const { proxyHeader } = target;
  const preamble = proxyHeader === null
    ? null
    : (inner: Parameters<typeof ownHeader>[1]) => ownHeader(proxyHeader, inner);
  return {
    ...on,
    headerBelow: true,
    network: {
      ...on.network,
      connect: (to, options, events) =>
        tls.connect(on.network, to, options, name, preamble, events),
    },
  };
}

/** A check has no request whose name it could ask for. */
function constantSni(sni: string | null): string | null {
  return sni !== null && sni.startsWith("str(") ? sni : null;
}
