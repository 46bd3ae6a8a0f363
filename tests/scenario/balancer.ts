/**
 * A toy in the proxy's place, for the tests of the demo: it gives clients servers in turn, and keeps
 * them there by a cookie. `flaw` makes it do something wrong.
 */
import type { Instance } from "#src/simulate/instances.ts";
import { topologyOf } from "#src/simulate/topology.ts";
import { Connection } from "#src/simulate/connection.ts";
import { field, messageText, readMessage, readResponse } from "#src/simulate/message.ts";
import { Server } from "#src/simulate/server.ts";
import type { Configuration } from "#src/config/model.ts";
import type { Network } from "#src/net/socket.ts";

/** An instance that knows no signals. */
export const noSignals: Omit<Instance, "stop" | "servers"> = {
  pause() {},
  resume() {},
  pauseProxy() {},
  resumeProxy() {},
  finish: () => Promise.resolve(),
  report() {},
};

export type Flaw = "forwards its cookie" | "garbles content" | null;

export function toyBalancer(
  network: Network,
  configuration: Configuration,
  flaw: Flaw = null,
): Instance & { readonly running: boolean } {
  const { servers, entries } = topologyOf(configuration);
  const state = servers.map((place) => ({ ...place, up: true }));
  let turn = 0;
  let running = true;

  async function serve(client: Connection): Promise<void> {
    for (;;) {
      const head = await readMessage(client, "request");
      if (head === null) break;
      const known = /SERVERID=(\w+)/.exec(field(head, "Cookie") ?? "")?.[1];
      const alive = state.filter((server) => server.up);
      const server = alive.find(({ name }) => name === known) ?? alive[turn++ % alive.length];
      if (server === undefined) break;
      const upstream = new Connection().connect(network, server.endpoint);
      const fields = flaw === "forwards its cookie"
        ? head.fields
        : head.fields.filter((line) => !line.startsWith("Cookie:"));
      upstream.send(messageText({ ...head, fields }));
      const response = await readResponse(upstream, head.line.split(" ")[0] ?? "");
      upstream.close();
      if (response === null) {
        server.up = false;
        client.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
        continue;
      }
      const set = server.name === known ? [] : [`Set-Cookie: SERVERID=${server.name}`];
      const content = flaw === "garbles content"
        ? response.content.toUpperCase()
        : response.content;
      client.send(
        messageText({ ...response, fields: [...response.fields, ...set] }, content),
      );
      if (head.line.endsWith("HTTP/1.0")) break;
    }
    client.close();
  }

  const listeners = entries.map(({ endpoint }) =>
    new Server(network, endpoint, (client) => void serve(client)).listen()
  );
  return {
    get running() {
      return running;
    },
    stop() {
      running = false;
      for (const listener of listeners) listener.stop();
    },
    ...noSignals,
    // Who is asked for a server's state looks for it: a toy has no checks of its own.
    *servers() {
      for (const server of state) {
        if (!server.up) probe(server);
        yield server;
      }
    },
  };

  function probe(server: { up: boolean; readonly endpoint: typeof servers[number]["endpoint"] }) {
    const wire = new Connection().connect(network, server.endpoint);
    void wire.change().then(() => {
      server.up = wire.isOpen;
      wire.close();
    });
  }
}
