/** Which idle connection to a server a request may use, and where its own goes afterwards. */
import type { Backend } from "../backend.ts";
import type { Server } from "../server.ts";
import { ServerConnection } from "../stream/server-connection.ts";
import type { HttpClient } from "./client.ts";

/**
 * An established connection that may carry the client's request; null: none (manual: "http-reuse").
 * @param repeatable whether the request can be sent again, should the connection turn out dead
 * @param name the name that the server is asked for by TLS; null: none
 */
export function takeConnection(
  client: HttpClient,
  server: Server,
  repeatable: boolean,
  name: string | null,
): ServerConnection | null {
  const own =
    client.privates?.take((connection) =>
      connection.server === server && connection.name === name && !connection.outdated
    ) ?? null;
  if (own !== null || !server.poolable) return own;
  const first = client.requests === 1;
  const { httpReuse } = server.backend.config;
  if (httpReuse === "never" || (httpReuse === "safe" && first)) return null;
  const proven = httpReuse === "aggressive" && first;
  const shared = server.shared?.find(proven, name) ?? null;
  return shared === null
    ? server.pool.take(!repeatable, proven, name)
    : new ServerConnection(server, null, null, 0, shared);
}

/** The server that has authenticated a connection of this client; null: none has. */
export function authenticatedServer(client: HttpClient, backend: Backend): Server | null {
  const { privates } = client;
  if (privates === null) return null;
  const known = privates.find(({ server, isPrivate }) =>
    isPrivate && server.backend === backend && server.serves
  );
  return known === null ? null : backend.at(known.server.index)!;
}

/** The server that the client's own connection leads to (manual: "option prefer-last-server"). */
export function lastServer(client: HttpClient, backend: Backend): Server | null {
  const { privates } = client;
  const { preferLastServer, maxKeepAliveQueue: most } = backend.config;
  if (privates === null || !preferLastServer || backend.hashes) return null;
  const known = privates.find(({ server }) => {
    const own = server.backend === backend ? backend.at(server.index)! : null;
    return own !== null && own.serves && (most < 0 || !own.full || own.queue.length < most);
  });
  return known === null ? null : backend.at(known.server.index)!;
}

/** Whether it has been used as often as it may be (manual: "max-reuse"), or none may be kept. */
function isWornOut({ server, requests }: ServerConnection): boolean {
  const { maxReuse, poolMaxConn, poolPurgeDelay } = server.config;
  return (maxReuse >= 0 && requests > maxReuse) || poolPurgeDelay === 0 ||
    (poolMaxConn >= 0 && server.pool.everywhere.value >= poolMaxConn);
}

/**
 * Keeps a connection for later requests: of all clients, of this one, or of none.
 * @param stays whether the client's connection stays open
 */
export function putConnection(
  client: HttpClient,
  connection: ServerConnection,
  stays: boolean,
): void {
  if (connection.isShare) return connection.close();
  const { server, isPrivate } = connection;
  if (!server.serves || connection.outdated || isWornOut(connection)) return connection.reset();
  if (!isPrivate && server.poolable && server.backend.config.httpReuse !== "never") {
    server.pool.add(connection);
  } else if (stays && (isPrivate || server.limit === Infinity)) {
    // An idle private connection would count towards a limit, and no other client could use it.
    client.keepPrivate(connection);
  } else {
    connection.reset();
  }
}
