/** The messages of a service to systemd (sd_notify(3)): datagrams to the socket that it names. */
import process from "node:process";
import { C } from "../net/linux/calls.ts";
import { MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_DGRAM } from "../net/linux/constants.ts";
import { addressSize, encodeAddress } from "../net/linux/sockaddr.ts";

/** Where a service reports. */
export interface Notify {
  /** @param fields as "READY", "1"; see sd_notify(3) */
  send(fields: Readonly<Record<string, string | number>>): void;
  /** ms between two signs of life that are waited for (WatchdogSec=); null: none are. */
  readonly watchdog: number | null;
}

/** To nobody. */
export const noNotify: Notify = { send() {}, watchdog: null };

/** The text of a message. */
export function notifyText(fields: Readonly<Record<string, string | number>>): string {
  // A newline would begin another field.
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${String(value).replaceAll("\n", " ")}\n`).join("");
}

/** Reports to the socket that this environment names; to nobody without one. */
export function notifyOf(env: Readonly<Record<string, string | undefined>>): Notify {
  const path = env["NOTIFY_SOCKET"] ?? "";
  if (!/^[/@]./.test(path)) return noNotify;
  const at = path.startsWith("@")
    ? { kind: "abstract", name: path.slice(1) } as const
    : { kind: "unix", path } as const;
  const address = new Uint8Array(new ArrayBuffer(Math.max(addressSize, 1024)));
  const length = encodeAddress(at, address);
  if (typeof length !== "number") return noNotify;
  const micros = Number(env["WATCHDOG_USEC"] ?? 0);
  const pid = Number(env["WATCHDOG_PID"] ?? process.pid);
  return {
    send(fields) {
      const fd = C.socket(1, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      if (fd < 0) return;
      const bytes = new TextEncoder().encode(notifyText(fields));
      if (C.connect(fd, address, length) === 0) C.send(fd, bytes, bytes.length, MSG_NOSIGNAL);
      C.close(fd);
    },
    watchdog: micros > 0 && pid === process.pid ? micros / 1000 : null,
  };
}

/** The clock by which systemd orders messages about reloads, in microseconds. */
export function monotonicMicroseconds(): string {
  return String(process.hrtime.bigint() / 1000n);
}
