/** Answers http-01 on port 80 where no frontend listens there (RFC 8555, 8.3). */
import type { Endpoint, Listener, Network, Socket, SocketEvents } from "../../net/socket.ts";
import { noEvents } from "../../net/socket.ts";
import type { Clock } from "../../time/clock.ts";

const path = "/.well-known/acme-challenge/";
/** Longest head, connections at a time, and how long one may take, ms. */
const longestHead = 8192;
const mostClients = 100;
const timeout = 10_000;

/** A client: one request, one answer. */
class Client implements SocketEvents {
  #head = "";
  #over = false;
  #out: Uint8Array = new Uint8Array();
  readonly #cancel: () => void;

  constructor(
    readonly socket: Socket,
    clock: Clock,
    readonly tokens: ReadonlyMap<string, string>,
    readonly left: (self: Client) => void,
  ) {
    this.#cancel = clock.schedule(timeout, () => this.abort());
  }

  opened(): void {}
  data(_socket: Socket, bytes: Uint8Array): void {
    if (this.#out.length > 0) return;
    this.#head += new TextDecoder("latin1").decode(bytes);
    if (this.#head.includes("\r\n\r\n") || this.#head.includes("\n\n")) this.#answer();
    else if (this.#head.length > longestHead) this.abort();
  }
  drain(): void {
    if (this.#out.length > 0) this.#flush();
  }
  ended(): void {
    if (this.#out.length === 0) this.abort();
  }
  closed(): void {
    this.#leave();
  }

  abort(): void {
    if (this.#over) return;
    this.socket.close();
    this.#leave();
  }

  #answer(): void {
    const [, method = "", target = ""] = /^([A-Z]+) (\S+) HTTP\/1\.[01]\r?\n/.exec(this.#head) ??
      [];
    const token = target.startsWith(path) ? target.slice(path.length).split("?")[0]! : "";
    const found = method === "GET" || method === "HEAD" ? this.tokens.get(token) : undefined;
    const status = found === undefined ? "404 Not Found" : "200 OK";
    const body = found ?? "There is nothing here but answers to challenges of ACME.\n";
    const head = `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n`;
    this.#out = new TextEncoder().encode(head + (method === "HEAD" ? "" : body));
    this.#flush();
  }

  #flush(): void {
    const taken = this.socket.write(this.#out, 0, this.#out.length);
    if (taken < 0) return;
    this.#out = this.#out.subarray(taken);
    if (this.#out.length === 0) this.abort();
  }

  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancel();
    this.left(this);
  }
}

/** See above. */
export interface HttpListener extends Pick<Listener, "release" | "reclaim"> {
  close(): void;
}

/** Listens. @throws {SocketError} */
export function listenForChallenges(
  at: Endpoint,
  network: Pick<Network, "listen">,
  clock: Clock,
  tokens: ReadonlyMap<string, string>,
): HttpListener {
  const clients = new Set<Client>();
  const listener = network.listen(at, {}, (socket) => {
    if (clients.size >= mostClients) {
      socket.close();
      return noEvents;
    }
    const client = new Client(socket, clock, tokens, (self) => void clients.delete(self));
    clients.add(client);
    return client;
  });
  return {
    release: () => listener.release(),
    reclaim: () => listener.reclaim(),
    close() {
      listener.close();
      for (const client of clients) client.abort();
    },
  };
}
