import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { resolverScene } from "./scene.ts";

const a = { "a.test": ["A 10.0.0.1", "AAAA ::1"] };

test("a name is resolved at once, and then again and again", () => {
  const { clock, asked, resolver, requester } = resolverScene({ n1: { zone: a } });
  const one = requester();
  const resolution = resolver.link(one, "A.test.", "A")!;
  clock.advance(0);
  clock.advance(2100);
  assertEquals(asked, ["0 a.test A", "1001 a.test A", "2002 a.test A"]);
  assertEquals(one.told, ["1 valid by n1", "1002 valid by n1", "2003 valid by n1"]);
  resolver.unlink(one, resolution);
  clock.advance(5000);
  assertEquals(asked.length, 3, "nobody follows it");
});

test("requesters of one name and type share its queries; the first is told by whom", () => {
  const { clock, asked, resolver, requester } = resolverScene({ n1: { zone: a } });
  const [one, two, three] = [requester(), requester(), requester()];
  resolver.link(one, "a.test", "A");
  resolver.link(two, "a.test", "A");
  resolver.link(three, "a.test", "AAAA");
  clock.advance(10);
  assertEquals(asked, ["0 a.test A", "0 a.test AAAA"]);
  assertEquals([one.told, two.told], [["1 valid by n1"], ["1 valid by null"]]);
  assertEquals(three.told, ["1 valid by n1"]);
});

test("what is refused is asked for in the other family, then again with each retry", () => {
  const { clock, asked, resolver, requester } = resolverScene(
    { n1: { zone: {} } },
    { resolveRetries: 2 },
  );
  const one = requester();
  resolver.link(one, "a.test", "AAAA");
  clock.advance(1000);
  assertEquals(asked, [
    "0 a.test AAAA",
    "1 a.test A",
    "101 a.test AAAA",
    "102 a.test A",
  ]);
  assertEquals(one.told, ["103 nx"]);
});

test("one family alone: the other one is not asked for", () => {
  const { clock, asked, resolver, requester } = resolverScene(
    { n1: { zone: { "b.test": ["AAAA ::1"] } } },
    { only: 4, resolveRetries: 1 },
  );
  resolver.link(requester(), "b.test", "A");
  const found: (string | null)[] = [];
  resolver.resolve("c.test", "AAAA", (address) => found.push(address));
  clock.advance(300);
  assertEquals(asked, ["0 c.test A", "0 b.test A"]);
  assertEquals(found, [null]);
});

test("silence: the same is asked again, resolve_retries times in all", () => {
  const { clock, asked, resolver, requester } = resolverScene({
    n1: { zone: { "a.test": "drop" } },
  });
  const one = requester();
  resolver.link(one, "a.test", "A");
  clock.advance(1000);
  assertEquals(asked, ["0 a.test A", "100 a.test A", "200 a.test A"]);
  assertEquals(one.told, ["300 timeout"]);
  clock.advance(350);
  assertEquals(asked.slice(3), ["1300 a.test A"], "timeout resolve later");
});

test("of several name servers the first valid response counts, and errors when all have erred", () => {
  const slow = { zone: a, delay: 50 };
  const { clock, asked, resolver, requester } = resolverScene({ n1: { zone: {} }, n2: slow });
  const one = requester();
  resolver.link(one, "a.test", "A");
  clock.advance(60);
  assertEquals(one.told, ["50 valid by n2"]);
  assertEquals(asked.length, 2);
  const [n1, n2] = resolver.nameservers.map(({ counts }) => counts);
  assertEquals([n1!.sent, n1!.nx, n2!.sent, n2!.valid], [1, 1, 1, 1]);
});

test("a service that is not there: no other type is tried", () => {
  const { clock, asked, resolver, requester } = resolverScene({ n1: { zone: {} } });
  const one = requester();
  resolver.link(one, "_http._tcp.test", "SRV");
  clock.advance(300);
  assertEquals(asked.map((each) => each.split(" ")[0]), ["0", "100", "200"]);
  assertEquals(one.told, ["300 nx"]);
});

test("a response too long for UDP is asked for again over TCP", () => {
  const many = Array.from({ length: 60 }, (_, i) => `A 10.0.1.${i}`);
  const server = { zone: { "a.test": many }, most: 512, again: {} };
  const { clock, asked, resolver, requester } = resolverScene({ n1: server });
  const one = requester();
  const { answers } = resolver.link(one, "a.test", "A")!;
  clock.advance(10);
  assertEquals(one.told, ["2 valid by n1"]);
  assertEquals(answers.list.length, 60);
  assertEquals(asked.length, 1);
});

