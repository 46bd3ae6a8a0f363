/** Chapter 2.2: TCP is relayed. */
import { assert, assertEquals } from "@std/assert";
import type { Connection } from "#src/simulate/connection.ts";
import { tlsAlert } from "#src/simulate/server-input.ts";
import { until } from "../until.ts";
import { type Fixture, lines, logged, type ScenarioTest } from "./fixture.ts";
import { type Client, open } from "./wire.ts";

/** Who a client is, and where it goes. */
function dial({ address }: Fixture, from: number, port: number): Client {
  return open({ host: address(1), port, localAddress: address(from) });
}

/** A server that takes note of its connections. */
async function farmAt(fixture: Fixture, last: number, port: number): Promise<Connection[]> {
  const accepted: Connection[] = [];
  const target = { host: fixture.address(last), port };
  await fixture.server("farm", target, (connection) => accepted.push(connection));
  return accepted;
}

/** A server of syslog over TLS, which answers a ClientHello until it hangs. */
async function tlsServer(fixture: Fixture, name: string, last: number) {
  const self = { hangs: false, hellos: 0, heard: "" };
  await fixture.server(name, { host: fixture.address(last), port: 1514 }, (connection) => {
    connection.onEnd = () => connection.fin();
    connection.onData = () => {
      const text = connection.take(connection.received.length);
      if (self.hangs) return;
      const hello = text.charCodeAt(0) === 22 && text.charCodeAt(5) === 1; // RFC 8446: client_hello
      if (hello) self.hellos++;
      else self.heard += text;
      connection.send(hello ? tlsAlert : name);
    };
  });
  return self;
}

export const relays: Readonly<Record<string, ScenarioTest>> = {
  async "tcp-relay"(fixture) {
    const ports = [3389, 1494, 5900];
    const farm = new Map<number, Connection[]>();
    for (const port of ports) farm.set(port, await farmAt(fixture, 10, port));
    const mail = await farmAt(fixture, 20, 12110);
    await fixture.run(async (proxy) => {
      // Three services, each with both halves of the connection ended by itself.
      for (const port of ports) {
        const accepted = farm.get(port)!;
        const client = dial(fixture, 99, port);
        client.send("to the server");
        const server = await until(() => accepted[0], `a connection to port ${port}`);
        await until(() => server.received === "to the server", "what the client said");
        if (port === 1494) {
          server.send("last words").fin();
          await until(() => client.hasEnded, "the server's end");
          assertEquals(client.received, "last words");
          assert(!server.hasEnded);
          client.send(", and more").fin();
          await until(() => server.hasEnded, "the client's end");
          assertEquals(server.received, "to the server, and more");
        } else {
          client.fin();
          await until(() => server.hasEnded, "the client's end");
          assert(!client.hasEnded);
          server.send("thank you").fin();
          await until(() => client.hasEnded, "the server's end");
          assertEquals(client.received, "thank you");
        }
      }
      const from = (last: number) => new RegExp(`^${RegExp.escape(fixture.address(last))}:`);
      await until(() => lines(proxy, from(99)).length === 3, "three lines");
      for (const line of lines(proxy, from(99))) {
        assert(/ tse-proxy tse-proxy\/tse-farm \d+\/\d+\/\d+ \d+ -- /.test(line), line);
      }

      // MonitorReplies are let go at once; the addresses on both sides of theirs are clients.
      for (const last of [252, 253]) {
        const monitor = dial(fixture, last, 3389);
        await until(() => monitor.hasEnded, "the monitor's end");
        assertEquals(monitor.received, "");
      }
      const desktops = farm.get(3389)!;
      for (const last of [251, 254]) {
        const before = desktops.length;
        dial(fixture, last, 3389).fin();
        (await until(() => desktops[before], "its connection")).fin();
        await logged(proxy, from(last));
      }
      assertEquals(desktops.length, 3);
      assertEquals(lines(proxy, new RegExp(`${from(252).source}|${from(253).source}`)), []);

      const postman = dial(fixture, 99, 2110);
      await until(() => mail.length === 1, "a connection to the shifted port");
      postman.close();
    });
  },

  async "ssl-hello"(fixture) {
    const site = await tlsServer(fixture, "prod", 10);
    const backup = await tlsServer(fixture, "back", 20);
    await fixture.run(async () => {
      /** Who answers a new connection. */
      const serves = async () => {
        const client = dial(fixture, 99, 1514);
        client.send("<134>hello");
        await until(() => client.received !== "" || client.endOfStream, "an answer", 1000).catch(
          () => {},
        );
        client.close();
        return client.received;
      };
      const soon = (name: string) => until(async () => await serves() === name, name);
      await until(() => site.hellos > 1 && backup.hellos > 1, "checks of both");
      assertEquals(await serves(), "prod");
      assertEquals(backup.heard, "");
      // It still accepts, as a firewall in its place would.
      site.hangs = true;
      await soon("back");
      site.hangs = false;
      await soon("prod");
      await fixture.stop("prod");
      await fixture.stop("back");
      await soon("");
    });
  },
};
