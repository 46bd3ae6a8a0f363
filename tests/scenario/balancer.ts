/**
 * A toy in the proxy's place, for the tests of the demo: it gives clients servers in turn, and keeps
 * them there by a cookie. `flaw` makes it do something wrong.
 */
import { headText, readRequest, readResponse, valueOf } from "#src/scenario/message.ts";
import type { Instance } from "#src/scenario/company.ts";
import { accepted, dial, type Wire } from "#src/scenario/wire.ts";
import { worldOf } from "#src/scenario/world.ts";
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
  const { servers, entries } = worldOf(configuration);
  const state = servers.map((place) => ({ ...place, up: true }));
  let turn = 0;
  let running = true;

  async function serve(client: Wire): Promise<void> {
    for (;;) {
      const message = await readRequest(client);
      if (message === null) break;
      const { head } = message;
      const known = /SERVERID=(\w+)/.exec(valueOf(head, "Cookie") ?? "")?.[1];
      const alive = state.filter((server) => server.up);
      const server = alive.find(({ name }) => name === known) ?? alive[turn++ % alive.length];
      if (server === undefined) break;
      const upstream = dial(network, server.endpoint, {});
      const fields = flaw === "forwards its cookie"
        ? head.fields
        : head.fields.filter(([name]) => name !== "Cookie");
      upstream.send(headText({ ...head, fields }));
      const response = await readResponse(upstream, head.line.split(" ")[0] ?? "");
      upstream.close();
      if (response === null) {
        server.up = false;
        client.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
        continue;
      }
      const set = server.name === known ? [] : [["Set-Cookie", `SERVERID=${server.name}`] as const];
      const content = flaw === "garbles content"
        ? response.content.toUpperCase()
        : response.content;
      client.send(
        headText({ ...response.head, fields: [...response.head.fields, ...set] }) + content,
      );
      if (head.line.endsWith("HTTP/1.0")) break;
    }
    client.close();
  }

  const listeners = entries.map(({ endpoint }) =>
    network.listen(endpoint, {}, (socket) => {
      const wire = accepted(socket);
      void serve(wire);
      return wire.events;
    })
  );
  return {
    get running() {
      return running;
    },
    stop() {
      running = false;
      for (const listener of listeners) listener.close();
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
    const wire = dial(network, server.endpoint, {});
    void wire.change().then(() => {
      server.up = wire.open;
      wire.close();
    });
  }
}
