/** The log as it leaves the process: datagrams of syslog, and lines on the standard output. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { freshAddress, programTest, type Proxy, withProxy } from "../binary.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";
import { exchange, get, open, type Origin, startOrigin, statusOf } from "./wire.ts";

/** A syslog daemon that keeps what it gets. */
async function startSyslog(host: string) {
  const socket = createSocket("udp4");
  const messages: string[] = [];
  socket.on("message", (message) => void messages.push(message.toString("latin1")));
  socket.bind(10514, host);
  await once(socket, "listening");
  return { messages, close: () => socket.close() };
}

const date = String.raw`\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\]`;

/** A line of the standard output that matches. */
function line(proxy: Proxy, pattern: RegExp): Promise<RegExpMatchArray> {
  return until(() => {
    for (const each of proxy.stdout().split("\n").slice(0, -1)) {
      const match = each.match(pattern);
      if (match !== null) return match;
    }
    return undefined;
  }, () => `a line like ${pattern} in\n${proxy.stdout()}`);
}

programTest("httplog, tcplog, and neither: a line each, to syslog and to stdout", async () => {
  const [host, server] = [freshAddress(), freshAddress()];
  const syslog = await startSyslog(host);
  const origin = await startOrigin("a", { host: server, port: 8000 });
  const configuration = `
global
  log ${host}:10514 local0
  log stdout format raw local1
  nbthread 1
defaults
  log global
  mode http
  timeout connect 1s
  timeout client 3s
  timeout server 3s
frontend web
  bind ${host}:8080
  option httplog
  default_backend app
backend app
  cookie SRV insert
  server a ${server}:8000 cookie A
  server a2 ${server}:8000 cookie B
listen tcp
  bind ${host}:8081
  mode tcp
  option tcplog
  server a ${server}:8000
listen plain
  bind ${host}:8082
  server a ${server}:8000
listen nobody
  bind ${host}:8083
  option httplog
`;
  try {
    await withProxy(configuration, async (proxy) => {
      const from = { localAddress: freshAddress() };
      const at = (port: number) => ({ host, port, ...from });
      const client = RegExp.escape(from.localAddress);

      // 8.2.3: the request's way in times and counts; cookie states; "#" for what is not printable.
      await exchange(at(8080), get('/a"b'));
      await exchange(at(8080), get("/known", "Cookie: SRV=B"));
      const http = await line(
        proxy,
        new RegExp(
          String.raw`^${client}:\d+ ${date} web app/a (\d+)/0/\d+/\d+/\d+ 200 (\d+) - - --NI ` +
            String.raw`1/1/0/0/0 0/0 "GET /a#22b HTTP/1\.0"$`,
        ),
      );
      assert(Number(http[2]) > 80, "bytes of head and content");
      await line(proxy, / app\/a2 .* 200 \d+ - - --VN 1\/1\/0\/0\/0 0\/0 "GET \/known HTTP\/1.0"$/);

      // 8.2.2
      await exchange(at(8081), get("/"));
      await line(
        proxy,
        new RegExp(`^${client}:\\d+ ${date} tcp tcp/a \\d+/\\d+/\\d+ \\d+ -- 1/1/0/0/0 0/0$`),
      );

      // 8.2.1: at the accept.
      const idle = open(at(8082));
      await line(
        proxy,
        new RegExp(`^Connect from ${client}:\\d+ to ${RegExp.escape(host)}:8082 \\(plain/HTTP\\)$`),
      );
      idle.close();

      // What fails is told by its termination state.
      const nobody = await exchange(at(8083), get("/"));
      assertEquals(statusOf(nobody), 503);
      await line(proxy, / nobody nobody\/<NOSRV> .* 503 \d+ - - SC-- .* "GET \/ HTTP\/1\.0"$/);
      const garbage = await exchange(at(8080), "\x16\x03\x01\r\n\r\n");
      assertEquals(statusOf(garbage), 400);
      await line(proxy, / web web\/<NOSRV> -1\/-1\/-1\/-1\/\d+ 400 \d+ - - PR-- .* "<BADREQ>"$/);
      await line(proxy, /^Invalid request from \S+ to web: method\.$/);

      // Syslog got the same texts behind its header: local0.info is 16 * 8 + 6, so that RFC 3164's
      // priority is 134; and the id is that of the process.
      const texts = proxy.stdout().split("\n").slice(0, -1);
      assertEquals(texts.length, 7);
      await until(() => syslog.messages.length >= 7, "seven datagrams");
      const header = new RegExp(
        String.raw`^<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d sluice\[${proxy.pid}\]: `,
      );
      for (const message of syslog.messages) assertMatch(message, header);
      assertEquals(
        syslog.messages.map((message) => message.replace(header, "").replace(/\n$/, "")).sort(),
        texts.sort(),
      );
    });
  } finally {
    syslog.close();
    await origin.stop();
  }
});

