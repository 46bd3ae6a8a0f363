/** What HTTP/2 asks of clients, and allows them (manual: "tune.h2."). */
import type { Global } from "../../../config/model.ts";
import { largest, usualFrameSize, usualWindow } from "../../../http/h2/protocol.ts";
import type { SessionLimits } from "../../../http/h2/session.ts";
import type { OwnSettings } from "../../../http/h2/settings.ts";
import type { Frontend } from "../../frontend.ts";
import type { Runtime } from "../../runtime.ts";

/** See above. */
export interface ConnectionSettings {
  readonly own: OwnSettings;
  readonly limits: SessionLimits;
}

/** What a peer may send on all streams together, unasked, in bytes, where nothing is configured. */
const usualBuffer = 1_638_400;

/** The same for all frontends of a process. */
const known = new WeakMap<Runtime, ConnectionSettings>();

/** Those towards clients. */
export function clientSettings({ runtime }: Pick<Frontend, "runtime">): ConnectionSettings {
  let settings = known.get(runtime);
  if (settings === undefined) known.set(runtime, settings = create(runtime));
  return settings;
}

function create({ headLimit, global }: Runtime): ConnectionSettings {
  const streams = global.tuneH2FeMaxConcurrentStreams ?? global.tuneH2MaxConcurrentStreams ?? 100;
  return {
    own: {
      headerTableSize: global.tuneH2HeaderTableSize,
      initialWindow: global.tuneH2FeInitialWindowSize ?? global.tuneH2InitialWindowSize ??
        usualWindow,
      maxFrameSize: frameSize(global, global.tuneH2FeMaxFrameSize),
      maxConcurrentStreams: streams || largest,
      maxFields: headLimit,
      extendedConnect: !global.h2WorkaroundBogusWebsocketClients,
      connectionWindow: Math.max(usualWindow, global.tuneH2FeRxbuf ?? usualBuffer),
    },
    limits: {
      block: headLimit + 4096,
      glitches: global.tuneH2FeGlitchesThreshold ?? 0,
      streams: global.tuneH2FeMaxTotalStreams ?? 0,
    },
  };
}

/** As in HAProxy: no longer than a buffer, and as long where nothing is configured. */
function frameSize({ tuneBufsize, tuneH2MaxFrameSize }: Global, own: number | null): number {
  const most = Math.max(usualFrameSize, tuneBufsize);
  return Math.min(most, own ?? tuneH2MaxFrameSize ?? most);
}
