/** The framing of a log line (manual: "log", format). */
export const logFormats = [
  "rfc3164",
  "rfc5424",
  "short",
  "raw",
  "local",
  "priority",
  "timed",
  "iso",
] as const;
