/** Keywords that tune HTTP/2 (manual, chapter 3.2, "tune.h2."). */
import { flag, nullable, setting } from "./keyword.ts";
import { choice, integer } from "./values.ts";

const chapter = "3.2";
const largest = 2 ** 31 - 1;

/** Errors that are logged. */
export const loggedErrors = ["stream", "connection", "none"] as const;

/** A number of a setting of HTTP/2; null: the usual one. */
function number(
  name: string,
  doc: string,
  { min = 0, max = largest, example = "100", usage = "<number>" } = {},
) {
  const value = integer({ min, max, usage, example });
  return nullable(`tune.h2.${name}`, value, { doc, chapter });
}

const bytes = { usage: "<bytes>", example: "65535" };
const window = (whose: string) =>
  `What ${whose} may send of a content before it is told of more room; else 65535.`;
const streams = (whose: string) => `Streams that ${whose} may have open; else 100. 0: any number.`;
const frames = (whose: string) => `The longest frame that is taken from ${whose}.`;
const frameSize = { min: 16_384, max: 2 ** 24 - 1, usage: "<bytes>", example: "16384" };
const buffer = (whose: string) =>
  `What ${whose} may send on all streams together before it is told of more room; else 1638400.`;
const glitches = (whose: string) =>
  `Strange things that ${whose} may do on a connection before it is closed. 0: any number.`;

/** See above. */
export const http2Settings = {
  tuneH2HeaderTableSize: setting(
    "tune.h2.header-table-size",
    integer({ min: 4096, max: 65_536, usage: "<bytes>", example: "8192" }),
    4096,
    { doc: "Memory for the fields that a peer has sent before.", chapter },
  ),
  tuneH2InitialWindowSize: number("initial-window-size", window("a peer"), bytes),
  tuneH2MaxConcurrentStreams: number("max-concurrent-streams", streams("a peer")),
  tuneH2MaxFrameSize: number("max-frame-size", frames("peers"), frameSize),
  tuneH2FeInitialWindowSize: number("fe.initial-window-size", window("a client"), bytes),
  tuneH2FeMaxConcurrentStreams: number("fe.max-concurrent-streams", streams("a client")),
  tuneH2FeMaxFrameSize: number("fe.max-frame-size", frames("clients"), frameSize),
  tuneH2FeRxbuf: number("fe.rxbuf", buffer("a client"), { ...bytes, example: "1638400" }),
  tuneH2FeMaxTotalStreams: number(
    "fe.max-total-streams",
    "Requests that a client's connection carries in all before it is closed. 0: any number.",
  ),
  tuneH2FeGlitchesThreshold: number("fe.glitches-threshold", glitches("a client")),
  tuneH2BeInitialWindowSize: number("be.initial-window-size", window("a server"), bytes),
  tuneH2BeMaxConcurrentStreams: number(
    "be.max-concurrent-streams",
    "Requests on one connection to a server; else 100, or what the server allows.",
  ),
  tuneH2BeMaxFrameSize: number("be.max-frame-size", frames("servers"), frameSize),
  tuneH2BeRxbuf: number("be.rxbuf", buffer("a server"), { ...bytes, example: "1638400" }),
  tuneH2BeGlitchesThreshold: number("be.glitches-threshold", glitches("a server")),
  tuneH2LogErrors: setting(
    "tune.h2.log-errors",
    choice("what to log", loggedErrors),
    "stream",
    { doc: "Which errors of clients are logged: of streams and connections, or these.", chapter },
  ),
  h2WorkaroundBogusWebsocketClients: flag("h2-workaround-bogus-websocket-clients", {
    doc: "Clients are not told that they may open WebSockets over HTTP/2 (RFC 8441).",
    chapter,
    no: true,
  }),
};
