/** Keywords of a proxy's sockets: keep-alive probes, delays, how they close (manual, chapter 4.2). */
import * as v from "valibot";
import { time as readTime } from "../haproxy/arguments.ts";
import { formatTime } from "../../text/time.ts";
import { flag, type Side, type Value, zeroable } from "./keyword.ts";
import { integer, milliseconds } from "./values.ts";

const chapter = "4.2";

/** A time whose plain numbers are seconds. */
const seconds: Value<v.GenericSchema<number>> = {
  schema: milliseconds,
  usage: "<time>",
  example: "30s",
  read: (args) => readTime(args, "s"),
  print: (value) => [formatTime(value)],
};

const needs = (value: unknown) =>
  value === null || value === false ? null : "socketOptions" as const;

function option(name: string, side: Side, doc: string) {
  return flag(`option ${name}`, { doc, chapter, side, no: true, needs });
}

/** How many probes, and when: of clients' connections, or of servers'. */
function probes<const P extends "clitcpka" | "srvtcpka">(prefix: P, side: Side, whose: string) {
  const count = integer({ min: 1, max: 127, zero: true, usage: "<count>", example: "3" });
  return {
    count: zeroable(`${prefix}-cnt`, count, {
      doc: `Probes that a ${whose} may leave without an answer (TCP_KEEPCNT).`,
      chapter,
      side,
    }),
    idle: zeroable(`${prefix}-idle`, seconds, {
      doc: `How long a ${whose}'s connection is idle before the first probe (TCP_KEEPIDLE).`,
      chapter,
      side,
    }),
    interval: zeroable(`${prefix}-intvl`, seconds, {
      doc: `Time between two probes of a ${whose} (TCP_KEEPINTVL).`,
      chapter,
      side,
    }),
  };
}

const client = probes("clitcpka", "frontend", "client");
const server = probes("srvtcpka", "backend", "server");

/** See above. */
export const socketSettings = {
  tcpka: flag("option tcpka", {
    doc: "Sends TCP keep-alive probes, to clients and to servers.",
    chapter,
    needs,
  }),
  clitcpka: option("clitcpka", "frontend", "Sends TCP keep-alive probes to clients."),
  clitcpkaCnt: client.count,
  clitcpkaIdle: client.idle,
  clitcpkaIntvl: client.interval,
  srvtcpka: option("srvtcpka", "backend", "Sends TCP keep-alive probes to servers."),
  srvtcpkaCnt: server.count,
  srvtcpkaIdle: server.idle,
  srvtcpkaIntvl: server.interval,
  tcpSmartAccept: option(
    "tcp-smart-accept",
    "frontend",
    "Lets the acknowledgment of a request wait for the response (TCP_QUICKACK off).",
  ),
  tcpSmartConnect: option(
    "tcp-smart-connect",
    "backend",
    "Lets the last acknowledgment of a connect wait for the request (TCP_QUICKACK off).",
  ),
  nolinger: option(
    "nolinger",
    "both",
    "Closes connections with a reset: what is still under way may be lost.",
  ),
};
