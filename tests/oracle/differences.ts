/** In what sluice is meant to differ from haproxy 2.6, and why. Nothing else is allowed. */
import type { Normal } from "./transcript.ts";

/** A difference. */
export interface Difference {
  readonly why: string;
  /** Makes of what haproxy did what sluice must do. */
  expect(transcript: Normal): void;
}

/** All responses of a transcript. */
const responses = (t: Normal) => t.connections.flatMap(({ responses }) => responses);
/** All requests that reached servers. */
const requests = (t: Normal) => Object.values(t.servers).flatMap(({ requests }) => requests);

const all = {
  nocache: {
    why: "The guide adds Cache-Control: private to each response that sets the proxy's cookie; " +
      "haproxy 2.6 only to those that it thinks cacheable.",
    expect(transcript) {
      for (const { fields } of responses(transcript)) {
        const inserted = fields.some((field) => /^set-cookie: S=[ab]; path/.test(field));
        if (!inserted || fields.includes("cache-control: private")) continue;
        fields.splice(1, 0, "cache-control: private");
      }
    },
  },
  "dollar attributes": {
    why: "haproxy takes $Version and $Path (RFC 2109) out with the cookie; RFC 6265 knows no such " +
      "attributes, and only the proxy's cookie is ours to take out.",
    expect(transcript) {
      for (const { fields } of requests(transcript)) {
        fields.splice(2, 0, "cookie: $Version=1; $Path=/");
      }
    },
  },
  "HTTP/1.0 closes": {
    why: "haproxy asks the server to keep the connection of a request of HTTP/1.0 open. We pass " +
      "the request as it came: its client gains nothing, and old servers know no other meaning.",
    expect(transcript) {
      for (const { line, fields } of requests(transcript)) {
        if (line.endsWith("HTTP/1.0")) fields[0] = "connection: close";
      }
    },
  },
} satisfies Record<string, Difference>;

/** The name of a difference. */
export type DifferenceName = keyof typeof all;

/** The table. */
export const differences: Readonly<Record<DifferenceName, Difference>> = all;
