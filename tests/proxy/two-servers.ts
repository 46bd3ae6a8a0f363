/** What tests of persistence play with: two servers, told apart by a cookie. */
import { type Answer, type Scene, server } from "./harness.ts";
import { field, type Message, request } from "#src/simulate/message.ts";

/** The server lines. */
export const servers = [server("s1", { cookie: "A" }), server("s2", { cookie: "B" })];

/** The proxy's cookie. */
export const cookie = { name: "SID", mode: "insert" } as const;

/** Starts both servers. */
export function start(w: Scene, answer?: Answer) {
  return { s1: w.origin("s1", answer), s2: w.origin("s2", answer) };
}

/** One request, with a Cookie field if `sent` is given, over a connection of its own. */
export function ask(w: Scene, sent: string | null = null, path = "/"): Message {
  const client = w.client().request(
    request(path, null, ...sent === null ? [] : [`Cookie: ${sent}`]),
  );
  w.run();
  client.close();
  w.run();
  return client.responses.whole[0]!;
}

/** What a response sets. */
export const set = (message: Message) => field(message, "set-cookie");
