/** SETTINGS, of both sides (RFC 9113, section 6.5; RFC 8441, section 3). */
import {
  ENABLE_CONNECT_PROTOCOL,
  ENABLE_PUSH,
  FLOW_CONTROL_ERROR,
  HEADER_TABLE_SIZE,
  INITIAL_WINDOW_SIZE,
  largest,
  MAX_CONCURRENT_STREAMS,
  MAX_FRAME_SIZE,
  MAX_HEADER_LIST_SIZE,
  NO_ERROR,
  PROTOCOL_ERROR,
  usualFrameSize,
  usualTableSize,
  usualWindow,
} from "./protocol.ts";

/** What this side asks of its peer. */
export interface OwnSettings {
  /** SETTINGS_HEADER_TABLE_SIZE, SETTINGS_INITIAL_WINDOW_SIZE, and so on. */
  readonly headerTableSize: number;
  readonly initialWindow: number;
  readonly maxFrameSize: number;
  /** Streams that the peer may have open. */
  readonly maxConcurrentStreams: number;
  /** How large a section of fields may be, in bytes, as they stand in HTTP/1. */
  readonly maxFields: number;
  /** CONNECT with `:protocol` is understood (RFC 8441); a server's to say. */
  readonly extendedConnect: boolean;
  /** What the peer may send on all streams together before it hears of us, in bytes. */
  readonly connectionWindow: number;
}

/** They, as they are on the wire: what is usual is left out. */
export function encodeSettings(own: OwnSettings, isServer: boolean): Uint8Array {
  const pairs: [number, number][] = [];
  if (own.headerTableSize !== usualTableSize) pairs.push([HEADER_TABLE_SIZE, own.headerTableSize]);
  if (!isServer) pairs.push([ENABLE_PUSH, 0]);
  if (isServer) pairs.push([MAX_CONCURRENT_STREAMS, own.maxConcurrentStreams]);
  if (own.initialWindow !== usualWindow) pairs.push([INITIAL_WINDOW_SIZE, own.initialWindow]);
  if (own.maxFrameSize !== usualFrameSize) pairs.push([MAX_FRAME_SIZE, own.maxFrameSize]);
  // RFC 9113 counts 32 bytes beside each field, where HTTP/1 has 4.
  pairs.push([MAX_HEADER_LIST_SIZE, 2 * own.maxFields]);
  if (isServer && own.extendedConnect) pairs.push([ENABLE_CONNECT_PROTOCOL, 1]);
  const bytes = new Uint8Array(6 * pairs.length);
  const view = new DataView(bytes.buffer);
  for (const [i, [name, value]] of pairs.entries()) {
    view.setUint16(6 * i, name);
    view.setUint32(6 * i + 2, value);
  }
  return bytes;
}

/** What the peer asks of this side. */
export class PeerSettings {
  initialWindow: number = usualWindow;
  maxFrameSize: number = usualFrameSize;
  /** Streams that may be opened. */
  maxConcurrentStreams = Infinity;
  extendedConnect = false;
  /** Its table for what we send has another size: it must be told that there is none. */
  tableChanged = false;
  /** Why the last ones are invalid. */
  reason = "";

  /**
   * Takes over bytes[from, to), whole settings.
   * @param fromClient whether the peer is one
   * @returns the code of an error, or NO_ERROR
   */
  read(bytes: Uint8Array, from: number, to: number, fromClient: boolean): number {
    for (let i = from; i < to; i += 6) {
      const name = bytes[i]! << 8 | bytes[i + 1]!;
      const value =
        (bytes[i + 2]! << 24 | bytes[i + 3]! << 16 | bytes[i + 4]! << 8 | bytes[i + 5]!) >>> 0;
      switch (name) {
        case HEADER_TABLE_SIZE:
          this.tableChanged = true;
          break;
        case ENABLE_PUSH:
          if (value > (fromClient ? 1 : 0)) return this.#invalid(PROTOCOL_ERROR, "ENABLE_PUSH");
          break;
        case MAX_CONCURRENT_STREAMS:
          this.maxConcurrentStreams = value;
          break;
        case INITIAL_WINDOW_SIZE:
          if (value > largest) return this.#invalid(FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE");
          this.initialWindow = value;
          break;
        case MAX_FRAME_SIZE:
          if (value < usualFrameSize || value > 0xff_ffff) {
            return this.#invalid(PROTOCOL_ERROR, "MAX_FRAME_SIZE");
          }
          this.maxFrameSize = value;
          break;
        case ENABLE_CONNECT_PROTOCOL:
          if (value > 1 || value === 0 && this.extendedConnect) {
            return this.#invalid(PROTOCOL_ERROR, "ENABLE_CONNECT_PROTOCOL");
          }
          this.extendedConnect = value === 1;
          break;
        default:
          break;
      }
    }
    return NO_ERROR;
  }

  #invalid(code: number, name: string): number {
    this.reason = `SETTINGS_${name}`;
    return code;
  }
}
