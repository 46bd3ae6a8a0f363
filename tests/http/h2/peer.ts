/** The other side of a connection in HTTP/2, frame by frame, right or wrong: for tests. */
import { HpackDecoder } from "#src/http/h2/hpack-decoder.ts";
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  frameHead,
  HEADERS,
  PADDED,
  preface,
  SETTINGS,
} from "#src/http/h2/protocol.ts";
import { bytesOf, textOf } from "#src/bytes/bytes.ts";

/** A field. */
export type Field = readonly [name: string, value: string];

/** The names of types and errors, by number. */
const types = [
  "data",
  "headers",
  "priority",
  "reset",
  "settings",
  "push",
  "ping",
  "goaway",
  "window",
  "continuation",
];
const errors = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
];

/** Text of which each character is a byte. */
const text = (bytes: readonly number[]) => String.fromCharCode(...bytes);

/** A number of so many bytes. */
export function number(value: number, bytes: number): string {
  let out = "";
  for (let i = bytes - 1; i >= 0; i--) out += text([Math.floor(value / 256 ** i) % 256]);
  return out;
}

/** A frame. */
export function frame(type: number, flags: number, stream: number, payload = ""): string {
  return number(payload.length, 3) + text([type, flags]) + number(stream, 4) + payload;
}

/** An integer of HPACK. */
function integer(value: number, bits: number, first: number): string {
  const mask = 2 ** bits - 1;
  if (value < mask) return text([first | value]);
  let out = text([first | mask]);
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out += text([rest % 128 + 128]);
  return out + text([rest]);
}

/** A string of HPACK, as it is. */
export const string = (value: string) => integer(value.length, 7, 0) + value;

/** A block of fields, each a literal that is not kept. */
export function block(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `\0${string(name)}${string(value)}`).join("");
}

/** What a request cannot do without. */
export const get: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "a.example"],
];
export const post: readonly Field[] = [[":method", "POST"], ...get.slice(1)];

/** HEADERS. */
export function headers(
  stream: number,
  fields: readonly Field[] = get,
  flags = END_STREAM | END_HEADERS,
): string {
  return frame(HEADERS, flags, stream, block(fields));
}

/** HEADERS whose content is to come. */
export const open = (stream: number, ...more: Field[]) =>
  headers(stream, [...post, ...more], END_HEADERS);

/** DATA. */
export const data = (stream: number, content: string, flags = 0) =>
  frame(0, flags, stream, content);
/** DATA, the last. */
export const last = (stream: number, content: string) => data(stream, content, END_STREAM);

/** SETTINGS. */
export const settings = (...pairs: [number, number][]) =>
  frame(SETTINGS, 0, 0, pairs.map(([name, value]) => number(name, 2) + number(value, 4)).join(""));

/** How a client begins. */
export const hello: string = textOf(preface, 0, preface.length) + settings();
export const helloAlone: string = textOf(preface, 0, preface.length);

/** A frame that came. */
export interface Came {
  readonly type: string;
  readonly flags: number;
  readonly stream: number;
  readonly payload: string;
}

/** Frames that came, whole ones. */
export function frames(received: string): Came[] {
  const all: Came[] = [];
  for (let at = 0; at + frameHead <= received.length;) {
    const byte = (i: number) => received.charCodeAt(at + i);
    const length = byte(0) * 65536 + byte(1) * 256 + byte(2);
    if (at + frameHead + length > received.length) break;
    all.push({
      type: types[byte(3)] ?? String(byte(3)),
      flags: byte(4),
      stream: (byte(5) & 127) * 2 ** 24 + byte(6) * 65536 + byte(7) * 256 + byte(8),
      payload: received.slice(at + frameHead, at + frameHead + length),
    });
    at += frameHead + length;
  }
  return all;
}

function numberAt(payload: string, at: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + payload.charCodeAt(at + i);
  return value;
}

/** A response, or what there is of it. */
export interface Answer {
  /** The sections of fields: interim ones, the head, the trailers. */
  readonly sections: Record<string, string>[];
  content: string;
  ended: boolean;
}

/** What a peer has told, taken apart. */
export interface Told {
  /** One line each: `reset 1 PROTOCOL_ERROR`, `goaway 3 NO_ERROR`, `ping`, `settings`. */
  readonly lines: string[];
  /** By stream. */
  readonly answers: Map<number, Answer>;
  /** The window that was given, by stream. */
  readonly windows: Map<number, number>;
}

/** Takes apart what came. */
export function told(received: string): Told {
  const decoder = new HpackDecoder();
  const lines: string[] = [];
  const answers = new Map<number, Answer>();
  const windows = new Map<number, number>();
  let fields = "";
  for (const { type, flags, stream, payload } of frames(received)) {
    const answer = answers.get(stream) ?? { sections: [], content: "", ended: false };
    switch (type) {
      case "headers":
      case "continuation": {
        answers.set(stream, answer);
        fields += payload;
        if (type === "headers") answer.ended ||= (flags & END_STREAM) !== 0;
        if ((flags & END_HEADERS) === 0) break;
        const section: Record<string, string> = {};
        const bytes = bytesOf(fields);
        fields = "";
        const good = decoder.decode(bytes, 0, bytes.length, {
          field(_token, from, start, nameEnd, end) {
            const name = textOf(from, start, nameEnd);
            const value = textOf(from, nameEnd, end);
            section[name] = section[name] === undefined ? value : `${section[name]}, ${value}`;
          },
        });
        if (!good) throw new Error("fields that cannot be read");
        answer.sections.push(section);
        break;
      }
      case "data": {
        const padding = (flags & PADDED) === 0 ? 0 : payload.charCodeAt(0) + 1;
        answer.content += payload.slice(padding === 0 ? 0 : 1, payload.length + 1 - (padding || 1));
        answer.ended ||= (flags & END_STREAM) !== 0;
        answers.set(stream, answer);
        break;
      }
      case "reset":
        lines.push(`reset ${stream} ${errors[numberAt(payload, 0)]}`);
        break;
      case "goaway":
        lines.push(`goaway ${numberAt(payload, 0)} ${errors[numberAt(payload, 4)]}`);
        break;
      case "window":
        windows.set(stream, (windows.get(stream) ?? 0) + numberAt(payload, 0));
        break;
      default:
        lines.push((flags & ACK) === 0 ? type : `${type} ack`);
        break;
    }
  }
  return { lines, answers, windows };
}
