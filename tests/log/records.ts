/** Records for the tests of the log. */
import fc from "fast-check";
import type { LogRecord } from "#src/log/record.ts";

/** The session of the manual's example of "option httplog" (chapter 8.2.3). */
export const example: LogRecord = {
  clientAddress: "10.0.1.2",
  clientPort: 33317,
  acceptDate: Date.parse("2009-02-06T12:14:14.655Z"),
  frontend: "http-in",
  tls: false,
  backend: "static",
  server: "srv1",
  timeRequest: 10,
  timeQueue: 0,
  timeConnect: 30,
  timeResponse: 69,
  timeTotal: 109,
  status: 200,
  bytes: 2750,
  termination: "----",
  actconn: 1,
  feconn: 1,
  beconn: 1,
  srvconn: 1,
  retries: 0,
  redispatched: false,
  srvQueue: 0,
  backendQueue: 0,
  requestLine: "GET /index.html HTTP/1.1",
};

const time = fc.oneof(fc.constant(-1), fc.double({ min: 0, max: 2 ** 31, noNaN: true }));
const count = fc.nat();
const flags = fc.string({ unit: fc.constantFrom("-", "C", "S", "P", "N", "I"), minLength: 4 })
  .map((text) => text.slice(0, 4));

/** Any request line, one character a byte. */
export const requestLines: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(
    fc.constantFrom('"', "#", " ", "{", "|", "}", "\\", "\n", "\r", "\0", "\x7f"),
    fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
  ),
  maxLength: 1500,
});

/** Any record that the proxy may make. */
export const records: fc.Arbitrary<LogRecord> = fc.record({
  clientAddress: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant("unix")),
  clientPort: fc.nat(65535),
  acceptDate: fc.double({ min: 0, max: 4e12, noNaN: true }),
  frontend: fc.constantFrom("http-in", "fe.1", "a:80"),
  tls: fc.boolean(),
  backend: fc.constantFrom("static", "b_2"),
  server: fc.constantFrom("srv1", "<NOSRV>"),
  timeRequest: time,
  timeQueue: time,
  timeConnect: time,
  timeResponse: time,
  timeTotal: time,
  status: fc.oneof(fc.constant(-1), fc.integer({ min: 100, max: 599 })),
  bytes: fc.maxSafeNat(),
  termination: flags,
  actconn: count,
  feconn: count,
  beconn: count,
  srvconn: count,
  retries: count,
  redispatched: fc.boolean(),
  srvQueue: count,
  backendQueue: count,
  requestLine: requestLines,
});
