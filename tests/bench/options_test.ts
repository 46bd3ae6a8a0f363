import { assertEquals, assertThrows } from "@std/assert";
import { test } from "../testing.ts";
import { readOptions } from "./options.ts";

const measures = ["keepalive", "close", "idle"];
const read = (...args: string[]) => readOptions(args, measures);

test("without options everything is measured, in as many rounds as are right", () => {
  assertEquals(read(), { rounds: null, quick: false, only: measures, sluiceArgs: [] });
});

test("--only takes names in any order, --rounds a number, --quick nothing", () => {
  const { only, rounds, quick } = read("--only", "idle,keepalive", "--rounds=7", "--quick");
  assertEquals({ only, rounds, quick }, { only: ["idle", "keepalive"], rounds: 7, quick: true });
});

test("--args takes sluice's flags though they begin with a dash, as a word or behind =", () => {
  assertEquals(read("--args", "-de").sluiceArgs, ["-de"]);
  assertEquals(read("--args=-de -dS", "--quick").sluiceArgs, ["-de", "-dS"]);
  assertEquals(read("--args", "-de  -dS", "--quick").quick, true);
  assertEquals(read("--args", "").sluiceArgs, []);
});

test("what is not known is refused", () => {
  assertThrows(() => read("--only", "idle,nothing"), Error, "no measure 'nothing'");
  assertThrows(() => read("--rounds", "many"), Error, "whole number");
  assertThrows(() => read("--rounds", "0"), Error, "whole number");
  assertThrows(() => read("--fast"));
  assertThrows(() => read("--args"));
});
