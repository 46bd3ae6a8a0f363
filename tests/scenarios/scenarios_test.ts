/**
 * Each scenario on the wire: the architecture does what its comment says, seen by plain clients
 * and servers, whatever its own story says.
 */
import { assertEquals } from "@std/assert";
import { scenarios } from "#src/cli/scenarios.ts";
import { programTest } from "../binary.ts";
import { test } from "../testing.ts";
import { chats } from "./chats.ts";
import { cookies } from "./cookies.ts";
import { fronts } from "./fronts.ts";
import { discovery } from "./discovery.ts";
import { limits } from "./limits.ts";
import { load } from "./load.ts";
import { operations } from "./operations.ts";
import { pages } from "./pages.ts";
import { reconfiguration } from "./reconfiguration.ts";
import { relays } from "./relays.ts";
import { releases } from "./releases.ts";
import { sessions } from "./sessions.ts";
import { filters } from "./filters.ts";
import { routes } from "./routes.ts";
import { secured } from "./secured.ts";
import { sites } from "./sites.ts";
import { softStops } from "./soft-stops.ts";
import { withFixture } from "./fixture.ts";
import { twoBalancers } from "./two-balancers.ts";

const tests = {
  ...cookies,
  ...twoBalancers,
  ...relays,
  ...fronts,
  ...softStops,
  ...reconfiguration,
  ...sites,
  ...load,
  ...pages,
  ...routes,
  ...filters,
  ...limits,
  ...releases,
  ...chats,
  ...discovery,
  ...secured,
  ...operations,
  ...sessions,
};

test("every scenario is played on the wire", () => {
  assertEquals(Object.keys(tests).sort(), scenarios().map(({ name }) => name).sort());
});

for (const { name, text } of scenarios()) {
  const body = tests[name];
  if (body !== undefined) programTest(`${name} does what it says`, () => withFixture(text, body));
}
