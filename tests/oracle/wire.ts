/** What the clients and servers of this folder are: the kit's connections, on node:net. */
import type { Connection } from "#src/simulate/connection.ts";

/** How a connection ended, as seen from here: the other side's FIN or RST. */
export type End = "FIN" | "RST";

/** How it ended; null: it has not. */
export function ended({ hasEnded, isOver }: Connection): End | null {
  return hasEnded ? "FIN" : isOver ? "RST" : null;
}