test("where no TCP is to be had, a truncated response is an error, or half a list of services", () => {
  const many = Array.from({ length: 60 }, (_, i) => `A 10.0.1.${i}`);
  const services = Array.from({ length: 30 }, (_, i) => `SRV 1 ${i + 1} host.test`);
  const zone = { "a.test": many, "s.test": services };
  for (const again of [null, undefined, { most: 0 }]) {
    const server = { zone, most: 512, ...again === undefined ? {} : { again } };
    const { clock, resolver, requester } = resolverScene({ n1: server }, { resolveRetries: 1 });
    const [one, two] = [requester(), requester()];
    resolver.link(one, "a.test", "A");
    const { answers } = resolver.link(two, "s.test", "SRV")!;
    clock.advance(600);
    assert(one.told[0]!.endsWith(" other"), one.told.join());
    if (again?.most === 0) continue;
    assert(two.told[0]!.endsWith(" valid by n1"), two.told.join());
    assert(answers.list.length > 10 && answers.list.length < 30);
  }
});

test("silence over TCP: what came over UDP counts when the time is over", () => {
  const services = Array.from({ length: 30 }, (_, i) => `SRV 1 ${i + 1} host.test`);
  const zone: Record<string, string[]> = { "s.test": services };
  const { clock, resolver, requester } = resolverScene({
    n1: { zone, most: 512, again: {}, delay: 1 },
  });
  const one = requester();
  const { answers } = resolver.link(one, "s.test", "SRV")!;
  clock.advance(1);
  // From here on nothing is answered.
  delete zone["s.test"];
  Object.assign(zone, { "s.test": "drop" });
  clock.advance(150);
  assert(one.told.length === 1 && answers.list.length > 10, one.told.join());
});

test("what is too large for the section, not a response, or to no query, is ignored", () => {
  const many = Array.from({ length: 60 }, (_, i) => `A 10.0.1.${i}`);
  const { clock, resolver, requester } = resolverScene({ n1: { zone: { "a.test": many } } });
  const one = requester();
  resolver.link(one, "a.test", "A");
  clock.advance(50);
  assertEquals(one.told, []);
  assertEquals(resolver.nameservers[0]!.counts.tooBig, 1);
});

test("answers stay for hold obsolete; when all requesters give up, none does", () => {
  const zone: Record<string, string[]> = { "a.test": ["A 10.0.0.1", "A 10.0.0.2"] };
  const { clock, resolver, requester } = resolverScene(
    { n1: { zone } },
    { holdObsolete: 1500, resolveRetries: 1 },
  );
  const one = requester();
  const { answers } = resolver.link(one, "a.test", "A")!;
  const addresses = () => answers.list.map(({ data }) => "address" in data ? data.address : "");
  clock.advance(10);
  zone["a.test"] = ["A 10.0.0.3"];
  clock.advance(1000);
  assertEquals(addresses().toSorted(), ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
  clock.advance(1100);
  assertEquals(addresses(), ["10.0.0.3"]);
  delete zone["a.test"];
  clock.advance(1200);
  assertEquals(addresses(), ["10.0.0.3"], "it wants to keep them");
  one.keep = false;
  clock.advance(1200);
  assertEquals(addresses(), []);
});

test("a name wanted once: its address; again within hold valid, at once; null where there is none", () => {
  const { clock, asked, resolver } = resolverScene({ n1: { zone: a } });
  const found: (string | null)[] = [];
  const take = (address: string | null) => void found.push(address);
  resolver.resolve("a.test", "A", take);
  resolver.resolve("a.test", "AAAA", take);
  clock.advance(5);
  assertEquals(found, ["10.0.0.1", "::1"]);
  resolver.resolve("a.test", "A", take);
  assertEquals(found.splice(0), ["10.0.0.1", "::1", "10.0.0.1"]);
  assertEquals(asked.length, 2);
  clock.advance(600);
  resolver.resolve("a.test", "A", take);
  assertEquals(found, []);
  clock.advance(5);
  assertEquals(found.splice(0), ["10.0.0.1"]);
  resolver.resolve("no.test", "A", take);
  resolver.resolve("a..b", "A", take);
  clock.advance(1000);
  assertEquals(found.splice(0), [null, null]);
  const giveUp = resolver.resolve("other.test", "A", take);
  giveUp();
  clock.advance(5000);
  assertEquals([found, [...resolver.resolutions].length], [[], 0]);
});

test("a closed resolver asks nothing", () => {
  const { clock, asked, resolver, requester } = resolverScene({ n1: { zone: a } });
  resolver.link(requester(), "a.test", "A");
  resolver.resolve("a.test", "AAAA", () => {});
  clock.advance(10);
  resolver.close();
  const before = asked.length;
  clock.advance(10_000);
  assertEquals([asked.length, clock.next()], [before, Infinity]);
});
