/** Automatic certificates without an authority: messages, states, times. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createPublicKey, generateKeyPairSync, verify, X509Certificate } from "node:crypto";
import { Keeper, type Kept } from "#src/process/acme/keeper.ts";
import { certificateRequest, challengeCertificate, standIn } from "#src/tls/acme/certificates.ts";
import { externalBinding, keyAuthorization, signed, thumbprint } from "#src/tls/acme/jws.ts";
import { type Answer, askRenewal, obtain, type Step, type Wanted } from "#src/tls/acme/order.ts";
import { AcmeError, problemText, readProblem } from "#src/tls/acme/problem.ts";
import { ariId, backOff, renewalTime } from "#src/tls/acme/renewal.ts";
import * as der from "#src/tls/der.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";

const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const decode = (text: string) => JSON.parse(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
const day = 86_400_000;

test("jws: the thumbprint of RFC 7638, 3.1", () => {
  const example = createPublicKey({
    format: "jwk",
    key: {
      kty: "RSA",
      n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_" +
        "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_" +
        "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI" +
        "4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
      e: "AQAB",
    },
  });
  assertEquals(thumbprint(example), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
});

test("jws: signed by ES256 and RS256, with the key or the account, and bound to another account", () => {
  for (
    const [kind, private_] of [
      ["ES256", key],
      ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey],
    ] as const
  ) {
    const message = JSON.parse(signed(private_, null, "https://a.test/x", "n1", { a: 1 }));
    const head = decode(message.protected);
    assertEquals([head.alg, head.nonce, head.url], [kind, "n1", "https://a.test/x"]);
    assert(head.jwk.kty.length > 0 && head.kid === undefined);
    assertEquals(decode(message.payload), { a: 1 });
    const good = verify(
      "sha256",
      new TextEncoder().encode(`${message.protected}.${message.payload}`),
      { key: createPublicKey(private_), dsaEncoding: "ieee-p1363" },
      Uint8Array.from(
        atob(message.signature.replaceAll("-", "+").replaceAll("_", "/")),
        (char) => char.charCodeAt(0),
      ),
    );
    assert(good, kind);
    const other = JSON.parse(signed(private_, "https://a.test/1", "https://a.test/x", "n1", null));
    assertEquals(other.payload, "");
    assertEquals(decode(other.protected).kid, "https://a.test/1");
  }
  const external = { keyId: "kid-1", macKey: "c2VjcmV0", algorithm: "HS256" as const };
  const bound = externalBinding(key, external, "https://a.test/new");
  assertEquals(decode(bound.protected), { alg: "HS256", kid: "kid-1", url: "https://a.test/new" });
  assertEquals(decode(bound.payload).crv, "P-256");
});

test("certificates of our own: what they say is what was asked for", () => {
  const now = Date.UTC(2026, 11, 1);
  const own = new X509Certificate(standIn(["a.test", "*.b.test", "192.0.2.1"], key, now));
  assertEquals(own.subjectAltName, "DNS:a.test, DNS:*.b.test, IP Address:192.0.2.1");
  assert(own.checkPrivateKey(key) && own.verify(createPublicKey(key)));
  assert(Date.parse(own.validFrom) < now && Date.parse(own.validTo) > now + 5 * day);
  const answer = keyAuthorization("token", key);
  const challenge = new X509Certificate(challengeCertificate("a.test", answer, key, now));
  assertEquals(challenge.subjectAltName, "DNS:a.test");
  // acmeIdentifier (RFC 8737, 3), critical, with a hash of 32 bytes.
  const text = challenge.raw.toString("hex");
  assert(text.includes("06082b0601050507011f0101ff04220420"), text);
  assert(certificateRequest(["a.test"], key)[0] === 0x30);
});

/** An authority that answers by a table, and notes what it was asked. */
function authority(
  answers: Record<string, (payload: unknown) => Partial<Answer> & { json?: unknown }>,
) {
  const asked: string[] = [];
  let nonces = 0;
  return {
    asked,
    play<T>(steps: Generator<Step, T, Answer | undefined>): T {
      let reply: Answer | undefined;
      for (let turn = 0; turn < 500; turn++) {
        const { done, value } = steps.next(reply);
        if (done === true) return value as T;
        const step = value as Step;
        reply = undefined;
        if (step.do !== "request") {
          asked.push(step.do === "present" ? `present ${step.challenge.kind}` : step.do);
          continue;
        }
        const path = new URL(step.url).pathname;
        const payload = step.body === null ? null : JSON.parse(step.body).payload;
        asked.push(`${step.method} ${path}`);
        const made = answers[path]?.(payload === null || payload === "" ? null : decode(payload)) ??
          { status: 404 };
        const { json, headers, ...rest } = made;
        reply = {
          status: 200,
          body: json === undefined ? "" : JSON.stringify(json),
          at: 0,
          ...rest,
          headers: { "replay-nonce": `n${++nonces}`, ...headers },
        };
      }
      throw new Error("no end");
    },
  };
}

