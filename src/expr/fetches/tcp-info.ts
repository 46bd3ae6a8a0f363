/** Fetches of what the kernel knows of TCP connections (manual, chapter 7.3.3: "fc_rtt"). */
import type { Socket } from "../../net/socket.ts";
import { may } from "../arguments.ts";
import type { Context } from "../context.ts";
import type { Fetch } from "../fetch.ts";
import { NEEDS_CLIENT, NEEDS_SERVER } from "../needs.ts";
import { SINT } from "../sample.ts";

const chapter = "7.3.3";
/** Bytes are in the order of the machine, which is little on all that Bun and Deno run on. */
const little = true;

type Whose = (context: Context) => Socket | null;
const client: Whose = ({ socket }) => socket;
const server: Whose = ({ serverConnection }) => serverConnection?.socket ?? null;

/** Where counters are in struct tcp_info. */
const counters = {
  fackets: [40, "segments that the receiver has forward acknowledged"],
  lost: [32, "segments taken for lost"],
  reordering: [88, "how far segments may come out of order"],
  sacked: [28, "segments acknowledged selectively"],
  unacked: [24, "segments not acknowledged"],
} as const;

const round = { rtt: [68, "round trip time"], rttvar: [72, "round trip time's variance"] } as const;

function timeOf(name: string, whose: Whose, needs: number, at: number, what: string): Fetch {
  return {
    name,
    args: [may("unit")],
    type: SINT,
    needs,
    doc: `The ${what} of the connection, ms or us.`,
    chapter,
    create(args) {
      const divisor = args.choice(0, ["ms", "us"], "ms") === "us" ? 1 : 1000;
      return (context, sample) => {
        const info = whose(context)?.tcpInfo?.() ?? null;
        return info !== null && sample.setInt(Math.floor(info.getUint32(at, little) / divisor));
      };
    },
  };
}

/** {@linkcode Fetch}es of this family. */
export const tcpInfoFetches: readonly Fetch[] = [
  ...Object.entries(counters).map(([name, [at, what]]): Fetch => ({
    name: `fc_${name}`,
    type: SINT,
    needs: NEEDS_CLIENT,
    doc: `Of the client's connection: ${what}.`,
    chapter,
    create: () => (context, sample) => {
      const info = client(context)?.tcpInfo?.() ?? null;
      return info !== null && sample.setInt(info.getUint32(at, little));
    },
  })),
  {
    name: "fc_retrans",
    type: SINT,
    needs: NEEDS_CLIENT,
    doc: "Of the client's connection: how often a segment was sent again without an answer.",
    chapter,
    create: () => (context, sample) => {
      const info = client(context)?.tcpInfo?.() ?? null;
      return info !== null && sample.setInt(info.getUint8(2));
    },
  },
  ...Object.entries(round).flatMap(([name, [at, what]]) => [
    timeOf(`fc_${name}`, client, NEEDS_CLIENT, at, what),
    timeOf(`bc_${name}`, server, NEEDS_SERVER, at, what),
  ]),
];
