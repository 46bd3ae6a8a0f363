/**
 * What every endpoint of a transaction must do, whatever protocol is behind it (see
 * src/proxy/stream/endpoints.ts): one suite over a client's and a server's side in HTTP/1 and in TCP,
 * and over a service. A new kind of endpoint joins by one entry in the table.
 */
import { assert, assertEquals } from "@std/assert";
import * as v from "valibot";
import { Configuration } from "#src/config/model.ts";
import { METHOD_GET } from "#src/http/head.ts";
import { textOf } from "#src/bytes/bytes.ts";
import { singleThread } from "#src/proxy/workers.ts";
import { HttpClientConnection } from "#src/proxy/http/client-connection.ts";
import { Http1ServerStream } from "#src/proxy/http/server-stream.ts";
import { ServiceStream } from "#src/proxy/http/service-stream.ts";
import { HttpTransaction } from "#src/proxy/http/transaction.ts";
import { createProxies } from "#src/proxy/proxies.ts";
import { type ConnectionUser, ServerConnection } from "#src/proxy/stream/server-connection.ts";
import type { ClientEvents, ServerEvents, StreamEndpoint } from "#src/proxy/stream/endpoints.ts";
import { TcpClientEndpoint, type TcpEndpoint, TcpServerEndpoint } from "#src/proxy/tcp/endpoint.ts";
import type { ServiceResponse } from "#src/services/service.ts";
import { createMemory } from "#src/shared/memory.ts";
import { Connection } from "#src/simulate/connection.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import { virtualClock } from "#src/time/clock.ts";
import { latin1 } from "../latin1.ts";
import { test } from "../testing.ts";

/** What an endpoint has told its transaction. */
interface Heard {
  content: string;
  drained: number;
  /** Its direction is over: by its end, or because the connection broke. */
  over: "" | "ended" | "closed";
}

/** An endpoint in the middle of an exchange, and its peer. */
interface Subject {
  readonly endpoint: StreamEndpoint;
  readonly heard: Heard;
  /** What the peer has got of the content. */
  got(): string;
  /** Content from the peer. */
  say(text: string): void;
  /** The peer stops reading, or reads on; null: it is in this process, and always reads. */
  readonly reading: { stall(): void; read(): void } | null;
  /** The peer ends its direction, or resets the connection; null: it has no such thing. */
  end: (() => void) | null;
  reset: (() => void) | null;
  /** The peer has seen this direction's end. */
  hasEnded(): boolean;
  run(): void;
}

const address = { kind: "ip", host: "10.0.0.1", port: 80 } as const;
const origin = { kind: "ip", host: "10.0.1.1", port: 80 } as const;

/** Proxies that nobody has come to, on a memory network. */
function stage() {
  const network = memoryNetwork({ capacity: 10_000 });
  const configuration = v.parse(Configuration, {
    proxies: [{
      name: "web",
      kind: "listen",
      mode: "http",
      bind: [{ address }],
      servers: [{ name: "s1", address: origin }],
    }],
  });
  const log = {
    logsSessions: () => false,
    logsConnections: () => false,
    session() {},
    connection() {},
    event() {},
  };
  const { frontends: [frontend], backends: [backend] } = createProxies(configuration, {
    network,
    clock: virtualClock(),
    log,
    maxconn: 10,
    workers: singleThread(createMemory(1, 0), () => true),
  });
  frontend!.sessionEnded = () => {};
  return { network, frontend: frontend!, server: backend!.servers[0]! };
}

const heardNothing = (): Heard => ({ content: "", drained: 0, over: "" });

function peerOf(connection: Connection): Pick<Subject, "reading" | "end" | "reset" | "hasEnded"> {
  return {
    reading: { stall: () => connection.stall(), read: () => connection.read() },
    end: () => connection.fin(),
    reset: () => connection.reset(),
    hasEnded: () => connection.hasEnded,
  };
}

