/** Options of servers about what their checks find, and agents (manual, chapter 5.2). */
import { observations, onErrorModes } from "../../health/observe.ts";
import { initStates } from "../../health/state.ts";
import { flag, nullable, setting, zeroable } from "./keyword.ts";
import { choice, integer, text, time } from "./values.ts";

const chapter = "5.2";

/** What follows from checks, and what beside them tells of a server. */
export const serverCheckSettings = {
  agentCheck: flag("agent-check", {
    doc: "Asks an agent on the server for its health, weight and state.",
    chapter,
    off: "no-agent-check",
  }),
  agentAddr: nullable("agent-addr", text("an address", "<address>", "192.168.1.9"), {
    doc: "Where the agent is, if not where the server is.",
    chapter,
  }),
  agentPort: nullable(
    "agent-port",
    integer({ min: 1, max: 65535, usage: "<port>", example: "9999" }),
    { doc: "The agent's port.", chapter },
  ),
  agentInter: setting("agent-inter", time({ positive: true, example: "5s" }), 2000, {
    doc: "Time between two questions to the agent.",
    chapter,
  }),
  agentSend: nullable("agent-send", text("a text", "<text>", "hello"), {
    doc: "What the agent is told when it is asked.",
    chapter,
  }),
  observe: nullable("observe", choice("a layer", observations), {
    doc: "Learns of the server's health from the traffic: its connections, or its responses.",
    chapter,
  }),
  errorLimit: setting("error-limit", integer({ min: 1, example: "20" }), 10, {
    doc: "Errors in a row that 'observe' sees until 'on-error' acts.",
    chapter,
  }),
  onError: setting("on-error", choice("what to do", onErrorModes), "fail-check", {
    doc: "What comes of the errors that 'observe' sees.",
    chapter,
  }),
  onMarkedDown: nullable("on-marked-down", choice("what to do", ["shutdown-sessions"]), {
    doc: "What happens to a server's sessions when it goes down.",
    chapter,
  }),
  onMarkedUp: nullable("on-marked-up", choice("what to do", ["shutdown-backup-sessions"]), {
    doc: "What happens to the sessions of backups when the server comes up.",
    chapter,
  }),
  slowstart: zeroable("slowstart", time({ example: "30s" }), {
    doc: "Time in which a server that comes back takes its whole share again.",
    chapter,
  }),
  initState: setting("init-state", choice("a state", initStates), "up", {
    doc: "How a server is seen before its first check.",
    chapter,
  }),
  checkProto: nullable("check-proto", choice("a protocol", ["h1", "none"], ["h2", "fcgi"]), {
    doc: "The protocol of checks: as their kind has it.",
    chapter,
  }),
  checkViaSocks4: flag("check-via-socks4", {
    doc: "Checks go through the server's 'socks4', if it has one: they go straight without.",
    chapter,
  }),
};
