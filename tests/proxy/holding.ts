/** Origins that keep requests waiting, so that tests see who is served when. */
import type { Origin } from "./harness.ts";
import { type Message, response, target } from "#src/simulate/message.ts";
import type { Connection } from "#src/simulate/connection.ts";

/**
 * An origin that answers when it is told to, oldest request first. It knows the most requests that it
 * had at once.
 * @param counts whether one on this connection counts for that
 */
export function holding(
  origin: Origin,
  counts: (connection: Connection) => boolean = () => true,
): Origin & { inHand: number; most: number; finish(): Message } {
  const open: { asked: Message; connection: Connection }[] = [];
  const held = Object.assign(origin, {
    most: 0,
    inHand: 0,
    finish(): Message {
      const { asked, connection } = open.shift()!;
      held.inHand--;
      connection.send(response(`${origin.name}${target(asked)}`));
      return asked;
    },
  });
  origin.answer = (asked, connection) => {
    open.push({ asked, connection });
    held.inHand++;
    held.most = Math.max(held.most, open.filter(({ connection }) => counts(connection)).length);
    const { onGone } = connection;
    connection.onGone = (peer) => {
      onGone(peer);
      for (let i = open.length - 1; i >= 0; i--) {
        if (!open[i]!.connection.isOver) continue;
        open.splice(i, 1);
        held.inHand--;
      }
    };
    return null;
  };
  return held;
}
