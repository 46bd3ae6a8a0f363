/** The line of a server. */
import { defaultServer } from "../fields.ts";
import type { Server } from "../model.ts";
import { hostText, serverAddressText, sourceText } from "./address-text.ts";
import { formatTime } from "./time.ts";

/** The words of a `server` line; defaults are left out. */
export function printServer(server: Server): string[] {
  const unset = defaultServer();
  const { addr, cookie, source } = server;
  const words = ["server", server.name, serverAddressText(server.address)];
  const add = (present: boolean, ...more: string[]) => {
    if (present) words.push(...more);
  };
  add(cookie !== null, "cookie", cookie ?? "");
  add(server.weight !== unset.weight, "weight", String(server.weight));
  add(server.check, "check");
  add(addr !== null, "addr", hostText(addr ?? ""));
  add(server.port !== null, "port", String(server.port));
  for (const key of ["inter", "fastinter", "downinter"] as const) {
    const time = server[key];
    add(time !== null && time !== unset[key], key, formatTime(time ?? 0));
  }
  for (const key of ["rise", "fall", "maxconn", "minconn", "maxqueue"] as const) {
    add(server[key] !== unset[key], key, String(server[key]));
  }
  add(server.backup, "backup");
  add(server.disabled, "disabled");
  add(server.sendProxy !== null, server.sendProxy === "v2" ? "send-proxy-v2" : "send-proxy");
  add(server.checkSendProxy, "check-send-proxy");
  add(server.track !== null, "track", server.track ?? "");
  if (source !== null) add(true, "source", sourceText(source));
  return words;
}
