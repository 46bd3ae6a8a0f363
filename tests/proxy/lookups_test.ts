import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { postAnswer, type Question, RemoteLookups } from "#src/proxy/lookups.ts";
import { formatIp, parseIp } from "#src/net/ip/address.ts";
import { IDLE } from "#src/proxy/workers.ts";
import { test } from "../testing.ts";

/** A thread, and the main thread that knows what is in `known`. */
function pair(known: Record<string, string | null>, random = () => 0.999999999) {
  const questions: Question[] = [];
  const thread = new RemoteLookups((question) => questions.push(question), random);
  const answer = () => {
    for (const { question, section, name, type } of questions.splice(0)) {
      const address = known[`${section} ${name} ${type}`] ?? null;
      postAnswer((...message) => void thread.receive(...message), question, address);
    }
  };
  const found: (string | null)[] = [];
  const ask = (name: string, type: "A" | "AAAA" = "A") =>
    thread.resolve("dns", name, type, (address) => found.push(address));
  return { thread, answer, found, ask, questions };
}

test("lookups: each gets its own answer, whatever the family", () => {
  const { answer, found, ask } = pair({
    "dns a.test A": "255.0.0.1",
    "dns b.test AAAA": "2001:db8::ff:fffe",
  });
  ask("b.test", "AAAA");
  ask("a.test");
  ask("no.test");
  assertEquals(found, []);
  answer();
  assertEquals(found, ["2001:db8::ff:fffe", "255.0.0.1", null]);
});

test("lookups: nobody is called who has given up, nor by the answer to a thread before", () => {
  const { thread, answer, found, ask, questions } = pair({ "dns a.test A": "10.0.0.1" });
  ask("a.test")();
  answer();
  ask("a.test");
  const [{ question } = { question: 0 }] = questions;
  postAnswer((...message) => void thread.receive(...message), question + 1, "10.6.6.6");
  assertEquals(found, []);
  answer();
  assertEquals(found, ["10.0.0.1"]);
  assertEquals(thread.receive(IDLE, 1, 2, 3), false);
});

test("lookups: any address arrives as it was", () => {
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
    const address = formatIp(parseIp(text)!);
    const { answer, found, ask } = pair({ "dns x A": address }, Math.random);
    ask("x");
    answer();
    assertEquals(found, [address]);
  }));
});
