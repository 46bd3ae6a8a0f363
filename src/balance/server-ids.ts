/** The numbers of servers (manual: "server", id), from which their places and their order follow. */

/**
 * Numbers those that have none as HAProxy does: each gets the next one that is free, counted on with
 * each server.
 */
export function serverIds(servers: readonly { readonly id: number | null }[]): number[] {
  const used = new Set(servers.map(({ id }) => id));
  let next = 1;
  return servers.map(({ id }) => {
    if (id === null) { while (used.has(next)) next++; }
    const own = id ?? next;
    next++;
    return own;
  });
}
