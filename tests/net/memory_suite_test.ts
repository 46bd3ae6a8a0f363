import { memoryNetwork } from "#src/net/memory.ts";
import { addressSuite } from "./address_suite.ts";
import { connectionSuite } from "./connection_suite.ts";
import { listenerSuite } from "./listener_suite.ts";
import { networkSuite } from "./network_suite.ts";
import { spliceSuite } from "./splice_suite.ts";

const subject = {
  name: "memory",
  network: memoryNetwork(),
  resets: true,
  asksKernel: true,
  descriptors: false,
  endsAtOnce: true,
};
connectionSuite(subject);
networkSuite(subject);
listenerSuite(subject);
addressSuite(subject);
spliceSuite(subject);
