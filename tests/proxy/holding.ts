/** Origins that keep requests waiting, so that tests see who is served when. */
import type { Origin } from "./harness.ts";
import { type Message, response, target } from "./messages.ts";

/** An origin that answers when it is told to, oldest request first. */
export function holding(
  origin: Origin,
): Origin & { inHand: number; most: number; finish(): Message } {
  const open: { asked: Message; send: (text: string) => void; gone: () => boolean }[] = [];
  const held = Object.assign(origin, {
    most: 0,
    inHand: 0,
    finish(): Message {
      const { asked, send } = open.shift()!;
      held.inHand--;
      send(response(`${origin.name}${target(asked)}`));
      return asked;
    },
  });
  origin.answer = (asked, connection) => {
    open.push({ asked, send: (text) => connection.send(text), gone: () => connection.isOver });
    held.most = Math.max(held.most, ++held.inHand);
    const { onGone } = connection;
    connection.onGone = (peer) => {
      onGone(peer);
      for (let i = open.length - 1; i >= 0; i--) {
        if (!open[i]!.gone()) continue;
        open.splice(i, 1);
        held.inHand--;
      }
    };
    return null;
  };
  return held;
}
