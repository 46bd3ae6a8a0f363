/** Draws what went over a connection without HTTP. */
import { arrow, columnsOf, heads, type Look } from "./picture.ts";
import type { Conversation } from "./scene.ts";

/** The client to the left, the server to the right, as an exchange is drawn. */
export function drawConversation(
  { client, proxy, server, flows }: Conversation,
  look: Look,
): string[] {
  const { onLeft, onRight, left, right } = columnsOf(look);
  const { paint } = look;
  return [
    heads(client, proxy, server === null ? [] : [server], look),
    ...flows.flatMap(({ side, way, text }) => {
      const [tail, head] = way === "out" ? [">-- ", "->"] : ["<-- ", "-<"];
      return side === "client"
        ? onLeft(arrow(`  ${tail}`, text, head, left.room, paint))
        : onRight(arrow(` ${tail}`, text, head, right.room, paint));
    }),
  ];
}
