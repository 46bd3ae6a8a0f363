/** The same configurations through the real haproxy: both accept, or both refuse. */
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateCondition } from "#src/config/haproxy/condition.ts";
import { convertConfiguration } from "#src/config/load.ts";
import { haproxy } from "../haproxy.ts";
import { test } from "../testing.ts";
import { conditions, texts, words } from "./oracle_cases.ts";
import { nameDifferences, nameTexts } from "./oracle_names.ts";
import { load } from "./support.ts";

const skip = haproxy === null;
const why = skip ? " (SKIPPED: haproxy is not installed)" : "";
const env = { A: "v1 v2", EMPTY: "", IP: "127.0.0.1", PORT: "8181", DIR: "/tmp" };

/** What a run of haproxy came to. */
interface Run {
  readonly status: number;
  readonly said: string;
}

function run(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(haproxy ?? "", args, { env, encoding: "utf8" }, (error, _, said) => {
      resolve({ status: error === null ? 0 : Number(error.code), said });
    });
  });
}

/** Runs `haproxy -c` on a text; status 1: errors, 2: nothing listens. */
async function check(text: string): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-"));
  try {
    writeFileSync(join(folder, "x.cfg"), text);
    return await run("-c", "-f", join(folder, "x.cfg"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Maps with a few at a time; undefined results are left out. */
async function collect<T, R>(
  items: readonly T[],
  map: (item: T) => Promise<R | undefined>,
): Promise<R[]> {
  const rest = items.values();
  const results: R[] = [];
  const work = async () => {
    for (const item of rest) {
      const result = await map(item);
      if (result !== undefined) results.push(result);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return results;
}

const defaults =
  "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n";

test(`haproxy accepts and refuses the same configurations${why}`, async () => {
  const disagreements = await collect([...texts, ...nameTexts], async (text) => {
    const whole = `${defaults}listen l\nbind :80\n${text}\n`;
    const { status, said } = await check(whole);
    const accepted = load(whole, env).configuration !== null;
    const isKnown = nameDifferences.some(({ texts }) => texts.includes(text));
    return accepted === (status !== 1) !== isKnown ? undefined : { text, accepted, said };
  });
  assertEquals(disagreements, []);
}, { skip });

test(`haproxy reads the same words${why}`, async () => {
  const disagreements = await collect(words, async (word) => {
    const text = `listen l\nmode ${word}\n`;
    const { said } = await check(text);
    const theirs = /unknown proxy mode '(.*)'\.\n/.exec(said)?.[1] ?? said;
    const error = load(text, env).diagnostics.find(({ severity }) => severity === "error");
    const ours = /'(.*)' is not a mode$/.exec(error?.message ?? "")?.[1];
    return ours === theirs ? undefined : { word, ours, theirs };
  });
  assertEquals(disagreements, []);
}, { skip });

test(`haproxy evaluates conditions the same${why}`, async () => {
  const disagreements = await collect(conditions, async (condition) => {
    const { status: theirs } = await run("-cc", condition);
    const evaluation = evaluateCondition(condition, env);
    const ours = "value" in evaluation ? (evaluation.value ? 0 : 1) : 2;
    return ours === theirs ? undefined : { condition, ours, theirs };
  });
  assertEquals(disagreements, []);
}, { skip });

test(`haproxy reads what the guide's spelling is converted to${why}`, async () => {
  const guide = `listen 127.0.0.1:8000
  mode http
  balance source
  cookie SERVERID insert indirect nocache
  option httpchk HEAD /index.html HTTP/1.0
  option forwardfor except 127.0.0.1
  option forceclose
  redispatch
  contimeout 5000
  clitimeout 5000
  srvtimeout 5000
  log 127.0.0.1 local0
  option httplog
  server a 127.0.0.1:80 cookie A check inter 2000 rise 2 fall 2 maxconn 4
  server b 127.0.0.1:81 cookie B check port 82 backup source 127.0.0.1
listen relay :8001,[::1]:8002
  dispatch 127.0.0.1:80
`;
  const json = convertConfiguration([{ name: "x.cfg", text: guide }], {}).text ?? "";
  const text = convertConfiguration([{ name: "x.json", text: json }], {}).text ?? "";
  const { status, said } = await check(text);
  assertEquals(status, 0, `${text}\n${said}`);
}, { skip });
