/** What HTTP/2 asks of clients, and allows them (manual: "tune.h2."). */
import type { SessionLimits } from "../../../http/h2/session.ts";
import type { OwnSettings } from "../../../http/h2/settings.ts";
import type { Frontend } from "../../frontend.ts";

/** See above. */
export interface ConnectionSettings {
  readonly own: OwnSettings;
  readonly limits: SessionLimits;
}

/** What the clients of all streams of a connection may send together, unasked, in bytes. */
const connectionWindow = 1 << 20;

/** The same for all frontends of a process. */
const known = new WeakMap<Frontend["runtime"], ConnectionSettings>();

/** Those of a frontend. */
export function clientSettings({ runtime }: Frontend): ConnectionSettings {
  let settings = known.get(runtime);
  if (settings === undefined) known.set(runtime, settings = create(runtime));
  return settings;
}

function create({ headLimit }: Frontend["runtime"]): ConnectionSettings {
  return {
    own: {
      headerTableSize: 4096,
      initialWindow: 65_535,
      maxFrameSize: 16_384,
      maxConcurrentStreams: 100,
      maxFields: headLimit,
      extendedConnect: true,
      connectionWindow,
    },
    limits: { block: headLimit + 4096, glitches: 0, streams: 0 },
  };
}
