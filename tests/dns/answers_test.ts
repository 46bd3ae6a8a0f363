import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { xxh32 } from "#src/bytes/xxh32.ts";
import { Answers, chooseAddress, type Holder } from "#src/dns/answers.ts";
import type { DnsRecord } from "#src/dns/message.ts";
import { network } from "#src/net/ip/cidr.ts";
import { test } from "../testing.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("XXH32: the values of its authors", () => {
  assertEquals(xxh32(bytes("")), 0x02cc5d05);
  assertEquals(xxh32(bytes("abc")), 0x32d153ff);
  assertEquals(xxh32(bytes("Nobody inspects the spammish repetition")), 0xe2293b2f);
});

const records = (...addresses: string[]): DnsRecord[] =>
  addresses.map((address) => ({
    name: "a.test",
    type: address.includes(":") ? "AAAA" : "A",
    address,
  }));
const service = (target: string, port: number, weight = 1): DnsRecord => ({
  name: "s.test",
  type: "SRV",
  target,
  port,
  weight,
});
const answersOf = (...addresses: string[]) => {
  const answers = new Answers();
  answers.update(records(...addresses), { additional: [] }, 0);
  return answers;
};
const preference = { family: 6, networks: [], shares: false } as const;

test("the order of addresses is that of HAProxy, whatever the response's", () => {
  // As seen of HAProxy 2.6: the first of three servers gets the first one, and so on.
  const order = (...addresses: string[]) =>
    answersOf(...addresses).list.map(({ data }) => "address" in data ? data.address : "");
  fc.assert(fc.property(fc.uniqueArray(fc.ipV4(), { maxLength: 8 }), (addresses) => {
    assertEquals(order(...addresses), order(...addresses.toReversed()));
  }));
  assertEquals(order("127.0.0.4", "127.0.0.3"), ["127.0.0.3", "127.0.0.4"]);
});

test("family comes before network, network before what is free, that before the one at hand", () => {
  const mine: Holder = { group: "b" };
  const { list } = answersOf("10.0.0.1", "10.0.0.2", "192.0.2.1", "2001:db8::1");
  const choose = (current: string | null, more: object = {}) =>
    chooseAddress(list, mine, current, { ...preference, family: 4, ...more })?.address;
  assertEquals(choose("10.0.0.2", { family: 6 }), "2001:db8::1");
  assertEquals(choose("10.0.0.2"), "10.0.0.2");
  assertEquals(choose("192.0.2.1"), "192.0.2.1");
  const networks = [network("192.0.2.0/24")];
  assertEquals(choose("10.0.0.2", { networks }), "192.0.2.1");
  const other: Holder = { group: "b" };
  for (const answer of list) if (answer.data.type === "A") answer.users.add(other);
  assertEquals(choose("10.0.0.2"), "2001:db8::1", "the only one left");
  list.find(({ data }) => data.type === "AAAA")!.users.add(other);
  assertEquals(choose("10.0.0.2"), undefined);
  assertEquals(choose("10.0.0.2", { shares: true }), "10.0.0.2");
  const elsewhere: Holder = { group: "other" };
  assertEquals(chooseAddress(list, elsewhere, null, preference)?.address, "2001:db8::1");
});

test("a service keeps its place when its weight changes, and has the address that came with it", () => {
  const answers = new Answers();
  const additional = records("10.0.0.1").map((each) => ({ ...each, name: "x.test" }));
  answers.update([service("x.test", 80), service("y.test", 80)], { additional }, 0);
  answers.update([service("x.test", 80, 9)], { additional }, 10);
  const x = answers.list.find(({ data }) => "target" in data && data.target === "x.test")!;
  assertEquals([x.weight, x.address?.address, x.seen, answers.list.length], [9, "10.0.0.1", 10, 2]);
  answers.update([service("x.test", 80, 9)], { additional: [] }, 20);
  assertEquals(answers.removeObsolete(5, 20).length, 1);
  assertEquals([answers.list.length, x.address], [1, null]);
});

test("two services of one host on two ports are two, each with the address", () => {
  const answers = new Answers();
  const additional = records("10.0.0.1").map((each) => ({ ...each, name: "x.test" }));
  const services = [service("x.test", 80), service("x.test", 81)];
  answers.update(services, { additional: [...additional, ...additional] }, 0);
  answers.update(services, { additional: [...additional, ...additional] }, 1);
  assertEquals(answers.list.map(({ address }) => address?.address), ["10.0.0.1", "10.0.0.1"]);
  assertEquals(answers.removeObsolete(0, 1).length, 0);
});

test("however many answers there are, and however long they hold, not all are kept", () => {
  const answers = new Answers();
  for (let round = 0; round < 5; round++) {
    const fresh = Array.from({ length: 4000 }, (_, i) => `10.${round}.${i >> 8}.${i & 255}`);
    answers.update(records(...fresh), { additional: [] }, round);
  }
  assertEquals(answers.list.length, 16_384);
  answers.removeObsolete(1, 4);
  answers.update(records("192.0.2.1"), { additional: [] }, 5);
  assertEquals(
    answers.list.some(({ data }) => "address" in data && data.address === "192.0.2.1"),
    true,
  );
});
