/** Chapter 2.2: TCP is relayed. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { until } from "../until.ts";
import { lines, logged, type Part, type Stage } from "./stage.ts";

/** A connection, and all that has come on it. */
interface Line {
  readonly socket: Socket;
  readonly text: () => string;
  readonly ended: () => boolean;
}

function listen(socket: Socket): Line {
  let text = "";
  let ended = false;
  socket.on("data", (bytes: Buffer) => void (text += bytes.toString("latin1")));
  socket.on("end", () => void (ended = true));
  socket.on("error", () => void (ended = true));
  return { socket, text: () => text, ended: () => ended };
}

/** Who a client is, and where it goes. */
function dial({ address }: Stage, from: number, port: number): Line {
  return listen(
    connect({ host: address(1), port, localAddress: address(from), allowHalfOpen: true }),
  );
}

/** A server that takes note of its connections. */
async function farmAt(stage: Stage, last: number, port: number): Promise<Line[]> {
  const accepted: Line[] = [];
  const target = { host: stage.address(last), port };
  await stage.server("farm", target, (socket) => void accepted.push(listen(socket)));
  return accepted;
}

/** A server of syslog over TLS, which answers a ClientHello until it hangs. */
async function tlsServer(stage: Stage, name: string, last: number) {
  const self = { hangs: false, hellos: 0, heard: "", open: new Set<Socket>() };
  await stage.server(name, { host: stage.address(last), port: 1514 }, (socket) => {
    self.open.add(socket);
    socket.on("close", () => self.open.delete(socket));
    socket.on("end", () => socket.end());
    socket.on("data", (bytes: Buffer) => {
      if (self.hangs) return;
      const hello = bytes[0] === 22 && bytes[5] === 1; // RFC 8446: handshake, client_hello
      if (hello) self.hellos++;
      else self.heard += bytes.toString("latin1");
      // An alert (21): fatal, handshake_failure.
      socket.write(hello ? Buffer.from([21, 3, 3, 0, 2, 2, 40]) : name);
    });
  });
  return self;
}

export const relays: Readonly<Record<string, Part>> = {
  async "tcp-relay"(stage) {
    const ports = [3389, 1494, 5900];
    const farm = new Map<number, Line[]>();
    for (const port of ports) farm.set(port, await farmAt(stage, 10, port));
    const mail = await farmAt(stage, 20, 12110);
    await stage.run(async (proxy) => {
      // Three services, each with both halves of the connection ended by itself.
      for (const port of ports) {
        const accepted = farm.get(port)!;
        const client = dial(stage, 99, port);
        client.socket.write("to the server");
        const server = await until(() => accepted[0], `a connection to port ${port}`);
        await until(() => server.text() === "to the server", "what the client said");
        if (port === 1494) {
          server.socket.end("last words");
          await until(client.ended, "the server's end");
          assertEquals(client.text(), "last words");
          assert(!server.ended());
          client.socket.end(", and more");
          await until(server.ended, "the client's end");
          assertEquals(server.text(), "to the server, and more");
        } else {
          client.socket.end();
          await until(server.ended, "the client's end");
          assert(!client.ended());
          server.socket.end("thank you");
          await until(client.ended, "the server's end");
          assertEquals(client.text(), "thank you");
        }
      }
      const from = (last: number) => new RegExp(`^${RegExp.escape(stage.address(last))}:`);
      await until(() => lines(proxy, from(99)).length === 3, "three lines");
      for (const line of lines(proxy, from(99))) {
        assert(/ tse-proxy tse-proxy\/tse-farm \d+\/\d+\/\d+ \d+ -- /.test(line), line);
      }

      // Monitors are let go at once; the addresses on both sides of theirs are clients.
      for (const last of [252, 253]) {
        const monitor = dial(stage, last, 3389);
        await until(monitor.ended, "the monitor's end");
        assertEquals(monitor.text(), "");
      }
      const desktops = farm.get(3389)!;
      for (const last of [251, 254]) {
        const before = desktops.length;
        dial(stage, last, 3389).socket.end();
        (await until(() => desktops[before], "its connection")).socket.end();
        await logged(proxy, from(last));
      }
      assertEquals(desktops.length, 3);
      assertEquals(lines(proxy, new RegExp(`${from(252).source}|${from(253).source}`)), []);

      const postman = dial(stage, 99, 2110);
      await until(() => mail.length === 1, "a connection to the shifted port");
      postman.socket.destroy();
    });
  },

  async "ssl-hello"(stage) {
    const site = await tlsServer(stage, "prod", 10);
    const backup = await tlsServer(stage, "back", 20);
    await stage.run(async () => {
      /** Who answers a new connection. */
      const serves = async () => {
        const client = dial(stage, 99, 1514);
        client.socket.write("<134>hello");
        await until(() => client.text() !== "" || client.ended(), "an answer", 1000).catch(
          () => {},
        );
        client.socket.destroy();
        return client.text();
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
      await stage.stop("prod");
      await stage.stop("back");
      await soon("");
    });
  },
};
