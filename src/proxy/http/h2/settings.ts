/** What HTTP/2 asks of clients, and allows them (manual: "tune.h2."). */
import type { Global } from "../../../config/model.ts";
import { largest, usualFrameSize, usualWindow } from "../../../http/h2/protocol.ts";
import type { SessionLimits } from "../../../http/h2/session.ts";
import type { OwnSettings } from "../../../http/h2/settings.ts";
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
export function clientSettings({ runtime }: { readonly runtime: Runtime }): ConnectionSettings {
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

const knownOfServers = new WeakMap<Runtime, ConnectionSettings>();

/** Those towards servers. */
export function serverSettings({ runtime }: { readonly runtime: Runtime }): ConnectionSettings {
  let settings = knownOfServers.get(runtime);
  if (settings === undefined) knownOfServers.set(runtime, settings = createOfServers(runtime));
  return settings;
}

function createOfServers({ headLimit, global }: Runtime): ConnectionSettings {
  const streams = global.tuneH2BeMaxConcurrentStreams ?? global.tuneH2MaxConcurrentStreams ?? 100;
  return {
    own: {
      headerTableSize: global.tuneH2HeaderTableSize,
      initialWindow: global.tuneH2BeInitialWindowSize ?? global.tuneH2InitialWindowSize ??
        usualWindow,
      maxFrameSize: frameSize(global, global.tuneH2BeMaxFrameSize),
      maxConcurrentStreams: streams || largest,
      maxFields: headLimit,
      extendedConnect: false,
      connectionWindow: Math.max(usualWindow, global.tuneH2BeRxbuf ?? usualBuffer),
    },
    limits: {
      block: headLimit + 4096,
      glitches: global.tuneH2BeGlitchesThreshold ?? 0,
      streams: 0,
    },
  };
}

/** As in HAProxy: no longer than a buffer, and as long where nothing is configured. */
function frameSize({ tuneBufsize, tuneH2MaxFrameSize }: Global, own: number | null): number {
  const most = Math.max(usualFrameSize, tuneBufsize);
  return Math.min(most, own ?? tuneH2MaxFrameSize ?? most);
}
