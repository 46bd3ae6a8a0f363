/** Options of `bind` that are those of its socket (manual, chapter 5.1). */
import * as v from "valibot";
import { groupSetting, modeSetting, userSetting } from "./accounts.ts";
import { flag, nullable, zeroable } from "./keyword.ts";
import { integer, positive, text, time } from "./values.ts";

const chapter = "5.1";
/** Without them a listener is as good, or is somewhere else: an error where there are none. */
const needs = (value: unknown) =>
  value === null || value === false ? null : "socketOptions" as const;

/** See above. */
export const bindSocketSettings = {
  id: nullable("id", integer({ min: 1, example: "7" }), {
    doc: "The number of this socket, as statistics show it; else one is given.",
    chapter,
  }),
  interface: nullable("interface", text("a device", "<device>", "eth0"), {
    doc: "Takes only what comes in by this network device (SO_BINDTODEVICE).",
    chapter,
    needs,
  }),
  namespace: nullable("namespace", text("a namespace", "<name>", "blue"), {
    doc: "Listens in this network namespace (ip-netns(8)).",
    chapter,
    needs,
  }),
  user: userSetting("user", "uid", {
    doc: "Whose the path of the unix socket is.",
    chapter,
    needs,
  }),
  group: groupSetting("group", "gid", {
    doc: "The group that the path of the unix socket has.",
    chapter,
    needs,
  }),
  mode: modeSetting({
    doc: "Who may connect to the unix socket: the mode of its path, in octal.",
    chapter,
    needs,
  }),
  tfo: flag("tfo", {
    doc: "A request may come with the SYN (TCP_FASTOPEN).",
    chapter,
    needs,
  }),
  deferAccept: flag("defer-accept", {
    doc: "A connection is accepted once something has come on it (TCP_DEFER_ACCEPT).",
    chapter,
    needs,
  }),
  mss: nullable("mss", {
    schema: v.pipe(positive, v.maxValue(65535)),
    usage: "<1..65535>",
    example: "1400",
    read: (args) => integer({ min: 1, max: 65535, usage: "<1..65535>" }).read(args),
    print: (value) => [String(value)],
  }, { doc: "The largest segment of connections, in bytes (TCP_MAXSEG).", chapter, needs }),
  tcpUt: zeroable("tcp-ut", time(), {
    doc: "How long a client may not acknowledge what it is sent (TCP_USER_TIMEOUT).",
    chapter,
    needs,
  }),
  cc: nullable("cc", text("an algorithm", "<algorithm>", "bbr"), {
    doc: "The algorithm of congestion control (TCP_CONGESTION).",
    chapter,
    needs,
  }),
};
