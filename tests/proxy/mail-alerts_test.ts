/** Mails about servers: byte for byte what HAProxy 2.6 sends. */
import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { Configuration } from "#src/config/model.ts";
import { startProxies } from "#src/proxy/instance.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import { Server } from "#src/simulate/server.ts";
import { virtualClock } from "#src/time/clock.ts";
import { hostname } from "node:os";
import { test } from "../testing.ts";

/** Runs a proxy whose server falls, and comes back. @returns what two mailers were told */
function mailed(settings: object, says: (line: string) => string | null): [string[], string[]] {
  const network = memoryNetwork({});
  const clock = virtualClock();
  const at = (host: string, port: number) => ({ kind: "ip" as const, host, port });
  const heard: [string[], string[]] = [[], []];
  heard.forEach((mails, i) => {
    new Server(network, at(`10.0.0.${2 + i}`, 25), (connection) => {
      const place = mails.push("") - 1;
      let read = 0;
      let data = false;
      connection.send("220 hi\r\n");
      connection.onData = () => {
        mails[place] = connection.received;
        for (;;) {
          const end = connection.received.indexOf("\r\n", read);
          if (end < 0) return;
          const line = connection.received.slice(read, end);
          read = end + 2;
          if (data && line !== ".") continue;
          const answer = says(line);
          if (answer !== null) connection.send(answer);
          data = line === "DATA";
        }
      };
      connection.onEnd = () => connection.close();
    }).listen();
  });
  const web = new Server(network, at("10.0.1.1", 80), (connection) => {
    connection.onEnd = () => connection.close();
  });
  web.listen();
  const configuration = v.parse(Configuration, {
    mailers: [{
      name: "local",
      mailers: [{ name: "a", host: "10.0.0.2", port: 25 }, {
        name: "b",
        host: "10.0.0.3",
        port: 25,
      }],
    }],
    proxies: [{
      name: "be",
      kind: "listen",
      bind: [{ address: at("10.0.0.1", 80) }],
      emailMailers: "local",
      emailFrom: "a@b.c",
      emailTo: "d@e.f",
      servers: [{
        name: "s1",
        address: at("10.0.1.1", 80),
        check: true,
        inter: 1000,
        fall: 1,
        rise: 1,
      }],
      ...settings,
    }],
  });
  const instance = startProxies(configuration, {
    network,
    clock,
    maxconn: 10,
    log: {
      logsSessions: () => false,
      logsConnections: () => false,
      session() {},
      connection() {},
      event() {},
    },
  });
  const advance = (ms: number) => {
    for (let i = 0; i < ms; i++) {
      clock.advance(1);
      network.run();
    }
  };
  advance(1500);
  web.stop();
  advance(1500);
  web.listen();
  advance(2000);
  void instance.stop();
  network.run();
  return heard;
}

const polite = (line: string) =>
  line === "DATA" ? "354 go\r\n" : line === "QUIT" ? "221 bye\r\n" : "250 ok\r\n";

test("email-alert: each mailer gets what HAProxy sends", () => {
  const [first, second] = mailed({ emailMyhostname: "lb.x" }, polite);
  assertEquals(first, second);
  assertEquals(first.length, 1);
  const text = "Server be/s1 is DOWN, reason: Layer4 connection problem, " +
    'info: "Connection refused", check duration: 0ms. 0 active and 0 backup servers left. ' +
    "0 sessions active, 0 requeued, 0 remaining in queue";
  const mail = first[0]!.replace(/Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000/, "Date: D");
  assertEquals(
    mail,
    "HELO lb.x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nFrom: a@b.c\r\nTo: d@e.f\r\n" +
      `Date: D (UTC)\r\nSubject: [HAProxy Alert] ${text}\r\n\r\n${text}\r\n\r\n.\r\nQUIT\r\n`,
  );
});

test("email-alert: levels, and news of checks", () => {
  const subjects = (settings: object) =>
    mailed(settings, polite)[0].map((mail) => /Subject: \[HAProxy Alert\] (.{22})/.exec(mail)?.[1]);
  assertEquals(subjects({ emailLevel: "notice" }), [
    "Server be/s1 is DOWN, ",
    "Server be/s1 is UP, re",
  ]);
  assertEquals(subjects({ emailLevel: "crit" }).length, 1);
  assertEquals(subjects({ emailLevel: "info", logHealthChecks: true }).length, 5);
  assertEquals(subjects({ emailTo: null }), []);
});

test("email-alert: a mailer that refuses, or says nothing, keeps nobody from anything", () => {
  const [refused] = mailed({ emailLevel: "notice" }, () => "550 no\r\n");
  assertEquals(refused, [`HELO ${hostname()}\r\n`]);
  const [silent] = mailed({ emailLevel: "notice" }, () => null);
  assert(silent.every((mail) => mail === `HELO ${hostname()}\r\n`));
});