const root = "https://ca.test";
const directory = () => ({
  json: {
    newNonce: `${root}/nonce`,
    newAccount: `${root}/account`,
    newOrder: `${root}/order`,
    renewalInfo: `${root}/ari`,
  },
});
const wanted: Wanted = {
  directory: `${root}/dir`,
  names: ["a.test"],
  challenges: ["tls-alpn-01", "http-01"],
  accountKey: key,
  account: null,
  contact: [],
  external: null,
  profile: null,
  key,
  replaces: null,
};
const pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

/** Answers of an authority that gives a certificate. */
function generous() {
  let looks = 0;
  let ready = false;
  return {
    "/dir": directory,
    "/nonce": () => ({}),
    "/account": () => ({ status: 201, headers: { location: `${root}/account/1` }, json: {} }),
    "/order": () => ({
      status: 201,
      headers: { location: `${root}/order/1` },
      json: { status: "pending", authorizations: [`${root}/authz`], finalize: `${root}/finalize` },
    }),
    "/authz": () => ({
      json: {
        identifier: { type: "dns", value: "a.test" },
        status: ++looks > 3 ? "valid" : "pending",
        challenges: [{ type: "http-01", token: "t", url: `${root}/challenge` }],
      },
    }),
    "/challenge": () => ({ json: {} }),
    "/finalize": (payload: unknown) => {
      assert(typeof (payload as { csr: string }).csr === "string");
      ready = true;
      return { json: {} };
    },
    "/order/1": () => ({
      json: ready
        ? { status: "valid", certificate: `${root}/cert` }
        : { status: "ready", finalize: `${root}/finalize` },
    }),
    "/cert": () => ({ body: pem }),
  };
}

test("order: from the directory to the certificate, a nonce that is refused being tried again", () => {
  let refused = 0;
  const own = generous();
  const ca = authority({
    ...own,
    "/order": () =>
      refused++ < 2
        ? { status: 400, json: { type: "urn:ietf:params:acme:error:badNonce" } }
        : own["/order"](),
  });
  assertEquals(ca.play(obtain(wanted)), pem);
  assertEquals(ca.asked, [
    ...["GET /dir", "HEAD /nonce", "POST /account", "account"],
    ...["POST /order", "POST /order", "POST /order", "POST /authz", "present http-01"],
    ...["POST /challenge", "POST /authz", "wait", "POST /authz", "wait", "POST /authz", "withdraw"],
    ...["POST /order/1", "POST /finalize", "POST /order/1", "POST /cert"],
  ]);
});

/** What is wrong with an order. */
function failure(answers: Parameters<typeof authority>[0], more: Partial<Wanted> = {}): AcmeError {
  const ca = authority({ ...generous(), ...answers });
  try {
    ca.play(obtain({ ...wanted, ...more }));
  } catch (error) {
    if (error instanceof AcmeError) return error;
    throw error;
  }
  throw new Error("it was no failure");
}

