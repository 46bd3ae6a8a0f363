/** Options of servers that are those of their connections (manual, chapter 5.2). */
import { flag, nullable, setting, zeroable } from "./keyword.ts";
import { integer, text, time } from "./values.ts";

const chapter = "5.2";
const needs = (value: unknown) =>
  value === null || value === false ? null : "socketOptions" as const;
const count = (example: string) => integer({ min: -1, usage: "<number>|-1", example });

/** See above. */
export const serverSocketSettings = {
  id: nullable("id", integer({ min: 1, example: "7" }), {
    doc: "The number of this server, as statistics show it; else one is given.",
    chapter,
  }),
  guid: nullable("guid", text("an identifier", "<string>", "web1-blue"), {
    doc: "A name of this server that no other object has.",
    chapter,
  }),
  interface: nullable("interface", text("a device", "<device>", "eth0"), {
    doc: "Connects by this network device (SO_BINDTODEVICE).",
    chapter,
    needs,
  }),
  namespace: nullable("namespace", text("a namespace", "<name>", "blue"), {
    doc: "Connects from this network namespace (ip-netns(8)).",
    chapter,
    needs,
  }),
  tcpUt: zeroable("tcp-ut", time(), {
    doc: "How long the server may not acknowledge what it is sent (TCP_USER_TIMEOUT).",
    chapter,
    needs,
  }),
  tfo: flag("tfo", {
    doc: "The first bytes of a request go with the SYN (TCP_FASTOPEN_CONNECT).",
    chapter,
    off: "no-tfo",
    needs,
  }),
  cc: nullable("cc", text("an algorithm", "<algorithm>", "bbr"), {
    doc: "The algorithm of congestion control (TCP_CONGESTION).",
    chapter,
    needs,
  }),
  maxReuse: setting("max-reuse", count("100"), -1, {
    doc: "How often an idle connection is used again at most; -1: as often as it can be.",
    chapter,
  }),
  poolMaxConn: setting("pool-max-conn", count("20"), -1, {
    doc: "Idle connections that are kept at most; -1: as many as there are.",
    chapter,
  }),
  poolPurgeDelay: setting("pool-purge-delay", time({ example: "10s" }), 5000, {
    doc: "How often idle connections that were not needed are closed; 0: none is kept.",
    chapter,
  }),
};
