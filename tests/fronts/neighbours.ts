/**
 * The proxy's neighbours of the guide, from Debian: each a child of the test, in the foreground,
 * with a configuration of its own in the test's folder. No service of the system is touched.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { scenario } from "#src/cli/scenarios.ts";
import { find } from "../programs.ts";
import { until } from "../until.ts";

/** The first three numbers of 256 loopback addresses, of a range that these tests have alone. */
export function freshNetwork(): string {
  return `127.47.${Math.floor(Math.random() * 256)}`;
}

/** A neighbour that runs. */
export interface Neighbour {
  stop(): Promise<void>;
}

/**
 * Starts one, and waits until somebody listens where it should.
 * @param log where it writes what it has to say, if not to its standard error
 */
async function startNeighbour(
  program: string,
  args: readonly string[],
  host: string,
  port: number,
  log: string | null = null,
): Promise<Neighbour> {
  const child: ChildProcess = spawn(find(program)!, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  const exited = once(child, "exit");
  let said = "";
  const words = () => said + (log !== null && existsSync(log) ? readFileSync(log, "utf8") : "");
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (text) => said += text);
  const neighbour = {
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
  try {
    await until(() => {
      if (child.exitCode !== null) throw new Error(`${program} did not start:\n${words()}`);
      return answers(host, port);
    }, () => `${program} on ${host}:${port}:\n${words()}`);
  } catch (error) {
    await neighbour.stop();
    throw error;
  }
  return neighbour;
}

/** Whether somebody listens there. */
async function answers(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Makes a certificate that nobody trusts, valid for a day. @returns the files */
export function makeCertificate(folder: string): { key: string; certificate: string } {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const { status, stderr } = spawnSync(find("openssl")!, [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "1", "-subj", "/CN=sluice.test", "-addext", "basicConstraints=CA:FALSE"],
    ...["-keyout", key, "-out", certificate],
  ]);
  if (status !== 0) throw new Error(`openssl req: ${stderr}`);
  return { key, certificate };
}

/**
 * Starts stunnel.
 * @param service the lines of its one service, but for the certificate
 */
export function startStunnel(
  folder: string,
  host: string,
  port: number,
  service: readonly string[],
): Promise<Neighbour> {
  const { key, certificate } = makeCertificate(folder);
  const file = join(folder, "stunnel.conf");
  writeFileSync(
    file,
    [
      "foreground = yes",
      "syslog = no",
      "pid =",
      "socket = l:TCP_NODELAY=1",
      "socket = r:TCP_NODELAY=1",
      "[https]",
      `accept = ${host}:${port}`,
      `cert = ${certificate}`,
      `key = ${key}`,
      ...service,
      "",
    ].join("\n"),
  );
  return startNeighbour("stunnel4", [file], host, port);
}

const modules = "/usr/lib/apache2/modules"; // Debian's

/** Why Apache cannot do what needs these modules; null: it can. */
export function missingModule(...names: string[]): string | null {
  const missing = names.find((name) => !existsSync(`${modules}/mod_${name}.so`));
  return missing === undefined ? null : `Apache's mod_${missing} is not in ${modules}`;
}

/**
 * Starts Apache with one worker process.
 * @param use its modules, besides what any server needs
 * @param directives of its configuration, but for `Listen`
 */
export function startApache(
  folder: string,
  host: string,
  port: number,
  use: readonly string[],
  directives: readonly string[],
): Promise<Neighbour> {
  for (const each of ["htdocs", "cache"]) mkdirSync(join(folder, each));
  const file = join(folder, "apache.conf");
  writeFileSync(
    file,
    [
      `ServerRoot ${folder}`,
      "ServerName sluice.test",
      `PidFile ${folder}/apache.pid`,
      `DefaultRuntimeDir ${folder}`,
      `DocumentRoot ${folder}/htdocs`,
      `Mutex file:${folder}`,
      `ErrorLog ${folder}/apache.log`,
      "LogLevel warn",
      ...["mpm_event", "authz_core", ...use]
        .map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`),
      "ServerLimit 1",
      "StartServers 1",
      "ThreadsPerChild 32",
      "MaxRequestWorkers 32",
      `Listen ${host}:${port}`,
      ...directives,
      "",
    ].join("\n"),
  );
  return startNeighbour("apache2", ["-X", "-f", file], host, port, join(folder, "apache.log"));
}

/** Starts the real haproxy. @param port of one of its listeners */
export function startHaproxy(
  folder: string,
  host: string,
  port: number,
  configuration: string,
): Promise<Neighbour> {
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, configuration);
  return startNeighbour("haproxy", ["-db", "-f", file], host, port);
}

/** What the scenario https-front tells to write for a front: those of its lines that fit. */
export function shipped(front: string, wanted: RegExp): string[] {
  const { text } = scenario("https-front")!;
  const block = new RegExp(`^# ${front}[,:][^]*?^#$`, "m").exec(text)?.[0] ?? "";
  const lines = block.split("\n").map((line) => line.slice(1).trim());
  return lines.filter((line) => wanted.test(line));
}
