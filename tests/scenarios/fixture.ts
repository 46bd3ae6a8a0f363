/**
 * A scenario on the wire: the file runs in the program, on addresses of the test's own, with plain
 * clients and servers around it.
 */
import { assertNotEquals } from "@std/assert";
import { prepareFiles } from "#src/scenario/files.ts";
import { type Proxy, type RunOptions, withProxy } from "../binary.ts";
import { until } from "../until.ts";
import {
  type Answer,
  exchange,
  get,
  type Message,
  type Origin,
  response,
  startOrigin,
  startServer,
  statusOf,
  type Target,
  valuesOf,
} from "./wire.ts";

/** What came back. */
export interface Visit {
  /** The server that answered: it sends its name as content. */
  readonly server: string;
  readonly status: number;
  readonly message: Message;
  readonly setCookie: string[];
}

/** A scenario's addresses, and what is at them. */
export interface Fixture {
  /** The scenario with the test's own addresses. */
  readonly configuration: string;
  /** A file that the story makes, by its path below /etc/sluice. */
  file(path: string): string;
  /** The test's address for one of the scenario: for 127.0.5.11, of `behind-l4`, where "11" is enough. */
  address(last: string | number): string;
  /** Starts a server that lives until the test's end. It answers with its name: {@linkcode application}. */
  origin(name: string, last: string | number, port?: number, answer?: Answer): Promise<Origin>;
  /** Ends all servers of this name. */
  stop(name: string): Promise<void>;
  /** Starts a server of any other kind. */
  server(name: string, target: Target, accept: Parameters<typeof startServer>[1]): Promise<void>;
  /** What a server got last. */
  last(server: string): Message;
  /** A request on a connection of its own. */
  visit(uri: string, fields?: readonly string[], to?: To): Promise<Visit>;
  /** Runs the scenario while `body` runs. */
  run(body: (proxy: Proxy) => Promise<void>, options?: RunOptions): Promise<void>;
}

/** Something that can be ended. */
interface Ending {
  stop(): Promise<void>;
}

/** Where a visit goes, if not to port 8080 of address 1, and where it comes from. */
export interface To {
  readonly host?: string | number;
  readonly port?: number;
  readonly from?: string | number;
}

/** The test of one scenario. */
export type ScenarioTest = (fixture: Fixture) => Promise<void>;

/** Answers with the server's name; /login sets the application's own cookie. */
export function application(name: string): Answer {
  return ({ line }) =>
    response(name, ...line.includes("/login") ? ["Set-Cookie: JSESSIONID=123; Path=/shop"] : []);
}

/**
 * Finds a network, 127.X, on which no other test plays at this moment: a listener holds it, at an
 * address that no scenario has.
 */
