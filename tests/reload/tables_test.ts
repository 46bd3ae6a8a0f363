/** Stick tables are kept over a reload, and no count is lost. */
import { assertEquals } from "@std/assert";
import { connect } from "node:net";
import { programTest } from "../binary.ts";
import { until } from "../until.ts";
import { ask, assertQuiet, ended, furnished, relay } from "./rig.ts";

/** Asks the runtime API. */
function command(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(path, () => socket.write(`${text}\n`));
    socket.on("data", (bytes) => answer += bytes.toString());
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });
}

programTest(
  "a reload keeps what stick tables have, and what both processes count adds up",
  () =>
    furnished(async ({ home, address, server }) => {
      const api = `${home.folder}/api`;
      home.configure(
        `global\n  stats socket ${api} level admin\n` + relay(
          address,
          server,
          "stick-table type ip size 100 expire 1h store http_req_cnt,gpt0,http_req_rate(1h)",
          "http-request track-sc0 src",
          "http-request sc-set-gpt0(0) 7",
        ),
      );
      const counted = async () =>
        Number(/http_req_cnt=(\d+)/.exec(await command(api, "show table web"))?.[1] ?? 0);
      assertQuiet(await home.start());
      const first = home.pid();
      for (let i = 0; i < 5; i++) assertEquals(await ask(address), 200);
      assertEquals(await counted(), 5);
      assertQuiet(await home.start(["-q", "-sf", first]));
      for (let i = 0; i < 3; i++) assertEquals(await ask(address), 200);
      await ended(first);
      await until(async () => await counted() === 8, "the count of both");
      const shown = await command(api, "show table web");
      assertEquals(/gpt0=\d+/.exec(shown)?.[0], "gpt0=7");
      assertEquals(/http_req_rate\(3600000\)=\d+/.exec(shown)?.[0], "http_req_rate(3600000)=8");
    }),
);
