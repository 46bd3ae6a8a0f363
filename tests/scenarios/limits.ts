/** Who may ask for what, and how often. */
import { assertEquals } from "@std/assert";
import { until } from "../until.ts";
import type { ScenarioTest } from "./fixture.ts";
import { get, open, valuesOf } from "./wire.ts";

export const limits: Readonly<Record<string, ScenarioTest>> = {
  async "api-gateway"(fixture) {
    const { origin, visit, last } = fixture;
    const names = ["ordersA", "ordersB", "search"];
    await Promise.all(names.map((name, i) => origin(name, 11 + i)));
    await fixture.run(async () => {
      const key = ["X-Api-Key: 4f9d-8a31", "X-Customer: globex"];
      for (let used = 1; used <= 10; used++) {
        const { status, message } = await visit("/v1/search", key);
        assertEquals([status, ...valuesOf(message, "X-RateLimit-Used")], [200, String(used)]);
      }
      const seen = last("search");
      assertEquals(valuesOf(seen, "X-Customer"), ["acme"]);
      assertEquals(valuesOf(seen, "X-Api-Key"), []);
      const late = await visit("/v1/search", key);
      assertEquals(late.status, 429);
      assertEquals(JSON.parse(late.server), { error: "too many requests", used: 11, limit: 10 });
      const stranger = await visit("/v1/search", ["X-Api-Key: 1"]);
      assertEquals([stranger.status, JSON.parse(stranger.server)], [401, {
        error: "who are you?",
      }]);
      const nina = [`Authorization: Basic ${btoa("nina:sluice")}`];
      assertEquals((await visit("/v1/orders/17", nina)).status, 200);
      assertEquals((await visit("/", nina)).status, 404);
    });
  },

  async "rate-limit"(fixture) {
    const { origin, visit, address } = fixture;
    await Promise.all([origin("webA", 11), origin("webB", 12)]);
    await fixture.run(async () => {
      const statuses = async (count: number, uri: string, from: number) => {
        const all: number[] = [];
        for (let i = 0; i < count; i++) all.push((await visit(uri, [], { from })).status);
        return all;
      };
      assertEquals(await statuses(32, "/", 102), [...Array(30).fill(200), 429, 429]);
      assertEquals(await statuses(1, "/", 101), [200]);
      await statuses(28, "/", 102);
      const refused = open({ host: address(1), port: 8080, localAddress: address(102) });
      refused.send(get("/"));
      await until(() => refused.endOfStream, "the 61st connection to be closed");
      assertEquals(refused.received, "");
      assertEquals(await statuses(35, "/", 9), Array(35).fill(200));
    });
  },
};