test("order: what goes wrong is said in words, with what to do, and the answer is withdrawn", () => {
  const limited = failure({
    "/order": () => ({
      status: 429,
      headers: { "retry-after": "3600" },
      json: { type: "urn:ietf:params:acme:error:rateLimited", detail: "too many" },
    }),
  });
  assertEquals(limited.message, "ca.test: rateLimited: too many");
  assertEquals(limited.retryAfter, 3_600_000);
  assertMatch(limited.fix, /acme-staging/);
  const invalid = failure({
    "/authz": () => ({
      json: {
        identifier: { value: "a.test" },
        status: looked++ === 0 ? "pending" : "invalid",
        challenges: [{
          type: "http-01",
          token: "t",
          url: `${root}/challenge`,
          error: { type: "urn:ietf:params:acme:error:dns", detail: "NXDOMAIN" },
        }],
      },
    }),
  });
  assertEquals(invalid.message, "a.test: http-01: dns: NXDOMAIN");
  assertMatch(invalid.fix, /dig NAME/);
  assertMatch(
    failure({}, { challenges: ["dns-01"] }).message,
    /offers http-01, and dns-01 is wanted/,
  );
  assertMatch(failure({ "/dir": () => ({ body: "<html>" }) }).fix, /directory/);
  const external = failure({
    "/dir": () => ({ json: { ...directory().json, meta: { externalAccountRequired: true } } }),
  });
  assertMatch(external.fix, /eab-key-id/);
});
let looked = 0;

test("order: an account that is gone is made anew; one that is known is not made", () => {
  const own = generous();
  let gone = true;
  const ca = authority({
    ...own,
    "/order": () => {
      if (!gone) return own["/order"]();
      gone = false;
      return { status: 400, json: { type: "urn:ietf:params:acme:error:accountDoesNotExist" } };
    },
  });
  assertEquals(ca.play(obtain({ ...wanted, account: `${root}/account/0` })), pem);
  assertEquals(ca.asked.filter((each) => each === "POST /account").length, 1);
  const known = authority(generous());
  known.play(obtain({ ...wanted, account: `${root}/account/1` }));
  assertEquals(known.asked.includes("POST /account"), false);
});

test("problems: with those of single names", () => {
  const problem = readProblem({
    type: "urn:ietf:params:acme:error:compound",
    detail: "several",
    subproblems: [{
      type: "urn:ietf:params:acme:error:caa",
      detail: "not this one",
      identifier: { type: "dns", value: "a.test" },
    }],
  });
  assertEquals(problemText(problem), "compound: several; a.test: caa: not this one");
  assertEquals(problemText(readProblem(null)), "no reason was given");
});

test("renewal: the identifier of RFC 9773, 4.1", () => {
  const hex = (text: string) => Uint8Array.from(text.match(/../g)!, (two) => parseInt(two, 16));
  const identifier = der.sequence(
    der.value(0x80, hex("69885b6b87464041e1b37b847ba0ae2cde01c8d4")),
  );
  const extension = der.sequence(der.objectId("2.5.29.35"), der.octets(identifier));
  const name = der.sequence();
  const certificate = der.sequence(
    der.sequence(
      der.explicit(0, der.integer(Uint8Array.of(2))),
      der.integer(hex("87654321")),
      der.sequence(der.none),
      name,
      der.sequence(der.time(0), der.time(day)),
      name,
      der.sequence(der.sequence(der.none), der.bits(Uint8Array.of(1))),
      der.explicit(3, der.sequence(extension)),
    ),
    der.sequence(der.none),
    der.bits(Uint8Array.of(1)),
  );
  assertEquals(ariId(certificate), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
});

test("renewal: in the window that the authority wants, else with a third of the lifetime left", () => {
  const validity = { notBefore: 0, notAfter: 90 * day };
  assertEquals(renewalTime(validity, null, 0), 60 * day);
  assertEquals(renewalTime(validity, null, 1), 57.5 * day);
  const window = { start: 10 * day, end: 12 * day, askAfter: null };
  assertEquals(renewalTime(validity, window, 0.5), 11 * day);
  assert(renewalTime(validity, { ...window, end: 200 * day }, 1) < 90 * day);
  const ca = authority({
    "/dir": directory,
    "/ari/id": () => ({
      headers: { "retry-after": "21600" },
      json: {
        suggestedWindow: { start: "2026-12-10T00:00:00Z", end: "2026-12-11T00:00:00Z" },
      },
    }),
  });
  assertEquals(ca.play(askRenewal(`${root}/dir`, "id")), {
    start: Date.UTC(2026, 11, 10),
    end: Date.UTC(2026, 11, 11),
    askAfter: 21_600_000,
  });
  assertEquals(authority({ "/dir": directory }).play(askRenewal(`${root}/dir`, "x")), null);
});

test("renewal: after failures it waits longer and longer, and as long as the authority says", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((failures) => backOff(failures, null, 0.5));
  assertEquals(waits, waits.toSorted((a, b) => a - b));
  assertEquals([waits[0], waits.at(-1)], [60_000, day]);
  assertEquals(backOff(1, 7_200_000, 0.5), 7_200_000);
});