async function claimNetwork(): Promise<{ network: string; release: () => Promise<void> }> {
  const first = Math.floor(Math.random() * 62);
  for (let i = 0; i < 62; i++) {
    const network = `127.${192 + (first + i) % 62}`;
    try {
      const { stop } = await startServer({ host: `${network}.255.254`, port: 8000 }, () => {});
      return { network, release: stop };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
  throw new Error("other tests have all the networks");
}

/**
 * Runs the test of a scenario: 127.0.N.M becomes 127.X.N.M, with an X that freshNetwork does not give; and
 * checks come faster than anybody needs, where the scenario itself does not hurry them.
 * @param whole the scenario
 */
export async function withFixture(whole: string, test: ScenarioTest): Promise<void> {
  const { network, release } = await claimNetwork();
  const { text, folder, remove } = prepareFiles(whole);
  const hurried = /^ +server .* inter /m.test(text) ? text : text.replaceAll(
    /^( +)server (?=.* check)/gm,
    "$1default-server inter 200ms fastinter 50ms\n$&",
  );
  const configuration = hurried.replaceAll(/\b127\.0\.(?=\d+\.\d)/g, `${network}.`);
  const third = /\b127\.0\.(\d+)\.\d/.exec(text.replace(/^#.*$/gm, ""))![1];
  const endings = new Map<string, Ending[]>();
  const origins = new Map<string, Origin>();
  const address = (last: string | number) =>
    String(last).includes(".") ? `${network}.${last}` : `${network}.${third}.${last}`;
  const kept = <E extends Ending>(name: string, ending: E): E => {
    endings.set(name, [...endings.get(name) ?? [], ending]);
    return ending;
  };
  const stop = async (name: string) => {
    const all = endings.get(name) ?? [];
    endings.delete(name);
    await Promise.all(all.map((each) => each.stop()));
  };
  try {
    await test({
      configuration,
      file: (path) => `${folder}/${path}`,
      address,
      stop,
      async origin(name, last, port = 8000, answer = application(name)) {
        const made = await startOrigin(name, { host: address(last), port }, answer);
        if (!origins.has(name) || endings.get(name) === undefined) origins.set(name, made);
        return kept(name, made);
      },
      async server(name, target, accept) {
        kept(name, await startServer(target, accept));
      },
      last: (name) => origins.get(name)!.seen.at(-1)!,
      async visit(uri, fields = [], { host = 1, port = 8080, from = 100 } = {}) {
        const target = { host: address(host), port, localAddress: address(from) };
        const message = await exchange(target, get(uri, ...fields));
        return {
          server: message.content.toString(),
          status: statusOf(message),
          message,
          setCookie: valuesOf(message, "Set-Cookie"),
        };
      },
      run: (body, options = {}) => withProxy(configuration, body, options),
    });
  } finally {
    await Promise.all([...endings.keys()].map(stop));
    await release();
    remove();
  }
}

/** The sections of a configuration that `wanted` accepts by name, with the `defaults` before them. */
export function sections(configuration: string, wanted: (name: string) => boolean): string {
  const parts = configuration.replace(/^#.*\n/gm, "").split(/^(?=listen |defaults|global)/m);
  return parts.filter((part) => {
    const name = /^listen (\S+)/.exec(part)?.[1];
    return name === undefined || wanted(name);
  }).join("");
}

/** Waits until a visit is as it should be; each is made when the one before it is over. */
export async function untilVisit(
  visit: () => Promise<Visit>,
  wanted: (visit: Visit) => boolean,
  what: string,
): Promise<Visit> {
  let last: Visit | undefined;
  let busy = false;
  return await until(() => {
    if (last !== undefined && wanted(last)) return last;
    if (busy) return undefined;
    busy = true;
    visit().then((got) => void (last = got), () => {}).finally(() => void (busy = false));
    return undefined;
  }, what);
}

/**
 * Ends a server, and waits until a visitor who was bound to it is served by another. Until the
 * checks have seen it, a request waits for its retries, and gets 503: so many at once.
 */
export async function failOver(
  { stop, visit }: Fixture,
  server: string,
  fields: readonly string[],
): Promise<Visit> {
  await stop(server);
  let moved: Visit | undefined;
  const took = (got: Visit) => void (got.status === 200 && (moved ??= got));
  const found = await until(() => {
    visit("/after", fields).then(took, () => {}); // the proxy's end cuts off who still waits
    return moved;
  }, "another server to take over");
  assertNotEquals(found.server, server);
  return found;
}

/** Starts webA to webD at addresses 11 to 14. */
export async function startFarm({ origin }: Fixture): Promise<void> {
  await Promise.all(["A", "B", "C", "D"].map((letter, i) => origin(`web${letter}`, 11 + i)));
}

/** A scenario with webA to webD, which runs while `body` does. */
export function farm(body: (fixture: Fixture, proxy: Proxy) => Promise<void>): ScenarioTest {
  return async (fixture) => {
    await startFarm(fixture);
    await fixture.run((proxy) => body(fixture, proxy));
  };
}

/** Waits for a line of the log. */
export function logged(proxy: Proxy, pattern: RegExp): Promise<RegExpMatchArray> {
  return until(
    () => proxy.stdout().split("\n").map((line) => pattern.exec(line)).find((m) => m !== null),
    `a line ${pattern}`,
  );
}

/** Lines of the log that fit. */
export function lines(proxy: Proxy, pattern: RegExp): string[] {
  return proxy.stdout().split("\n").filter((line) => pattern.test(line));
}
