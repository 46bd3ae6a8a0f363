/** Numbers of HTTP/2 (RFC 9113): frames, flags, settings, errors. */
import { bytesOf } from "../../bytes/bytes.ts";

/** Types of frames (section 6). */
export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

/** Flags. */
export const ACK = 1;
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
export const WITH_PRIORITY = 32;

/** Settings (section 6.5.2, and RFC 8441, section 3). */
export const HEADER_TABLE_SIZE = 1;
export const ENABLE_PUSH = 2;
export const MAX_CONCURRENT_STREAMS = 3;
export const INITIAL_WINDOW_SIZE = 4;
export const MAX_FRAME_SIZE = 5;
export const MAX_HEADER_LIST_SIZE = 6;
export const ENABLE_CONNECT_PROTOCOL = 8;

/** Errors (section 7). */
export const NO_ERROR = 0;
export const PROTOCOL_ERROR = 1;
export const INTERNAL_ERROR = 2;
export const FLOW_CONTROL_ERROR = 3;
export const SETTINGS_TIMEOUT = 4;
export const STREAM_CLOSED = 5;
export const FRAME_SIZE_ERROR = 6;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const COMPRESSION_ERROR = 9;
export const CONNECT_ERROR = 10;
export const ENHANCE_YOUR_CALM = 11;
export const INADEQUATE_SECURITY = 12;
export const HTTP_1_1_REQUIRED = 13;

/** What a client sends first (section 3.4). */
export const preface = bytesOf("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Bytes before the payload of a frame. */
export const frameHead = 9;

/** What both sides assume until they are told otherwise. */
export const usualWindow = 65_535;
export const usualFrameSize = 16_384;
export const usualTableSize = 4096;

/** The largest window (section 6.9.1), and the largest stream identifier. */
export const largest = 0x7fff_ffff;