/** Hears a client's side in a transaction's place. */
class ClientHearing extends HttpTransaction implements ClientEvents {
  readonly heard = heardNothing();
  override begin(): void {}
  override onRequestContent(bytes: Uint8Array, from: number, to: number): void {
    this.heard.content += textOf(bytes, from, to);
  }
  override onClientDrained(): void {
    this.heard.drained++;
  }
  override onClientEnded(): void {
    this.heard.over = "ended";
  }
  override onClientClosed(): void {
    this.heard.over = "closed";
  }
}

/** Hears a server's side. */
function serverEvents(heard: Heard): ServerEvents {
  return {
    onInterim() {},
    onResponse(_head, _bytes, _end, _framing, content, from, to) {
      heard.content += textOf(content, from, to);
    },
    onResponseContent(bytes, from, to) {
      heard.content += textOf(bytes, from, to);
    },
    onResponseEnd() {},
    onResponseInvalid() {},
    onServerDrained() {
      heard.drained++;
    },
    onServerEnded() {},
    onServerClosed() {
      heard.over = "closed";
    },
    abandon() {},
  };
}

/** A connection to the server, and the server's end of it. */
function serverConnection({ network, server }: ReturnType<typeof stage>) {
  let far: Connection | undefined;
  network.listen(origin, {}, (socket) => far = new Connection().accept(socket));
  const user: ConnectionUser = {
    onOpened() {},
    onData() {},
    onDrained() {},
    onEnded() {},
    onClosed() {},
    abandon() {},
  };
  const client = {
    clientAddress: "10.9.9.9",
    clientPort: 80,
    addresses: { remoteAddress: "", remotePort: 0, localAddress: "", localPort: 0 },
    requestHead: null,
    clientTls: null,
  };
  const connection = new ServerConnection(server, user, client, 0);
  network.run();
  return { connection, far: far! };
}

const relayEvents = (heard: Heard) => ({
  onContent: (_: TcpEndpoint, bytes: Uint8Array) =>
    void (heard.content += textOf(bytes, 0, bytes.length)),
  onDrained: () => void heard.drained++,
  onEnded: () => void (heard.over = "ended"),
  onClosed: () => void (heard.over = "closed"),
  abandon() {},
});

const kinds: Readonly<Record<string, () => Subject>> = {
  "a client in HTTP/1"() {
    const { network, frontend } = stage();
    const hearing = new ClientHearing(16_000);
    let endpoint: HttpClientConnection | undefined;
    network.listen(address, {}, (socket) => {
      return endpoint = new HttpClientConnection(socket, frontend, socket, [hearing]);
    });
    const client = new Connection().connect(network, address);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    network.run();
    return {
      endpoint: endpoint!,
      heard: hearing.heard,
      got: () => client.received,
      say: (text) => client.send(text),
      run: () => network.run(),
      ...peerOf(client),
    };
  },
  "a server in HTTP/1"() {
    const on = stage();
    const { connection, far } = serverConnection(on);
    const heard = heardNothing();
    const passing = { onSpliced() {} };
    const endpoint = new Http1ServerStream(serverEvents(heard), passing, { put() {} }, 16_000);
    endpoint.attach(connection, METHOD_GET, false);
    far.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    on.network.run();
    return {
      endpoint,
      heard,
      got: () => far.received,
      say: (text) => far.send(text),
      run: () => on.network.run(),
      ...peerOf(far),
    };
  },
  "a client in TCP"() {
    const { network } = stage();
    const heard = heardNothing();
    let endpoint: TcpClientEndpoint | undefined;
    network.listen(address, {}, (socket) => {
      return endpoint = new TcpClientEndpoint(socket, relayEvents(heard));
    });
    const client = new Connection().connect(network, address);
    network.run();
    return {
      endpoint: endpoint!,
      heard,
      got: () => client.received,
      say: (text) => client.send(text),
      run: () => network.run(),
      ...peerOf(client),
    };
  },
  "a server in TCP"() {
    const on = stage();
    const { connection, far } = serverConnection(on);
    const heard = heardNothing();
    return {
      endpoint: new TcpServerEndpoint(connection, relayEvents(heard)),
      heard,
      got: () => far.received,
      say: (text) => far.send(text),
      run: () => on.network.run(),
      ...peerOf(far),
    };
  },
  "a service"() {
    const heard = heardNothing();
    const endpoint = new ServiceStream(serverEvents(heard), 16_000);
    let response: ServiceResponse | undefined;
    endpoint.begin({ serve: (_request, to) => void (response = to) }, METHOD_GET);
    response!.send(latin1("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"));
    return {
      endpoint,
      heard,
      got: () => "",
      say: (text) => response!.send(latin1(text)),
      reading: null,
      end: () => response!.end(),
      reset: null,
      hasEnded: () => false,
      run() {},
    };
  },
};

