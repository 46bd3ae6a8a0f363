/** The stage for the network suites: servers and clients, closed and checked at the end. */
import { assert, assertEquals } from "@std/assert";
import type {
  ConnectOptions,
  Endpoint,
  Listener,
  ListenOptions,
  Network,
  Socket,
  SocketEvents,
} from "#src/net/socket.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";
import { End } from "./end.ts";
import type { Inherited } from "./native.ts";

/** A listener and the ends of what it accepted. */
export interface Server {
  readonly listener: Listener;
  readonly ends: End[];
  /** Called for each end as it is accepted. */
  onAccept: (end: End) => void;
  /** Waits for the connection number `index`. */
  accepted(index?: number): Promise<End>;
}

/** What a case plays on; all that it makes is closed when it ends. */
export interface Scene {
  readonly network: Network;
  listen(at?: Endpoint, options?: ListenOptions): Server;
  connect(to: Endpoint, options?: ConnectOptions): End;
  /** A server and one client of it, connected. */
  pair(at?: Endpoint): Promise<[client: End, server: End]>;
  /** Lets time pass as the network counts it: ten round trips on a connection of their own. */
  settle(): Promise<void>;
}

/** Any free port of the loopback address. */
export const loopback: Endpoint = { kind: "ip", host: "127.0.0.1", port: 0 };

/** What a suite is about. */
export interface Subject {
  readonly name: string;
  readonly network: Network;
  /** Whether reset() reaches the peer as a reset. */
  readonly resets: boolean;
  /** Whether peerGone() knows, and a reset is seen, while the socket is paused. */
  readonly asksKernel: boolean;
  /** Whose isQuiet() is asked of the kernel: all connections', those over IP, or nobody's. */
  readonly arrivals: "all" | "ip" | "none";
  /** Turns an event loop which is not the runtime's own. @returns what stops that */
  readonly pump?: () => () => void;
  /** Puts another socket in the place of a connected one. */
  readonly wrap?: (socket: Socket, events: SocketEvents) => Socket;
}

/** A {@linkcode Subject} that is a whole network. */
export interface NetworkSubject extends Subject {
  /** Whether its sockets are descriptors of this process. */
  readonly descriptors: boolean;
  /** Whether a listener that ends does so at once, and accepts its queue; Deno's does neither. */
  readonly endsAtOnce: boolean;
  /** Makes a listening descriptor as a parent process leaves it to its child. */
  readonly inherit?: () => Inherited;
}

/** What declares a case of a subject; with `skip`, one that it cannot play. */
export function scenes(subject: Subject) {
  return (name: string, body: (scene: Scene) => void | Promise<void>, skip = false): void => {
    const reason = skip ? " (SKIPPED: this adapter or machine cannot)" : "";
    test(`${subject.name}: ${name}${reason}`, () => play(subject, body), { skip });
  };
}

/** Runs a case on a scene of its own, closes what it opened, and checks every end's record. */
export async function play(
  subject: Subject,
  body: (scene: Scene) => void | Promise<void>,
): Promise<void> {
  const { network, wrap } = subject;
  const servers: Server[] = [];
  const clients: End[] = [];

  function listen(at = loopback, options: ListenOptions = {}): Server {
    const server: { listener?: Listener } & Omit<Server, "listener"> = {
      ends: [],
      onAccept: () => {},
      async accepted(index = 0) {
        await until(() => server.ends.length > index, `connection ${index} at the server`);
        return server.ends[index] as End;
      },
    };
    server.listener = network.listen(at, options, (socket) => {
      const end = new End();
      end.socket = socket;
      server.ends.push(end);
      server.onAccept(end);
      return end;
    });
    servers.push(server as Server);
    return server as Server;
  }
  function connect(to: Endpoint, options: ConnectOptions = {}): End {
    const end = new End();
    end.socket = network.connect(to, options, end);
    clients.push(end);
    return end;
  }
  async function pair(at?: Endpoint): Promise<[End, End]> {
    const server = listen(at);
    const client = connect(server.listener.endpoint);
    await client.waitFor("opened");
    const ends: [End, End] = [client, await server.accepted()];
    if (wrap !== undefined) {
      for (const end of ends) end.socket = wrap(end.socket, end);
    }
    return ends;
  }
  async function settle(): Promise<void> {
    const [client, server] = await pair();
    server.echoes = true;
    for (let i = 1; i <= 10; i++) {
      client.send("?");
      await client.got(i);
    }
  }

  const stop = subject.pump?.();
  try {
    await body({ network, listen, connect, pair, settle });
  } finally {
    stop?.();
    for (const server of servers) {
      server.listener.close();
      for (const end of server.ends) end.reset();
    }
    for (const end of clients) end.reset();
  }
  for (const end of [...clients, ...servers.flatMap((server) => server.ends)]) {
    assertEquals(end.violations, []);
    assert(!end.broken || end.log.at(-1)?.startsWith("closed"), `${end.log}: closed must be last`);
  }
}

/** The port of an IP endpoint. */
export function portOf(endpoint: Endpoint): number {
  return endpoint.kind === "ip" ? endpoint.port : 0;
}
