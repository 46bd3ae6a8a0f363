/** The CSV of `show stat`: bytes, and pieces. */
import { assertEquals } from "@std/assert";
import type { BackendStats, ServerStats } from "#src/stats/objects.ts";
import type { StatRow } from "#src/stats/rows.ts";
import { statCsv, statJson, statPieces, statTyped } from "#src/stats/show-stat.ts";
import { CsvWriter } from "#src/stats/stat-csv.ts";

import { scene, server, web } from "../proxy/harness.ts";
import { facts } from "../services/facts.ts";
import { test } from "../testing.ts";

const moment = { wall: 1000, pid: 1, legends: true, onlyUp: false };

/** A server with this name and so many streams that wait. */
function row(of: ServerStats, name: string, length: number): StatRow {
  const changed = { name, queue: { length } };
  return {
    scope: "server",
    object: new Proxy(of, {
      get: (target, key) =>
        key in changed ? changed[key as keyof typeof changed] : Reflect.get(target, key, target),
    }),
  };
}

function withServer(play: (of: ServerStats, backend: BackendStats) => void | Promise<void>) {
  return scene(web({ servers: [server("s1")] }), (w) => {
    const backend = w.instance.control(facts).proxies[0]!.backend!;
    return play(backend.servers[0]!, backend);
  });
}

test(
  "cells: digits, signs, what is quoted, and what is not ASCII",
  withServer((of) => {
    const writer = new CsvWriter();
    const cases: [string, string][] = [
      ["plain", "plain"],
      ["a,b", '"a,b"'],
      ['say "x"', '"say ""x"""'],
      ["línea", "línea"],
      ["€".repeat(40_000), "€".repeat(40_000)],
      ["x".repeat(200_000), "x".repeat(200_000)],
    ];
    const numbers: [number, string][] = [
      [0, "0"],
      [7, "7"],
      [10, "10"],
      [-1, "-1"],
      [2 ** 31 - 1, "2147483647"],
      [2 ** 31, "2147483648"],
      [2 ** 53 - 1, "9007199254740991"],
      [1.5, "1.5"],
      [NaN, ""],
      [Infinity, ""],
    ];
    for (const [name, shown] of cases) {
      for (const [length, digits] of numbers) {
        writer.row(row(of, name, length), moment);
        const text = new TextDecoder().decode(writer.take());
        assertEquals(text.startsWith(`web,${shown},${digits},0,`), true, text.slice(0, 80));
        assertEquals(text.endsWith(",\n"), true);
      }
    }
  }),
);

test(
  "pieces make the same text as one",
  withServer(async (of) => {
    const rows = Array.from({ length: 1001 }, (_, i) => row(of, `s${i}`, i));
    const forms = {
      csv: statCsv(rows, moment),
      typed: statTyped(rows, moment, false),
      json: `${statJson(rows, moment)}\n`,
    };
    for (const form of ["csv", "typed", "json"] as const) {
      let text = "";
      let turns = 0;
      const turn = () => {
        turns++;
        return Promise.resolve();
      };
      const decoder = new TextDecoder();
      for await (const piece of statPieces(rows, moment, form, false, turn)) {
        text += decoder.decode(piece);
      }
      assertEquals(text === forms[form], true, form);
      assertEquals(turns, 5);
    }
  }),
);
