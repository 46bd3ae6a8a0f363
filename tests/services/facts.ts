/** What is known of a process, for tests. */
import type { ProcessFacts } from "#src/proxy/control.ts";

export const facts: ProcessFacts = {
  version: "2.6.12-sluice",
  releaseDate: "2026/11/30",
  node: "edge1",
  description: null,
  pid: 42,
  threads: 1,
  descriptors: 1000,
  maxPipes: 0,
  environment: { HOME: "/root", NONE: undefined },
  startupLogs: () => [],
  memory: () => 2 ** 26,
  idle: () => 100,
  droppedLogs: () => 0,
  listDescriptors: () => ["      4 : socket:[1]"],
};
