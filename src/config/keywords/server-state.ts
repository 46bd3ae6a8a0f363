/** Files with the states of servers (manual, chapters 3.1 and 4.2: "load-server-state-from-file"). */
import * as v from "valibot";
import { nullable } from "./keyword.ts";
import { choice, text } from "./values.ts";

/** Settings of the process. */
export const globalStateSettings = {
  serverStateBase: nullable("server-state-base", text("a folder", "<folder>", "/var/lib/haproxy"), {
    doc: "Where files with the states of servers are, whose names do not begin with '/'.",
    chapter: "3.1",
  }),
  serverStateFile: nullable(
    "server-state-file",
    text("a file", "<file>", "/var/lib/haproxy/server-state"),
    {
      doc: "The file with the states of servers of all backends.",
      chapter: "3.1",
    },
  ),
};

/** Settings of proxies. */
export const proxyStateSettings = {
  loadServerStateFromFile: nullable(
    "load-server-state-from-file",
    choice("a source", ["global", "local", "none"] as const),
    {
      doc: "Servers begin with the states of a file: that of the process, or of this backend.",
      chapter: "4.2",
      side: "backend",
    },
  ),
  serverStateFileName: nullable("server-state-file-name", {
    schema: v.string(),
    usage: "[use-backend-name|<file>]",
    example: "web-servers",
    read: (args) => args.peek() === undefined ? "use-backend-name" : args.word("a file").text,
    print: (name: string) => [name],
  }, {
    doc: "The file of this backend for 'load-server-state-from-file local'; else of its name.",
    chapter: "4.2",
    side: "backend",
  }),
};
