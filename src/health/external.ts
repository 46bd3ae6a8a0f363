/** Checks by programs (manual: "option external-check", "external-check command"). */
import type { Clock } from "../time/clock.ts";
import type { Probe } from "./probe.ts";
import { resultOf, type Verdict } from "./result.ts";

/** A program to run. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs a program.
 * @param done called once it has ended: with its status; -1: by a signal; 255: it cannot be run
 * @returns ends it: `done` is not called then
 */
export type RunProgram = (program: Program, done: (status: number) => void) => () => void;

/** A check by a program. @param timeout ms */
export function externalProbe(
  clock: Clock,
  timeout: number,
  run: RunProgram,
  program: () => Program,
): Probe {
  return (done) => {
    const start = clock.now();
    let over = false;
    const conclude = (verdict: Verdict) => {
      if (over) return;
      over = true;
      cancelTimeout();
      done(resultOf(verdict, clock.now() - start));
    };
    const cancelTimeout = clock.schedule(timeout, () => {
      end();
      conclude({ status: "PROCTOUT", code: 0, info: "" });
    });
    const end = run(program(), (code) => {
      conclude({ status: code === 0 ? "PROCOK" : "PROCERR", code, info: "" });
    });
    return () => {
      if (over) return;
      over = true;
      cancelTimeout();
      end();
    };
  };
}

/** What a program is told. */
export interface Told {
  readonly proxy: { readonly name: string; readonly id: number };
  /** The proxy's first listener: an address, or a path without a port; null: it has none. */
  readonly listener: { readonly address: string; readonly port: number | null } | null;
  readonly server: {
    readonly name: string;
    readonly id: number;
    readonly address: string;
    readonly port: number | null;
    /** 0: no limit. */
    readonly maxconn: number;
    readonly connections: number;
    readonly ssl: boolean;
    readonly protocol: "h1" | "h2" | "tcp";
  };
}

/** The program of a server's check. @param path the variable PATH; null: it is empty */
export function programFor(command: string, path: string | null, told: Told): Program {
  const { proxy, listener, server } = told;
  const unused = "NOT_USED";
  const text = (value: number | null | undefined) => String(value ?? "");
  return {
    command,
    args: [
      listener?.address ?? unused,
      text(listener?.port) || unused,
      server.address,
      text(server.port) || unused,
    ],
    env: {
      HAPROXY_PROXY_ADDR: listener?.address ?? "",
      HAPROXY_PROXY_PORT: text(listener?.port),
      HAPROXY_PROXY_NAME: proxy.name,
      HAPROXY_PROXY_ID: String(proxy.id),
      HAPROXY_SERVER_ADDR: server.address,
      HAPROXY_SERVER_PORT: text(server.port),
      HAPROXY_SERVER_NAME: server.name,
      HAPROXY_SERVER_ID: String(server.id),
      HAPROXY_SERVER_MAXCONN: String(server.maxconn),
      HAPROXY_SERVER_CURCONN: String(server.connections),
      HAPROXY_SERVER_SSL: server.ssl ? "1" : "0",
      HAPROXY_SERVER_PROTO: server.protocol,
      PATH: path ?? "",
    },
  };
}