/** Sends text by the endpoint. */
function send({ endpoint }: Subject, text: string): boolean {
  return endpoint.sendContent(latin1(text), 0, text.length, null);
}

for (const [kind, create] of Object.entries(kinds)) {
  test(`endpoint: ${kind}: what the peer says is told in its order`, () => {
    const subject = create();
    for (const piece of ["one ", "two ", "x".repeat(5000)]) {
      subject.say(piece);
      subject.run();
    }
    assertEquals(subject.heard.content, `one two ${"x".repeat(5000)}`);
    assertEquals([subject.heard.over, subject.endpoint.peerGone()], ["", false]);
  });

  test(`endpoint: ${kind}: an end before the content's is told, once, after all that came`, () => {
    const subject = create();
    subject.say("last words");
    subject.end!();
    subject.run();
    assertEquals(subject.heard.content, "last words");
    assert(subject.heard.over !== "");
  });

  if (create().reading === null) continue;

  test(`endpoint: ${kind}: what is sent arrives in its order`, () => {
    const subject = create();
    const before = subject.got().length;
    assert(send(subject, "one ") && send(subject, "two"));
    assert(subject.endpoint.empty);
    subject.run();
    assertEquals(subject.got().slice(before), "one two");
  });

  test(`endpoint: ${kind}: a peer that does not read is waited for, and nothing is lost`, () => {
    const subject = create();
    const before = subject.got().length;
    subject.reading!.stall();
    let sent = 0;
    while (send(subject, "x".repeat(3000))) sent += 3000;
    sent += 3000;
    assert(!subject.endpoint.empty);
    subject.run();
    assertEquals(subject.heard.drained, 0);
    subject.reading!.read();
    subject.run();
    assertEquals([subject.heard.drained > 0, subject.endpoint.empty], [true, true]);
    assertEquals(subject.got().length - before, sent);
    assert(send(subject, "y"));
  });

  test(`endpoint: ${kind}: while it is paused nothing is told, and then everything`, () => {
    const subject = create();
    subject.endpoint.pause();
    subject.say("late");
    subject.run();
    assertEquals(subject.heard.content, "");
    subject.endpoint.resume();
    subject.run();
    assertEquals(subject.heard.content, "late");
  });

  test(`endpoint: ${kind}: this direction ends after what was sent`, () => {
    const subject = create();
    const before = subject.got().length;
    send(subject, "bye");
    subject.endpoint.shutdown();
    subject.run();
    assertEquals([subject.got().slice(before), subject.hasEnded()], ["bye", true]);
    subject.say("still here");
    subject.run();
    assertEquals(subject.heard.content, "still here");
  });

  test(`endpoint: ${kind}: a reset is told at once, also while it is paused`, () => {
    for (const paused of [false, true]) {
      const subject = create();
      if (paused) subject.endpoint.pause();
      subject.reset!();
      subject.run();
      assertEquals([subject.heard.over, subject.endpoint.peerGone()], ["closed", true]);
    }
  });
}
