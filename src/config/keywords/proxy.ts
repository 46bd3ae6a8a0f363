/** Keywords of proxies as such: what they are, where they listen, how many connections they take. */
import * as v from "valibot";
import { choice as readChoice } from "../haproxy/arguments.ts";
import { Bind, bindWords } from "./bind.ts";
import { words } from "./process.ts";
import { define, flag, nullable, setting, zeroable } from "./keyword.ts";
import { choice, integer, network, text, time } from "./values.ts";

const modes = choice("a mode", ["http", "tcp"], ["cli", "log"]);

const mode: typeof modes = {
  ...modes,
  example: "http",
  read(args) {
    if (args.peek()?.text === "health") {
      args.next();
      const hint =
        "a server that answers needs a proxy in mode http; 'monitor-net' serves monitors";
      throw args.mistake("'mode health' does not exist any more", hint);
    }
    if (args.peek()?.text === "spop") {
      args.next();
      const why = "sluice asks no agents of SPOE: nothing goes there";
      args.report.warning(args.here(), `'mode spop' has no effect: ${why}`);
      return "tcp";
    }
    return readChoice(args, "a mode", ["http", "tcp"], ["cli", "log"]);
  },
};

/** Settings of a proxy as a whole, printed first. */
export const generalSettings = {
  id: nullable("id", integer({ min: 1, example: "7" }), {
    doc: "The number of the proxy, as statistics show it; else one is given.",
    chapter: "4.2",
    defaults: false,
  }),
  guid: nullable("guid", text("an identifier", "<string>", "www-blue"), {
    doc: "A name of the proxy that no other object has.",
    chapter: "4.2",
    defaults: false,
  }),
  description: nullable("description", words, {
    doc: "A label for people: nothing depends on it.",
    chapter: "4.2",
    defaults: false,
  }),
  disabled: flag("disabled", {
    doc: "Leaves the proxy out: it neither listens nor is checked.",
    chapter: "4.2",
    off: "enabled",
  }),
  mode: setting("mode", mode, "tcp", {
    doc: "The protocol: HTTP, or any over TCP.",
    chapter: "4.2",
  }),
};

/** Settings of the client's side. */
export const clientSettings = {
  bind: define({
    doc: "Where the proxy listens.",
    chapter: "4.2",
    side: "frontend",
    defaults: false,
    schema: v.optional(v.array(Bind), []),
    forms: [],
    print: (binds: readonly Bind[]) => binds.map(bindWords),
  }),
  maxconn: zeroable("maxconn", integer({ zero: true, example: "2000" }), {
    doc: "Concurrent connections of the proxy at most; else the process's.",
    chapter: "4.2",
    side: "frontend",
  }),
  rateLimitSessions: zeroable(
    "rate-limit sessions",
    integer({ min: 1, zero: true, example: "100" }),
    {
      doc: "Sessions that the proxy begins a second at most; further clients wait.",
      chapter: "4.2",
      side: "frontend",
    },
  ),
  backlog: zeroable("backlog", integer({ min: 1, zero: true, example: "1024" }), {
    doc: "Connections that the kernel keeps until they are accepted.",
    chapter: "4.2",
    side: "frontend",
  }),
  monitorNet: nullable("monitor-net", network, {
    doc: "Clients of this network are monitors: closed at once, not logged.",
    chapter: "4.2",
    side: "frontend",
  }),
  monitorUri: nullable("monitor-uri", text("a URI", "<uri>", "/alive"), {
    doc: "Requests for this URI are answered here: the proxy is alive.",
    chapter: "4.2",
    side: "frontend",
    http: true,
  }),
  grace: setting("grace", time(), 0, {
    doc: "How long listeners stay after a soft-stop was asked for.",
    chapter: "4.2",
  }),
};
