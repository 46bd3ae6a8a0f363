/** A small certificate authority that speaks ACME: Debian's pebble, and the DNS that it asks. */
import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import process from "node:process";
import { freshAddress } from "../binary.ts";
import { missingOf } from "../programs.ts";
import { until } from "../until.ts";
import type { Pki } from "./pki.ts";

/** Why there is none; null: there is. */
export const missingPebble: string | null = missingOf({
  pebble: "pebble",
  "pebble-challtestsrv": "pebble",
  openssl: "openssl",
  curl: "curl",
});

/** The authority, while it runs. */
export interface Pebble {
  readonly directory: string;
  /** PEM of the one that has signed the directory's own certificate. */
  readonly caFile: string;
  /** All that it has written. */
  log(): string;
  /** Sets a TXT record: by the control address of its DNS. */
  readonly dnsControl: string;
  stop(): Promise<void>;
}

/** How it validates. */
export interface PebbleOptions {
  /** The address that all names have. */
  readonly address: string;
  readonly httpPort: number;
  readonly tlsPort: number;
  /** Accounts of customers that new ones must be bound to, by their key ids. */
  readonly external?: Readonly<Record<string, string>>;
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("close", () => resolve());
    child.kill("SIGKILL");
  });
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}

/** Starts it. */
export async function startPebble(pki: Pki, options: PebbleOptions): Promise<Pebble> {
  const own = freshAddress();
  pki.make("pebble", [`pebble.test,IP:${own}`], { cn: "pebble.test" });
  const { external } = options;
  const config = pki.write(
    "pebble.json",
    JSON.stringify({
      pebble: {
        listenAddress: `${own}:14000`,
        managementListenAddress: `${own}:15000`,
        certificate: pki.path("pebble.crt"),
        privateKey: pki.path("pebble.key"),
        httpPort: options.httpPort,
        tlsPort: options.tlsPort,
        ocspResponderURL: "",
        externalAccountBindingRequired: external !== undefined,
        externalAccountMACKeys: external ?? {},
      },
    }),
  );
  let text = "";
  const collect = (child: ChildProcess) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (bytes: Uint8Array) => void (text += new TextDecoder().decode(bytes)));
    }
    child.on("error", (error) => void (text += error.message));
    return child;
  };
  const dns = collect(spawn("pebble-challtestsrv", [
    ...["-defaultIPv4", options.address, "-defaultIPv6", "", "-dns01", `${own}:8053`],
    ...["-management", `${own}:8055`, "-http01", "", "-https01", "", "-tlsalpn01", ""],
  ]));
  const pebble = collect(spawn("pebble", ["-config", config, "-dnsserver", `${own}:8053`], {
    // It waits up to 15 s before it validates, and refuses nonces at random, unless told otherwise.
    env: { ...process.env, PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "20" },
  }));
  const stop = async () => {
    await stopped(pebble);
    await stopped(dns);
  };
  try {
    for (const port of [14000, 8055]) {
      for (let up = false; !up;) {
        up = await accepts(own, port);
        if (!up) await until(() => true, "a turn");
        if (pebble.exitCode !== null || dns.exitCode !== null) throw new Error(text);
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    directory: `https://${own}:14000/dir`,
    caFile: pki.ca,
    log: () => text,
    dnsControl: `http://${own}:8055`,
    stop,
  };
}
