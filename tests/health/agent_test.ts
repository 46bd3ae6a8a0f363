/** What agents say, and what comes of it. Words are those of HAProxy 2.6. */
import {
  agentMaxconn,
  agentProbe,
  type AgentReply,
  agentVerdict,
  agentWeight,
  parseAgent,
} from "#src/health/agent.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { runtimeIn, scene, send, target } from "./scene.ts";

const nothing: AgentReply = {
  health: null,
  admin: null,
  weight: null,
  maxconn: null,
  unknown: null,
  description: "",
};

test("agent: words in any order, parted by blanks and commas; the last of a kind counts", () => {
  const cases: [string, Partial<AgentReply>][] = [
    ["up", { health: "up" }],
    ["UP,drain\t75%", { health: "up", admin: "drain", weight: "75%" }],
    ["up down", { health: "down" }],
    ["ready maint", { admin: "maint" }],
    ["maxconn:30 50%", { maxconn: "30", weight: "50%" }],
    ["fail # too  busy", { health: "fail", description: "too  busy" }],
    ["stopped #", { health: "stopped" }],
    ["foo bar up", { health: "up", unknown: "foo" }],
    ["up#x", { unknown: "up#x" }],
    ["", {}],
    [" , ,", {}],
  ];
  for (const [line, found] of cases) assertEquals(parseAgent(line), { ...nothing, ...found }, line);
});

test("agent: weights are shares of the configuration's", () => {
  assertEquals(agentWeight("75%", 100, true), 75);
  assertEquals(agentWeight("50%", 5, true), 2);
  assertEquals(agentWeight("300%", 100, true), 256);
  assertEquals(agentWeight("7", 100, true), 7);
  assertEquals(typeof agentWeight("257", 100, true), "string");
  assertEquals(typeof agentWeight("7%x", 100, true), "string");
  assertEquals(agentWeight("100%", 7, false), 7);
  assertEquals(agentWeight("0%", 7, false), 0);
  assertEquals(
    agentWeight("50%", 8, false),
    "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.",
  );
  assertEquals(agentMaxconn("30"), 30);
  assertEquals(agentMaxconn("x"), "maxconn string empty or preceded by garbage");
  assertEquals(agentMaxconn("3x"), "Trailing garbage in maxconn string");
});

test("agent: what the log says", () => {
  const verdictOf = (line: string, warning = "") => {
    const { status, info } = agentVerdict(parseAgent(line), warning);
    return [status, info];
  };
  assertEquals(verdictOf("up"), ["L7OK", "via agent : up"]);
  assertEquals(verdictOf("down #too busy"), ["L7STS", "via agent : down (too busy)"]);
  assertEquals(verdictOf("down foo"), ["L7STS", "via agent : down (foo)"]);
  assertEquals(verdictOf("up 50% ready # ok then"), ["L7OK", "via agent : up (ok then)"]);
  assertEquals(verdictOf("up foo # fine"), ["L7OK", "via agent : up (foo)"]);
  assertEquals(verdictOf("up 50%", "why not"), ["L7OK", "via agent : up (why not)"]);
  assertEquals(verdictOf("foo"), ["CHECKED", "agent reports an error : foo"]);
  assertEquals(verdictOf("50%", "why not"), ["CHECKED", "agent warns : why not"]);
  assertEquals(verdictOf("50%"), ["CHECKED", ""]);
});

test("agent: any line is read", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii" }), (line) => {
    const { status } = agentVerdict(parseAgent(line), "");
    assertEquals(["L7OK", "L7STS", "CHECKED"].includes(status), true);
  }));
});

/** What comes of an agent that says so, and then closes or not. */
function asked(says: string, closes: boolean, asks: string | null = null) {
  const stage = scene();
  const obeyed: AgentReply[] = [];
  stage.serve({
    accepted(socket) {
      send(socket, says);
      if (closes) socket.close();
    },
  });
  const obey = (reply: AgentReply) => {
    obeyed.push(reply);
    return "";
  };
  const [result] = stage.check(agentProbe(runtimeIn(stage), () => target, asks, obey), 2100);
  assertEquals(stage.network.openSockets, 0);
  return { status: result?.status, info: result?.info, obeyed, requests: stage.requests };
}

test("agent: the first line is what counts, and must be whole", () => {
  assertEquals(asked("up\ndown\n", true).status, "L7OK");
  assertEquals(asked("down\rup\n", false).status, "L7STS");
  const cut = asked("up", true);
  assertEquals([cut.status, cut.info, cut.obeyed.length], [
    "CHECKED",
    "Ignoring incomplete line from agent",
    0,
  ]);
  assertEquals(asked("up", false).status, "L7TOUT");
  assertEquals(asked("up\n", false, "hello\n").requests, ["hello\n"]);
});
