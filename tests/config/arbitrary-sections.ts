/** Arbitrary sections beside `global` and the proxies, by the property of the model that has them. */
import fc from "fast-check";
import * as v from "valibot";
import {
  type Configuration,
  type HttpErrors,
  logFormats,
  type Mailers,
  type Peers,
  Resolvers,
  type Ring,
  type Userlist,
} from "#src/config/model.ts";
import { replyStatuses } from "#src/http/status.ts";
import { stickTable } from "./arbitrary-tables.ts";
import type { sectionKinds } from "#src/config/sections.ts";

type Sections = Pick<Configuration, keyof typeof sectionKinds>;

const name = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,10}$/);
const time = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const named = <T extends { name: string }>(section: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.uniqueArray(section, { maxLength: 2, selector: ({ name }) => name });

const resolvers: fc.Arbitrary<Resolvers> = fc.record({
  name,
  nameservers: named(fc.record({
    name,
    address: fc.record({
      transport: fc.constantFrom("udp", "tcp"),
      host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant("ns.example")),
      port: fc.integer({ min: 1, max: 65535 }),
      source: fc.constantFrom(null, { host: "10.0.0.9", port: 0, lastPort: null }),
    }).map((address) => address.transport === "tcp" ? address : { ...address, source: null }),
  })),
  parseResolvConf: fc.boolean(),
  acceptedPayloadSize: fc.integer({ min: 12, max: 65535 }),
  resolveRetries: fc.nat(),
  timeoutResolve: time,
  timeoutRetry: time,
  holdNx: time,
  holdOther: time,
  holdRefused: time,
  holdTimeout: time,
  holdValid: time,
  holdObsolete: time,
}).map((drawn) => ({ ...v.parse(Resolvers, { name: "x" }), ...drawn }));

const httpErrors: fc.Arbitrary<HttpErrors> = fc.record({
  name,
  errorfiles: fc.array(
    fc.record({
      status: fc.constantFrom(...replyStatuses),
      file: fc.stringMatching(/^\/[ -~]{1,9}$/),
    }),
    { maxLength: 3 },
  ),
});

const ipAddress = fc.oneof(fc.ipV4(), fc.ipV6());
const port = fc.integer({ min: 1, max: 65535 });
const peers: fc.Arbitrary<Peers> = fc.record({
  name,
  disabled: fc.boolean(),
  bind: fc.option(fc.record({ kind: fc.constant("ip"), host: ipAddress, port }), { nil: null }),
  peers: named(fc.record({
    name,
    address: fc.option(
      fc.record({ kind: fc.constant("ip"), host: ipAddress, port, portOffset: fc.constant(0) }),
      { nil: null },
    ),
  })),
  tables: named(fc.tuple(name, stickTable).map(([name, table]) => ({ name, ...table }))),
});

const mailers: fc.Arbitrary<Mailers> = fc.record({
  name,
  mailers: named(fc.record({ name, host: ipAddress, port })),
  timeoutMail: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
});

const most = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: null });
const caches = fc.record({
  name,
  totalMaxSize: fc.integer({ min: 1, max: 4095 }),
  maxObjectSize: most(2 ** 19),
  maxAge: most(2 ** 31),
  processVary: fc.constantFrom("on", "off"),
  maxSecondaryEntries: most(1000),
});

const userlists: fc.Arbitrary<Userlist> = fc.record({
  name,
  groups: named(fc.record({ name, users: fc.constant<string[]>([]) })),
  users: named(fc.record({
    name,
    password: fc.option(fc.stringMatching(/^[!-~]{1,9}$/), { nil: null }),
    hashed: fc.constant(true),
    groups: fc.constant<string[]>([]),
  })).chain((users) =>
    fc.boolean().map((plain) =>
      users.map((user) => user.password !== null && plain ? { ...user, hashed: false } : user)
    )
  ),
});

const rings: fc.Arbitrary<Ring> = fc.record({
  name,
  description: fc.option(fc.constant("lines for the collector"), { nil: null }),
  format: fc.constantFrom(...logFormats),
  maxlen: fc.integer({ min: 80, max: 65535 }),
  size: fc.option(fc.integer({ min: 1, max: 1 << 20 }), { nil: null }),
  backingFile: fc.option(fc.constant("/dev/shm/ring"), { nil: null }),
  timeoutConnect: fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: null }),
  timeoutServer: fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: null }),
  servers: fc.array(
    fc.record({
      name,
      host: fc.constantFrom("10.0.0.5", "fe80::1", "log.example"),
      port: fc.integer({ min: 1, max: 65535 }),
      framing: fc.constantFrom("legacy" as const, "octet-count" as const),
    }),
    { maxLength: 2 },
  ),
});

const word = fc.option(fc.stringMatching(/^[a-z]{1,8}$/), { nil: null });
const acmes = fc.record({
  name: fc.stringMatching(/^[a-z]{1,8}$/),
  directory: word,
  contact: fc.array(fc.stringMatching(/^[a-z]{1,8}@[a-z]{1,8}$/), { maxLength: 2 }),
  challenge: fc.option(fc.constantFrom("http-01" as const, "tls-alpn-01", "dns-01"), { nil: null }),
  accountKey: word,
  keytype: fc.option(fc.constantFrom("RSA" as const, "ECDSA"), { nil: null }),
  bits: fc.constantFrom(2048, 4096),
  curves: fc.option(fc.constantFrom("P-256" as const, "P-384"), { nil: null }),
  reuseKey: fc.option(fc.constantFrom("on" as const, "off"), { nil: null }),
  profile: word,
  map: word,
  eabKeyId: fc.constant(null),
  eabMacKey: fc.constant(null),
  eabMacAlg: fc.option(fc.constantFrom("HS256" as const, "HS512"), { nil: null }),
  dnsHook: word,
  dnsDelay: fc.constantFrom(0, 1000),
  dnsTimeout: fc.constantFrom(600_000, 1000),
  acmeVars: word,
  providerName: word,
  caFile: word,
});

const crtStores = fc.record({
  name: fc.stringMatching(/^[a-z]{1,8}$/),
  crtBase: word,
  keyBase: word,
  loads: fc.uniqueArray(
    fc.record({
      crt: fc.stringMatching(/^[a-z]{1,8}\.pem$/),
      key: word,
      ocsp: word,
      issuer: word,
      sctl: word,
      alias: fc.constant(null),
      acme: fc.constant(null),
      domains: fc.constant(null),
      ocspUpdate: fc.option(fc.constantFrom("on", "off"), { nil: null }),
    }),
    { maxLength: 2, selector: ({ crt }) => crt },
  ),
});

/** See above. */
export const otherSections: fc.Arbitrary<Sections> = fc.record({
  acme: named(acmes),
  caches: named(caches),
  crtStores: named(crtStores),
  httpErrors: named(httpErrors),
  mailers: named(mailers),
  peers: named(peers),
  resolvers: named(resolvers),
  rings: named(rings),
  userlists: named(userlists),
});
