/** Keywords that tune the process, and act here (manual, chapter 3.2, "tune."). */
import { setting, zeroable } from "./keyword.ts";
import { integer } from "./values.ts";

const chapter = "3.2";
const largest = 2 ** 31 - 1;

/** The size of a kernel's buffer, which the kernel doubles and bounds (socket(7)). */
function buffer(name: string, what: string) {
  const size = integer({
    min: 1,
    max: largest,
    zero: true,
    usage: "<bytes>",
    example: "262144",
  });
  return zeroable(name, size, { doc: `Size of the kernel's ${what}; else as it finds.`, chapter });
}

/** As {@linkcode buffer}, of what may be written and not sent. */
function lowWater(name: string, whom: string) {
  const size = integer({ min: 1, max: largest, zero: true, usage: "<bytes>", example: "65536" });
  const doc = `What the kernel takes of a write to ${whom} before it is sent (TCP_NOTSENT_LOWAT).`;
  return zeroable(name, size, { doc, chapter });
}

/** The memory of variables. */
function variables(name: string, whose: string) {
  const size = integer({ min: 1, max: largest, zero: true, usage: "<bytes>", example: "65536" });
  const doc = `Memory that the variables of ${whose} may have at most; else as much as they like.`;
  return zeroable(`tune.vars.${name}-max-size`, size, { doc, chapter });
}

/** See above. */
export const tuneSettings = {
  tuneVarsGlobal: variables("global", "each scope"),
  tuneVarsProc: variables("proc", "the process"),
  tuneVarsSess: variables("sess", "a session"),
  tuneVarsTxn: variables("txn", "a transaction"),
  tuneVarsReqres: variables("reqres", "a request or a response"),
  tuneVarsCheck: variables("check", "a check"),
  tuneHttpMaxhdr: setting(
    "tune.http.maxhdr",
    integer({ min: 1, max: 32767, usage: "<1..32767>", example: "200" }),
    101,
    { doc: "Fields that the head of a message may have.", chapter },
  ),
  tuneHttpLogurilen: setting(
    "tune.http.logurilen",
    integer({ min: 1, max: largest, usage: "<bytes>", example: "4096" }),
    1024,
    { doc: "Size of a request line in logs at most.", chapter },
  ),
  tuneHttpCookielen: setting(
    "tune.http.cookielen",
    integer({ min: 1, max: largest, usage: "<bytes>", example: "128" }),
    63,
    { doc: "Size of a captured cookie in logs at most.", chapter },
  ),
  tuneRcvbufClient: buffer("tune.rcvbuf.client", "receive buffer of clients' connections"),
  tuneRcvbufServer: buffer("tune.rcvbuf.server", "receive buffer of servers' connections"),
  tuneSndbufClient: buffer("tune.sndbuf.client", "send buffer of clients' connections"),
  tuneSndbufServer: buffer("tune.sndbuf.server", "send buffer of servers' connections"),
  tuneNotsentLowatClient: lowWater("tune.notsent-lowat.client", "a client"),
  tuneNotsentLowatServer: lowWater("tune.notsent-lowat.server", "a server"),
};