/** A keeper on a clock that is moved by hand. */
function keeping(first: Partial<Kept> = {}) {
  const clock = virtualClock(Date.UTC(2026, 11, 1));
  const said: string[] = [];
  const renewals: number[] = [];
  let validity: { notBefore: number; notAfter: number } | null = null;
  let failing = 0;
  const kept: Kept = {
    name: "a.pem",
    validity: () => validity,
    renew() {
      renewals.push(clock.wall());
      if (failing-- > 0) {
        return Promise.reject(new AcmeError("no", "wait", "rateLimited", 7_200_000));
      }
      validity = { notBefore: clock.wall(), notAfter: clock.wall() + 90 * day };
      return Promise.resolve();
    },
    askWindow: () => Promise.resolve(null),
    ...first,
  };
  const keeper = new Keeper({
    clock,
    random: () => 0,
    automatic: true,
    say: (_level, line) => void said.push(line),
  }, [kept]);
  return {
    clock,
    said,
    renewals,
    keeper,
    fail: (count: number) => void (failing = count),
    /** Moves time on, by steps that let promises come to their ends. */
    async pass(ms: number, step = 3_600_000) {
      for (let left = ms; left > 0; left -= step) {
        clock.advance(Math.min(step, left));
        for (let i = 0; i < 20; i++) await Promise.resolve();
      }
    },
  };
}

test("keeper: gets what is missing at once, and renews it after two thirds of its life", async () => {
  const { keeper, pass, renewals, clock } = keeping();
  const start = clock.wall();
  keeper.begin();
  await pass(1, 1);
  assertEquals(renewals, [start]);
  await pass(59 * day);
  assertEquals(renewals.length, 1);
  await pass(2 * day);
  assertEquals(renewals.length, 2);
  assert(renewals[1]! - start >= 60 * day && renewals[1]! - start < 60.6 * day);
  assertEquals(keeper.status()[0]!.state, "Scheduled");
  keeper.stop();
  await pass(200 * day, day);
  assertEquals(renewals.length, 2);
});

test("keeper: failures are said with what to do, and it waits", async () => {
  const { keeper, pass, renewals, said, fail } = keeping();
  fail(2);
  keeper.begin();
  await pass(3_600_000, 60_000);
  assertEquals([renewals.length, said.length], [1, 1]);
  assertMatch(said[0]!, /^acme: a\.pem: no; fix: wait; next attempt: 2026-12-01T02:01:00Z$/);
  assertEquals(keeper.status()[0]!.failure, "no");
  await pass(4 * 3_600_000, 60_000);
  assertEquals([renewals.length, said.length], [3, 2]);
  assertEquals(keeper.status()[0]!.failure, "");
});

test("keeper: an authority that wants a renewal gets it within a day (RFC 9773)", async () => {
  let revoked = false;
  const made = keeping({
    askWindow: () => {
      const now = made.clock.wall();
      const from = revoked ? now - day : now + 50 * day;
      revoked = false;
      return Promise.resolve({ start: from, end: from + 1000, askAfter: 6 * 3_600_000 });
    },
  });
  const { keeper, pass, renewals } = made;
  keeper.begin();
  await pass(1, 1);
  await pass(10 * day);
  assertEquals(renewals.length, 1);
  revoked = true;
  await pass(day);
  assertEquals(renewals.length, 2);
  keeper.stop();
});

test("keeper: what is asked for by hand is got now, and not twice at a time", async () => {
  const { keeper, pass, renewals } = keeping();
  assertEquals(keeper.renew("a.pem"), null);
  assertMatch(keeper.renew("a.pem")!, /is being asked for/);
  assertMatch(keeper.renew("b.pem")!, /no certificate/);
  await pass(1, 1);
  assertEquals(renewals.length, 1);
  keeper.stop();
});
