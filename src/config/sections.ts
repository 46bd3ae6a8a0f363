/**
 * The kinds of sections beside `global` and the proxies, by the property of the model that has them:
 * a further kind is one entry here. They are printed in this order.
 */
import * as v from "valibot";
import { acmeSection } from "./keywords/acme.ts";
import { cacheSection } from "./keywords/cache.ts";
import { crtStoreSection } from "./keywords/crt-store.ts";
import { httpErrorsSection } from "./keywords/http-errors.ts";
import { mailersSection } from "./keywords/mailers.ts";
import { peersSection } from "./keywords/peers.ts";
import { resolversSection } from "./keywords/resolvers.ts";
import { ringSection } from "./keywords/ring.ts";
import { userlistSection } from "./keywords/userlist.ts";
import type { SectionKind } from "./keywords/section.ts";

const kinds = {
  acme: acmeSection,
  caches: cacheSection,
  crtStores: crtStoreSection,
  httpErrors: httpErrorsSection,
  mailers: mailersSection,
  peers: peersSection,
  resolvers: resolversSection,
  rings: ringSection,
  userlists: userlistSection,
};

/** {@linkcode kinds}, whatever each is of. */
export const sectionKinds = kinds as unknown as Readonly<Record<keyof typeof kinds, SectionKind>>;

/** The kinds by the words that open them. */
export const kindsByKeyword: ReadonlyMap<string, readonly [keyof typeof kinds, SectionKind]> =
  new Map(
    (Object.entries(sectionKinds) as [keyof typeof kinds, SectionKind][])
      .map((entry) => [entry[1].keyword, entry]),
  );

type Kinds = typeof kinds;
type Lists = {
  -readonly [K in keyof Kinds]: v.OptionalSchema<v.ArraySchema<Kinds[K]["schema"], undefined>, []>;
};

/** The sections' places in the schema of the model. */
export const sectionEntries = Object.fromEntries(
  Object.entries(sectionKinds).map(([property, { schema, doc }]) =>
    [property, v.pipe(v.optional(v.array(schema), []), v.description(doc))] as const
  ),
) as unknown as Lists;