programTest("a server's fall and rise are told, with the reason and who is left", async () => {
  const [host, server] = [freshAddress(), freshAddress()];
  const syslog = await startSyslog(host);
  let origin: Origin | undefined;
  const configuration = `
global
  log ${host}:10514 local2
defaults
  log global
  mode http
  timeout connect 1s
  timeout client 3s
  timeout server 3s
listen web
  bind ${host}:8080
  option httpchk HEAD / HTTP/1.0
  default-server inter 50ms rise 1 fall 2
  server a ${server}:8000 check
`;
  try {
    await withProxy(configuration, async () => {
      const told = (text: RegExp) =>
        until(() => syslog.messages.find((message) => text.test(message)), `${text}`);
      // Nobody listens there yet. Priorities: local2 with alert, emerg, and then notice.
      const down = await told(/^<145>.*: Server web\/a is DOWN, /);
      assertMatch(
        down,
        /, reason: Layer4 connection problem, info: "Connection refused", check duration: \d+ms\. /,
      );
      assertMatch(
        down,
        /\. 0 active and 0 backup servers left\. 0 sessions active, 0 requeued, 0 remaining in queue\.\n?$/,
      );
      await told(/^<144>.*: proxy web has no server available!\n?$/);
      origin = await startOrigin("a", { host: server, port: 8000 });
      const up = await told(/^<149>.*: Server web\/a is UP, /);
      assertMatch(up, /, reason: Layer7 check passed, code: 200, check duration: \d+ms\. /);
      assertMatch(
        up,
        /\. 1 active and 0 backup servers online\. 0 sessions requeued, 0 total in queue\.\n?$/,
      );
      assertEquals(statusOf(await exchange({ host, port: 8080 }, get("/"))), 200);
    });
  } finally {
    syslog.close();
    await origin?.stop();
  }
});

programTest("a log that nobody takes holds no request up", async () => {
  const [host, server] = [freshAddress(), freshAddress()];
  const origin = await startOrigin("a", { host: server, port: 8000 });
  const configuration = `
global
  log ${freshAddress()}:10514 local0
  log stdout format raw local0
defaults
  log global
  mode http
  option httplog
  timeout connect 1s
  timeout client 3s
  timeout server 3s
listen web
  bind ${host}:8080
  server a ${server}:8000
`;
  try {
    await withProxy(configuration, async (proxy) => {
      proxy.pauseOutput();
      // Some 2 MB of lines: far more than the pipe holds.
      const long = `GET /${"x".repeat(1000)} HTTP/1.1\r\nHost: x\r\n\r\n`;
      const clients = Array.from({ length: 4 }, async () => {
        const client = open({ host, port: 8080 });
        for (let i = 0; i < 500; i++) assertEquals(statusOf(await client.request(long)), 200);
        client.close();
      });
      await Promise.all(clients);
      assertEquals(origin.seen.length, 2000);
    });
  } finally {
    await origin.stop();
  }
});

programTest(
  "a client that left before it was accepted is called by its address if anybody knows it, never unix",
  async () => {
    const host = freshAddress();
    const configuration = `
global
  log stdout format raw local0
defaults
  log global
  retries 0
  timeout connect 1s
  timeout client 3s
  timeout server 3s
listen tcp
  mode tcp
  option tcplog
  bind ${host}:8080
  server s ${host}:1
listen web
  mode http
  option httplog
  bind ${host}:8081
  server s ${host}:1
`;
    await withProxy(configuration, async (proxy) => {
      for (const [port, name] of [[8080, "tcp"], [8081, "web"]] as const) {
        proxy.signal("SIGSTOP");
        const client = connect(port, host);
        await once(client, "connect");
        client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await until(() => client.writableLength === 0, "the request to be sent");
        client.resetAndDestroy();
        await once(client, "close");
        proxy.signal("SIGCONT");
        // Deno does not even tell of it.
        if (runtimeName === "bun") {
          await line(proxy, new RegExp(`^(127.0.0.1:\\d+|-:0) ${date} ${name} `));
        }
      }
      await exchange({ host, port: 8081 }, get("/after"));
      await line(proxy, / "GET \/after /);
      assert(!proxy.stdout().includes("unix"), proxy.stdout());
    });
  },
);
