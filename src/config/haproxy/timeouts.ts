/** Time-outs, in both spellings (manual, chapter 4.2, "timeout ..."). */
import { sideOfTimeout } from "../fields.ts";
import type { Timeouts } from "../model.ts";
import { time } from "./arguments.ts";
import { names, ofProxy, type ProxyKeyword } from "./keyword.ts";

/** HAProxy's name of each time-out, after the word `timeout`. */
export const timeoutNames: Readonly<Record<keyof Timeouts, string>> = {
  connect: "connect",
  client: "client",
  server: "server",
  queue: "queue",
  check: "check",
  httpRequest: "http-request",
  httpKeepAlive: "http-keep-alive",
};

/** The guide's spellings. */
const oldNames = { contimeout: "connect", clitimeout: "client", srvtimeout: "server" } as const;

/** A keyword that sets one time-out; 0 is as good as none. */
function timeout(name: string, key: keyof Timeouts): ProxyKeyword {
  return ofProxy(sideOfTimeout[key], {
    name,
    usage: "<time>",
    read(proxy, args) {
      const value = time(args);
      proxy.timeout[key] = value === 0 ? null : value;
      args.mark(proxy.timeout, key);
    },
  });
}

/** All keywords for time-outs. */
export const timeouts: readonly ProxyKeyword[] = [
  ...Object.entries(timeoutNames).map(([key, name]) =>
    timeout(`timeout ${name}`, key as keyof Timeouts)
  ),
  ...Object.entries(oldNames).map(([name, key]) => timeout(name, key)),
];

/** Time-outs that HAProxy has besides. */
export const foreignTimeouts = names("client-fin server-fin tarpit tunnel", "timeout ");
