/** Who lives in the boxes: web servers, visitors, and the proxy with a configuration. */
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { type Proxy, type RunOptions, withProxy } from "../binary.ts";
import { get, valuesOf } from "../scenarios/wire.ts";
import { until } from "../until.ts";
import type { Box } from "./network.ts";
import type { Errand, Page, Report } from "./visitor.ts";
import type { Answer } from "./web.ts";

const root = join(import.meta.dirname!, "../..");

/** Runs one of this folder's programs in a box, by the runtime that runs the tests. */
function runScript(box: Box, script: string, ...args: string[]): ChildProcess {
  const bun = [process.execPath, "run", `--tsconfig-override=${root}/deno.json`, "--no-install"];
  const child = box.spawn(...bun as [string], join(import.meta.dirname!, script), ...args);
  child.stderr!.on("data", (bytes) => process.stderr.write(`${box.name}: ${bytes}`));
  return child;
}

/** Starts the web server of a box, on port 80 or those given: see web.ts. */
export async function startWeb(box: Box, ...ports: number[]): Promise<void> {
  const child = runScript(box, "web.ts", box.name, ...ports.map(String));
  let said = "";
  child.stdout!.on("data", (bytes) => said += bytes);
  await until(() => said === "up\n", `the web server of ${box.name}`);
}

/** What a visitor got. */
export interface Visit {
  readonly status: number;
  readonly setCookie: readonly string[];
  /** The web server that answered; "": none did. */
  readonly server: string;
  /** The address that connected to the web server. */
  readonly peer: string;
  /** What the web server was told of the way here, from the first proxy to the last. */
  readonly forwardedFor: readonly string[];
  /** The cookies that the web server got. */
  readonly cookies: readonly string[];
  /** How many requests the web server was working on, this one included. */
  readonly busy: number;
}

/** A user with a browser. */
export interface Visitor {
  /** A request on a connection of its own. @throws {Error} if no response comes in time */
  visit(uri: string, ...fields: string[]): Promise<Visit>;
}

/** Puts a visitor into a box. */
export function startVisitor(box: Box, { host, port = 80, timeout = 5000 }: {
  /** Whom he visits. */
  readonly host: string;
  readonly port?: number;
  /** How long he waits for a response, ms. */
  readonly timeout?: number;
}): Visitor {
  const child = runScript(box, "visitor.ts");
  const waiting = new Map<number, (report: Report) => void>();
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const report = JSON.parse(line) as Report;
    waiting.get(report.id)!(report);
    waiting.delete(report.id);
  });
  let last = 0;
  return {
    async visit(uri, ...fields) {
      const errand: Errand = { id: ++last, host, port, text: get(uri, ...fields), timeout };
      const { outcome } = await new Promise<Report>((resolve) => {
        waiting.set(errand.id, resolve);
        child.stdin!.write(`${JSON.stringify(errand)}\n`);
      });
      if (typeof outcome === "string") throw new Error(outcome);
      return visitOf(outcome);
    },
  };
}

function visitOf(got: Page): Visit {
  const status = Number(got.line.split(" ")[1]);
  const setCookie = valuesOf(got, "Set-Cookie");
  const { server, peer, fields, busy }: Answer = status === 200
    ? JSON.parse(got.content)
    : { server: "", peer: "", fields: [], busy: 0 };
  const values = (name: string) =>
    valuesOf({ line: "", fields }, name).flatMap((value) => value.split(/[,;] */));
  const forwardedFor = values("X-Forwarded-For");
  return { status, setCookie, server, peer, forwardedFor, cookies: values("Cookie"), busy };
}

/** The proxy of a box, up and running. */
export interface RunningProxy {
  readonly proxy: Proxy;
  /** Ends it as withProxy() does, unless it has ended. */
  stop(): Promise<void>;
}

/** Starts the proxy in a box: {@linkcode withProxy} without a body. */
export async function startProxy(
  box: Box,
  configuration: string,
  options: RunOptions = {},
): Promise<RunningProxy> {
  const up = Promise.withResolvers<Proxy>();
  const enough = Promise.withResolvers<void>();
  const done = withProxy(configuration, async (proxy) => {
    up.resolve(proxy);
    await enough.promise;
  }, { ...options, prefix: box.prefix });
  done.catch(up.reject);
  const proxy = await up.promise;
  return {
    proxy,
    stop() {
      enough.resolve();
      return done;
    },
  };
}

/** Visits made one after another at a steady pace, each without waiting for the last. */
export interface Stream {
  /** Ends it, and waits for the visits under way. */
  stop(): Promise<readonly Attempt[]>;
}

/** A visit of a stream. */
export interface Attempt {
  /** When it began, by performance.now(). */
  readonly at: number;
  readonly result: Visit | Error;
}

/** Visits every `pace` ms until it is stopped. */
export function startStream(visitor: Visitor, pace: number, ...fields: string[]): Stream {
  const attempts: Promise<Attempt>[] = [];
  const timer = setInterval(() => {
    const at = performance.now();
    attempts.push(
      visitor.visit(`/${attempts.length}`, ...fields)
        .then((result) => ({ at, result }), (error: Error) => ({ at, result: error })),
    );
  }, pace);
  return {
    stop() {
      clearInterval(timer);
      return Promise.all(attempts);
    },
  };
}
