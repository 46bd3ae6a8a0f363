/** The check of stream processing agents (SPOE.txt, section 3.2): a hello that asks for nothing more. */
import { encode } from "../expressions.ts";
import { verdict } from "../result.ts";
import { type Finding, GO, type Steps, WAIT } from "../steps.ts";
import { exchange } from "./exchange.ts";

const HAPROXY_HELLO = 1;
const AGENT_HELLO = 101;
const AGENT_DISCONNECT = 102;
const [BOOLEAN_TRUE, UINT32, STRING] = [0x11, 3, 8];

const text = (value: string) => [encode(value).length, ...encode(value)];
/** The largest frame that the check takes, in the protocol's own coding of integers. */
const maxFrameSize = [0xfc, 0xf0, 0x06];
const hello = [
  HAPROXY_HELLO,
  ...[0, 0, 0, 1], // one frame, the last of its message
  ...[0, 0], // of no stream
  ...[...text("supported-versions"), STRING, ...text("2.0")],
  ...[...text("max-frame-size"), UINT32, ...maxFrameSize],
  ...[...text("capabilities"), STRING, 0],
  ...[...text("healthcheck"), BOOLEAN_TRUE],
];

export function spopSteps(): Steps {
  return exchange([
    { send: Uint8Array.from([0, 0, hello.length >> 8, hello.length, ...hello]) },
    { least: 4, find: judge, success: () => verdict("L7OK", "SPOA server is ok") },
  ], false);
}

function judge(bytes: Uint8Array, complete: boolean): Finding {
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0);
  if (bytes.length < 4 + size && !complete) return WAIT;
  const type = bytes[4];
  if (size < 7 || bytes.length < 11) return verdict("L7RSP", "invalid frame received");
  if (type === AGENT_HELLO) return GO;
  const info = type === AGENT_DISCONNECT
    ? "disconnect from agent during the hello handshake"
    : "invalid frame received";
  return verdict("L7RSP", info);
}
