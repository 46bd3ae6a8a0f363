/** The real haproxy as the other peer. */
import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { loadConfiguration } from "#src/config/load.ts";
import { startSharing } from "#src/process/peers.ts";
import { createMemory } from "#src/shared/memory.ts";
import { definitionsOf } from "#src/stick-table/definitions.ts";
import { Tables } from "#src/stick-table/tables.ts";
import { entryLine, namedField, setData, setKeyText, viewEntries } from "#src/stick-table/view.ts";
import { systemClock } from "#src/time/clock.ts";
import { haproxy } from "../haproxy.ts";
import { nodeNetwork } from "../node-network.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";

/** Asks haproxy's runtime API. */
function ask(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(path, () => socket.write(`${command}\n`));
    socket.on("data", (bytes) => answer += bytes.toString());
    socket.on("end", () => resolve(answer.trim()));
    socket.on("error", reject);
  });
}

const tablesText = `
backend numbers
  stick-table type integer size 100 peers mates store gpc0
backend clients
  stick-table type ip size 1k expire 1m peers mates store gpc(3),gpt(2),gpc_rate(3,10s),conn_cnt,conn_cur,http_req_rate(10s),bytes_in_cnt,server_id,server_key
backend texts
  stick-table type string len 20 size 100 peers mates store gpc0,gpc1_rate(1m),http_err_cnt
backend sixes
  stick-table type ipv6 size 100 peers mates store sess_cnt
`;

test("peers: sluice and haproxy 2.6 know what the other one does", async () => {
  const folder = mkdtempSync(join(tmpdir(), "peers-"));
  const host = `127.43.${process.pid % 250}.1`;
  const api = join(folder, "api");
  const text = (own: string, global: string) =>
    `global
  localpeer ${own}
  ${global}
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
peers mates
  peer theirs ${host}:7001
  peer ours ${host}:7002
  table own type string len 10 size 100 store gpc0
frontend f
  bind ${host}:7003
  default_backend numbers
${tablesText}`;
  const file = join(folder, "config");
  writeFileSync(file, text("theirs", `stats socket ${api} level admin`));
  const other = spawn(haproxy!, ["-db", "-q", "-f", file], { stdio: "ignore" });
  const { configuration } = loadConfiguration([{ name: "x", text: text("ours", "") }], {});
  const { proxies } = configuration!;
  const tables = new Tables(
    createMemory(1, 0),
    definitionsOf(configuration!, proxies),
    systemClock,
    1,
  );
  const set = (name: string, key: string, values: Record<string, number | string>) => {
    const table = tables.get(name)!;
    setKeyText(table, key);
    setData(
      table,
      tables.serverKeys,
      Object.entries(values).map(([name, value]) => {
        const field = namedField(table, name);
        if (typeof field === "string") throw new Error(name);
        return { field, value };
      }),
    );
  };
  const ours = (name: string) =>
    [...viewEntries(tables.get(name)!, tables.serverKeys)].map((view) => strip(entryLine(view)));
  const strip = (line: string) => line.replace(/^0x\S+ /, "").replace(/exp=\d+/, "exp=_");
  const theirs = async (name: string) =>
    (await ask(api, `show table ${name}`)).split("\n").slice(1).map(strip);
  const names = ["numbers", "clients", "texts", "sixes", "mates/own"];
  const lines = () =>
    Promise.all(names.map(async (name) => ({ name, lines: (await theirs(name)).sort() })));
  let sharing: ReturnType<typeof startSharing> | null = null;
  try {
    await until(() => ask(api, "show info").then(() => true, () => false), "haproxy");
    for (
      const command of [
        "set table clients key 10.0.0.1 data.conn_cnt 7 data.http_req_rate 70 data.server_id 3",
        "set table clients key 10.0.0.2 data.gpc 4 data.gpt 5 data.bytes_in_cnt 5000000000",
        "set table texts key hello data.gpc0 9 data.gpc1_rate 12",
        "set table numbers key 4000000000 data.gpc0 2",
        "set table sixes key 2001:db8::1 data.sess_cnt 2",
        "set table mates/own key x data.gpc0 1",
      ]
    ) {
      await ask(api, command);
    }
    sharing = startSharing(configuration!, tables, nodeNetwork, () => {});
    await until(() => ours("mates/own").length === 1 && ours("clients").length === 2, "the lesson");
    set("clients", "10.0.0.3", { gpc1: 6, gpc2_rate: 8, server_key: "web1", server_id: 1 });
    set("clients", "10.0.0.4", { server_key: "web1", conn_cur: 3 });
    set("texts", "from here", { gpc0: 3, http_err_cnt: 300 });
    set("numbers", "5", { gpc0: 1 });
    set("mates/own", "y", { gpc0: 2 });
    await until(
      async () =>
        (await theirs("mates/own")).length === 2 && (await theirs("clients")).length === 4,
      "what haproxy learns",
    );
    // What is local to one is not learnt by the other.
    const cleared = ours("clients").map((line) => line.replace("conn_cur=3", "conn_cur=0"));
    assertEquals(
      await lines(),
      names.map((name) => ({
        name,
        lines: (name === "clients" ? cleared : ours(name)).sort(),
      })),
    );
    await ask(api, "set table texts key hello data.gpc0 10");
    await until(() => ours("texts").some((line) => line.includes("gpc0=10")), "a change");
  } finally {
    sharing?.close();
    other.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}, { skip: haproxy === null });
