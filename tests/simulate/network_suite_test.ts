import { memoryNetwork } from "#src/simulate/network.ts";
import { addressSuite } from "../net/address_suite.ts";
import { connectionSuite } from "../net/connection_suite.ts";
import { listenerSuite } from "../net/listener_suite.ts";
import { networkSuite } from "../net/network_suite.ts";
import { spliceSuite } from "../net/splice_suite.ts";

const subject = {
  name: "memory",
  network: memoryNetwork(),
  resets: true,
  asksKernel: true,
  arrivals: "all",
  descriptors: false,
  endsAtOnce: true,
} as const;
connectionSuite(subject);
networkSuite(subject);
listenerSuite(subject);
addressSuite(subject);
spliceSuite(subject);
