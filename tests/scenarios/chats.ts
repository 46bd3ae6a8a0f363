/** Connections that last. */
import { assertEquals } from "@std/assert";
import { asksForWebSocket, messageFrame, takeMessageOf } from "#src/simulate/websocket.ts";
import { acceptFields, upgradeFields } from "#src/simulate/websocket.ts";
import { messageText, readMessage } from "#src/simulate/message.ts";
import { until } from "../until.ts";
import type { ScenarioTest } from "./fixture.ts";
import { open, response, statusOf } from "./wire.ts";

export const chats: Readonly<Record<string, ScenarioTest>> = {
  async websockets(fixture) {
    const { origin, server, visit, address } = fixture;
    await origin("web", 11);
    for (const [name, last] of [["chatA", 12], ["chatB", 13]] as const) {
      await server(name, { host: address(last), port: 8000 }, async (connection) => {
        const request = await readMessage(connection, "request");
        if (request === null || !asksForWebSocket(request)) {
          connection.send(response("")).fin();
          return;
        }
        const line = "HTTP/1.1 101 Switching Protocols";
        connection.send(messageText({ line, fields: acceptFields(request) }));
        let text: string | null = null;
        while (await connection.until(() => (text = takeMessageOf(connection)) !== null)) {
          connection.send(messageFrame(`${name} got ${text}`, false));
        }
      });
    }
    await fixture.run(async () => {
      const ask = async (...fields: string[]) => {
        const client = open({ host: address(1), port: 8080 });
        const all = ["Host: a", ...upgradeFields, ...fields];
        const granted = await client.request(
          messageText({ line: "GET /chat HTTP/1.1", fields: all }),
        );
        return { client, status: statusOf(granted) };
      };
      const ours = "Origin: http://www.shop.example";
      assertEquals((await ask("Origin: http://evil.example")).status, 403);
      const [first, second] = [await ask(ours), await ask(ours)];
      assertEquals([first.status, second.status, (await visit("/")).server], [101, 101, "web"]);
      // Longer than 'timeout client'.
      await new Promise((resolve) => setTimeout(resolve, 600));
      const answers: string[] = [];
      for (const { client } of [first, second]) {
        client.send(messageFrame("hello", true));
        answers.push(await until(() => takeMessageOf(client) ?? undefined, "an answer"));
        client.close();
      }
      assertEquals(answers.sort(), ["chatA got hello", "chatB got hello"]);
    });
  },
};
