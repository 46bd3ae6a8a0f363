import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeResponse, encodeQuery, judge } from "#src/dns/message.ts";
import { encodeName, readName } from "#src/dns/name.ts";
import { test } from "../testing.ts";
import { readQuery, recordBytes, respond, type Zone } from "./zone.ts";

const query = (name: string, type: "A" | "AAAA" | "SRV") => encodeQuery(7, name, type, 1232)!;
const ask = (zone: Zone, name: string, type: "A" | "AAAA" | "SRV", options = {}) =>
  judge(respond(zone, query(name, type), options)!, name, type);
const found = (outcome: ReturnType<typeof judge>) =>
  outcome.kind !== "valid"
    ? outcome.kind
    : outcome.records.map((record) => "address" in record ? record.address : record.type);

test("a query: the name, the type, recursion, and the size that is accepted", () => {
  const { end: _, ...read } = readQuery(query("www.Example.com.", "AAAA"));
  assertEquals(read, { name: "www.example.com", type: "AAAA", payload: 1232 });
  assertEquals([...query("a", "A").subarray(0, 12)], [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
});

test("what is no name cannot be asked for", () => {
  const label = "a".repeat(63);
  for (const name of ["", ".", "a..b", "ä.test", `${label}a.test`, `${label}.`.repeat(4)]) {
    assertEquals(encodeQuery(1, name, "A", 512), null, name);
  }
  assert(encodeQuery(1, `${label}.${label}.${label}.${"a".repeat(61)}`, "A", 512) !== null);
});

const zone: Zone = {
  "a.test": ["A 10.0.0.1", "A 10.0.0.2", "AAAA 2001:db8::1"],
  "alias.test": ["CNAME b.test"],
  "b.test": ["CNAME a.test"],
  "loop.test": ["CNAME loop2.test"],
  "loop2.test": ["CNAME nowhere.test"],
  "_http._tcp.test": ["SRV 10 80 a.test", "SRV 20 81 x.test"],
  "x.test": ["A 10.0.0.9"],
  "refused.test": "refused",
  "broken.test": "servfail",
};

test("addresses, aliases, services", () => {
  assertEquals(found(ask(zone, "a.test", "A")), ["10.0.0.1", "10.0.0.2"]);
  assertEquals(found(ask(zone, "a.test", "AAAA")), ["2001:db8::1"]);
  assertEquals(found(ask(zone, "alias.test", "A")), ["10.0.0.1", "10.0.0.2"]);
  const services = ask(zone, "_http._tcp.test", "SRV", { additional: true });
  assert(services.kind === "valid");
  assertEquals(services.records.map((record) => "target" in record ? record : null), [
    { name: "_http._tcp.test", type: "SRV", weight: 10, port: 80, target: "a.test" },
    { name: "_http._tcp.test", type: "SRV", weight: 20, port: 81, target: "x.test" },
  ]);
  assertEquals(services.response.additional.length, 4);
});

test("errors, and answers without what was asked for", () => {
  assertEquals(found(ask(zone, "no.test", "A")), "nx");
  assertEquals(found(ask(zone, "refused.test", "A")), "refused");
  assertEquals(found(ask(zone, "broken.test", "A")), "other");
  assertEquals(found(ask(zone, "x.test", "AAAA")), "other");
  assertEquals(ask(zone, "x.test", "AAAA"), { kind: "other", truncated: false, lack: "empty" });
  assertEquals(ask(zone, "loop.test", "A"), { kind: "other", truncated: false, lack: "alias" });
});

test("the response to another query is invalid; one to the other family is not", () => {
  const other = respond(zone, query("x.test", "A"))!;
  assertEquals(judge(other, "a.test", "A").kind, "invalid");
  assertEquals(judge(other, "x.test", "SRV").kind, "invalid");
  assertEquals(judge(other, "x.test", "AAAA").kind, "valid");
  assertEquals(judge(query("x.test", "A"), "x.test", "A").kind, "invalid", "a query");
});

test("the name may come back in other letters", () => {
  const response = respond({ "A.tEst": ["A 10.0.0.1"] }, rawQuery("A.tEst"))!;
  assertEquals(found(judge(response, "a.test", "A")), ["10.0.0.1"]);
});
function rawQuery(name: string): Uint8Array {
  const bytes = query(name, "A");
  bytes.set(new TextEncoder().encode(name.slice(2)), 15);
  bytes[13] = name.charCodeAt(0);
  return bytes;
}

test("a truncated response: of addresses of no use, of services what there is of it", () => {
  assertEquals(ask(zone, "a.test", "A", { most: 50 }), { kind: "other", truncated: true });
  const services = ask(zone, "_http._tcp.test", "SRV", { most: 64 });
  assert(services.kind === "valid" && services.response.truncated);
  assertEquals(services.records.length, 1);
});

test("a name compressed in a circle, or forward, is none", () => {
  const at = (...bytes: number[]) => Uint8Array.from([...new Array<number>(12).fill(0), ...bytes]);
  assertEquals(readName(at(0xc0, 12), 12), null, "to itself");
  assertEquals(readName(at(0xc0, 14, 0xc0, 12), 12), null, "forward");
  assertEquals(readName(at(1, 97, 0xc0, 12), 12), null, "into its own beginning");
  assertEquals(readName(at(1, 97, 0, 1, 98, 0xc0, 12), 15), { name: "b.a", end: 19 });
  assertEquals(readName(at(63, 97), 12), null, "cut off");
  assertEquals(readName(at(0x40, 97), 12), null, "a label of no known kind");
  const long = at(
    ...Array.from({ length: 4 }, () => [63, ...new Array<number>(63).fill(97)]).flat(),
    0,
  );
  assertEquals(readName(long, 12), null, "longer than a name can be");
  assertEquals(readName(at(3, 97, 46, 92, 0), 12)?.name, "a\\046\\092");
});

const label = fc.stringMatching(/^[a-z0-9_-]{1,12}$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));

test("a name that was written is read as the same", () => {
  fc.assert(fc.property(name, (name) => {
    const bytes = encodeName(name)!;
    assertEquals(readName(bytes, 0), { name, end: bytes.length });
  }));
});

test("whatever the bytes are, reading ends, and does not throw", () => {
  const header = (counts: number[]) => [0, 7, 0x81, 0x80, 0, 1, ...counts.flatMap((n) => [0, n])];
  const soup = fc.array(
    fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 0xc0, 12, 1, 28, 33, 5, 4, 16)),
    { maxLength: 200 },
  );
  const counts = fc.array(fc.nat(255), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(soup, counts, fc.constantFrom("A", "SRV"), (bytes, counts, type) => {
      decodeResponse(Uint8Array.from(bytes));
      const whole = Uint8Array.from([...header(counts), 1, 97, 0, 0, 1, 0, 1, ...bytes]);
      decodeResponse(whole);
      judge(whole, "a", type as "A");
    }),
    { numRuns: 2000 },
  );
});

test("a response cut off anywhere, or with a byte changed, is never taken for more than it says", () => {
  const whole = respond(zone, query("a.test", "A"))!;
  const addresses = new Set(["10.0.0.1", "10.0.0.2"]);
  for (let length = 0; length < whole.length; length++) {
    assertEquals(judge(whole.subarray(0, length), "a.test", "A").kind, "invalid");
  }
  fc.assert(fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
    const changed = Uint8Array.from(whole);
    changed[at]! ^= by;
    const outcome = judge(changed, "a.test", "A");
    if (outcome.kind !== "valid") return;
    // One record alone can have been changed.
    const known = outcome.records.filter((each) =>
      "address" in each && addresses.has(each.address)
    );
    assert(known.length >= outcome.records.length - 1);
  }));
});

test("a record longer than its kind is invalid", () => {
  const good = respond({ "a.test": [] }, query("a.test", "A"))!;
  const bad = recordBytes([0xc0, 12], "A 10.0.0.1");
  bad[bad.length - 5] = 5;
  const bytes = Uint8Array.from([...good.subarray(0, 7), 1, ...good.subarray(8), ...bad, 0]);
  assertEquals(judge(bytes, "a.test", "A").kind, "invalid");
});
