import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { createHead } from "#src/http/head.ts";
import { parseRequest } from "#src/http/h1/parse.ts";
import { ByteBuffer } from "#src/bytes/byte-buffer.ts";
import { HeadJournal } from "#src/http/h1/journal.ts";
import { editRequestHop, passesUpgrade } from "#src/http/h1/hop-by-hop.ts";
import { addressField, addressLine, editRequest } from "#src/proxy/http/request.ts";
import type { CookiePolicy } from "#src/persist/policy.ts";
import type { RequestCookie } from "#src/persist/request.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { change, request } from "../http/messages.ts";
import { fieldsOf, requestReading } from "../http/reading.ts";
import { policyOf } from "../persist/scene.ts";
import { test } from "../testing.ts";

interface Settings {
  close?: boolean;
  cookie?: CookiePolicy;
  forwardFor?: ReturnType<typeof addressField>;
  originalTo?: ReturnType<typeof addressField>;
  client?: string;
  serverName?: Uint8Array;
}

const found = (): RequestCookie => ({ server: null, lastDate: 0, firstDate: 0 });
const journal = new HeadJournal();
const written = new ByteBuffer(16);

/** The request's head as it goes to the server. */
function edited(text: string, settings: Settings = {}): string {
  const { close = false, cookie = null, forwardFor = null, originalTo = null } = settings;
  const { client = "192.0.2.1" } = settings;
  const head = createHead();
  const bytes = bytesOf(text);
  const end = parseRequest(head, bytes, 0, bytes.length);
  assert(end > 0, head.error);
  const at = { client, own: "198.51.100.7" };
  const route = {
    backend: { cookie, accepts: () => true },
    saysClose: close,
    serverName: settings.serverName ?? null,
    forwardFor,
    originalTo,
  };
  const lines = {
    addressLine: (field: ReturnType<typeof addressField>, own: boolean) =>
      field && addressLine(field, own ? at.own : at.client),
  };
  journal.begin(head, bytes, end);
  editRequest(journal, head, bytes, lines, route, found(), passesUpgrade(head, bytes));
  written.clear();
  journal.write(written);
  return textOf(written.bytes, 0, written.length);
}

const requestOf = (minor: number, ...fields: string[]) =>
  `GET / HTTP/1.${minor}\r\nHost: a\r\n${fields.map((f) => `${f}\r\n`).join("")}\r\n`;

/** The field lines that a request of HTTP/1.`minor` with `fields` ends up with, after its Host. */
function sent(minor: number, settings: Settings, ...fields: string[]): string[] {
  return edited(requestOf(minor, ...fields), settings).split("\r\n").slice(2, -2);
}

test("edit request: with nothing to do, every byte passes but empty lines before it", () => {
  fc.assert(fc.property(request, ({ head, content }) => {
    const connection = /^(connection|te|upgrade):/im.test(head);
    const repeated = /content-length:[^]*content-length:/i.test(head);
    fc.pre(!connection && !repeated);
    assertEquals(edited(head + content), head.replace(/^(\r\n)+/, ""));
  }));
});

test("edit request: what the client says of its connection is not said to the server", () => {
  const kept = (...fields: string[]) => sent(1, {}, ...fields);
  assertEquals(kept("Connection: close"), []);
  assertEquals(kept("A: 1", "connection: x, close ,\tUpgrade", "B: 2"), [
    "A: 1",
    "B: 2",
  ]);
  assertEquals(kept("Connection: keep-alive, x"), ["Connection: keep-alive"]);
  // Nothing contradicts what we mean: not a byte changes.
  assertEquals(kept("Connection:  Keep-Alive"), ["Connection:  Keep-Alive"]);
  assertEquals(kept("connection:upgrade"), []);
  assertEquals(kept("Connection: closed, x close"), []);
});

test("edit request: what Connection names goes no further, and is never what we add", () => {
  const kept = (...fields: string[]) => sent(1, {}, ...fields);
  assertEquals(kept("X: 1", "Connection: x, y", "y: 2", "Z: 3", "X: 4"), ["Z: 3"]);
  assertEquals(kept("Connection: X", "A: 1", "Connection: , A", "x: 2"), []);
  // Framing and routing are for every recipient.
  assertEquals(kept("Connection: host, content-length", "Content-Length: 1"), [
    "Content-Length: 1",
  ]);
  const forwardFor = addressField({ header: "X-Forwarded-For", except: null, ifNone: true });
  assertEquals(sent(1, { forwardFor }, "Connection: X-Forwarded-For", "X-Forwarded-For: evil"), [
    "X-Forwarded-For: 192.0.2.1",
  ]);
  assertEquals(sent(1, { forwardFor, close: true }, "Connection: close, x-forwarded-for"), [
    "X-Forwarded-For: 192.0.2.1",
    "Connection: close",
  ]);
});

test("edit request: an upgrade is offered on, but none to another HTTP", () => {
  const kept = (...fields: string[]) => sent(1, {}, ...fields);
  const websocket = ["Connection: Upgrade", "Upgrade: websocket"];
  assertEquals(kept(...websocket), websocket);
  assertEquals(sent(0, {}, ...websocket), []);
  assertEquals(kept("Upgrade: websocket"), []);
  assertEquals(kept("Connection: keep-alive, Upgrade", "Upgrade: websocket"), [
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
  ]);
  assertEquals(sent(1, { close: true }, ...websocket), [
    "Upgrade: websocket",
    "Connection: upgrade, close",
  ]);
  for (const h2c of ["h2c", "H2C", "h2c-14", "h2", "HTTP/2.0", "http/1.1", "h2c, H2C/1"]) {
    assertEquals(kept("Connection: Upgrade, HTTP2-Settings", `Upgrade: ${h2c}`), [], h2c);
    const both = kept("Upgrade: " + h2c, "Connection: upgrade", "Upgrade: websocket, h2c", "A: 1");
    assertEquals(both, ["Connection: upgrade", "A: 1", "Upgrade: websocket"], h2c);
  }
  assertEquals(
    kept("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"),
    [],
  );
});

test("edit request: of TE no more passes than that trailers are accepted", () => {
  const kept = (...fields: string[]) => sent(1, {}, ...fields);
  assertEquals(kept("Connection: TE", "TE: gzip, trailers;q=0.5"), [
    "TE: trailers",
    "Connection: TE",
  ]);
  assertEquals(kept("TE: gzip", "Connection: te"), []);
  assertEquals(kept("TE: chunked"), []);
});

test("edit request: the field that names the server is not the client's to set", () => {
  const serverName = bytesOf("x-server");
  assertEquals(sent(1, { serverName }, "X-SERVER: mine", "A: 1"), ["A: 1"]);
});

test("edit request: a connection that ends says so", () => {
  const closed = (...fields: string[]) => sent(1, { close: true }, ...fields);
  assertEquals(closed(), ["Connection: close"]);
  assertEquals(closed("A: 1"), ["A: 1", "Connection: close"]);
  assertEquals(closed("Connection: keep-alive"), ["Connection: close"]);
  assertEquals(closed("Connection: keep-alive, x", "A: 1"), [
    "A: 1",
    "Connection: close",
  ]);
  assertEquals(closed("Connection:close"), ["Connection:close"]);
  assertEquals(closed("Connection: close, keep-alive"), ["Connection: close"]);
});

test("edit request: in HTTP/1.0 closing goes without saying", () => {
  assertEquals(sent(0, { close: true }), []);
  assertEquals(sent(0, { close: true }, "Connection: keep-alive"), []);
  assertEquals(sent(0, { close: true }, "Connection: close"), ["Connection: close"]);
  assertEquals(sent(0, {}, "Connection: keep-alive"), ["Connection: keep-alive"]);
});

test("edit request: the server reads what is meant, and every other field as it was", () => {
  const options = /^(connection|content-length|te|upgrade)$/i;
  const never = /^(host|content-length|transfer-encoding|keep-alive|connection|te|upgrade)$/i;
  fc.assert(fc.property(request, fc.boolean(), ({ head: text }, close) => {
    const output = edited(text, { close });
    const before = requestReading(text);
    const after = requestReading(output);
    const head = createHead();
    const bytes = bytesOf(output);
    assertEquals(parseRequest(head, bytes, 0, bytes.length), bytes.length);
    assertEquals(head.close, close);
    if (close) assertEquals(head.keepAlive, false);
    assertEquals(head.repeatedLength, false);
    assertEquals(after?.framing, before?.framing);
    const named = before?.fields.flatMap(([name, value]) =>
      /^connection$/i.test(name) ? value.toLowerCase().split(/[ \t]*,[ \t]*/) : []
    ) ?? [];
    const isNamed = (name: string) =>
      named.includes(name.toLowerCase()) && !never.test(name);
    assertEquals(
      fieldsOf(head, bytes).filter(([name]) => !options.test(name)),
      before?.fields.filter(([name]) => !options.test(name) && !isNamed(name)) as [
        string,
        string,
      ][],
    );
  }));
});

test("edit request: whatever is accepted goes on as one unambiguous request", () => {
  fc.assert(fc.property(
    request,
    change,
    fc.boolean(),
    ({ head }, changed, close) => {
      const text = changed(head);
      const reading = requestReading(text);
      if (reading === null) return;
      const output = edited(text, { close, cookie: policyOf("insert indirect") });
      const after = requestReading(output);
      assertEquals([after?.length, after?.framing], [output.length, reading.framing]);
    },
  ));
});

test("edit request: Content-Length that stands more than once goes on once", () => {
  assertEquals(
    sent(1, {}, "Content-Length: 5", "A: 1", "content-length: 05", "Content-Length: 5", "B: 2"),
    ["Content-Length: 5", "A: 1", "B: 2"],
  );
});

test("edit request: X-Forwarded-For is added, whatever the client sent", () => {
  const forwardFor = addressField({
    header: "X-Forwarded-For",
    except: null,
    ifNone: false,
  });
  assertEquals(sent(1, { forwardFor }, "A: 1"), ["A: 1", "X-Forwarded-For: 192.0.2.1"]);
  assertEquals(sent(1, { forwardFor, client: "2001:db8::1" }, "X-Forwarded-For: x"), [
    "X-Forwarded-For: x",
    "X-Forwarded-For: 2001:db8::1",
  ]);
});

test("edit request: option forwardfor's network, field name and if-none", () => {
  const except = addressField({ header: "X-Client", except: "10.0.0.0/8", ifNone: false });
  assertEquals(sent(1, { forwardFor: except, client: "10.1.2.3" }), []);
  assertEquals(sent(1, { forwardFor: except, client: "::ffff:10.1.2.3" }), []);
  assertEquals(sent(1, { forwardFor: except, client: "11.1.2.3" }), ["X-Client: 11.1.2.3"]);
  const ifNone = addressField({ header: "X-Client", except: null, ifNone: true });
  assertEquals(sent(1, { forwardFor: ifNone }), ["X-Client: 192.0.2.1"]);
  assertEquals(sent(1, { forwardFor: ifNone }, "x-client:"), ["x-client:"]);
  assertEquals(sent(1, { forwardFor: ifNone }, "X-Clients: a"), [
    "X-Clients: a",
    "X-Client: 192.0.2.1",
  ]);
});

test("edit request: everything at once, in the order of the manual's options", () => {
  const cookie = policyOf("insert indirect");
  const forwardFor = addressField({ header: "X-Forwarded-For", except: null, ifNone: true });
  const originalTo = addressField({ header: "X-Original-To", except: null });
  assertEquals(
    sent(
      1,
      { close: true, cookie, forwardFor, originalTo },
      ...["Cookie: S=A; a=1", "Connection: keep-alive", "Content-Length: 1", "Content-Length: 1"],
      ...["Cookie: S=A", "A: 1"],
    ),
    [
      "Cookie: a=1",
      "Content-Length: 1",
      "A: 1",
      "X-Forwarded-For: 192.0.2.1",
      "X-Original-To: 198.51.100.7",
      "Connection: close",
    ],
  );
});

test("edit request: without the option there is no address", () => {
  assertEquals(addressField(null), null);
});

test("edit request: a Connection field of 15 KB is edited in linear time", () => {
  const head = createHead();
  const value = `close, x${" ".repeat(15_000)}y, upgrade`;
  const bytes = bytesOf(`GET / HTTP/1.1\r\nHost: a\r\nConnection: ${value}\r\n\r\n`);
  assert(parseRequest(head, bytes, 0, bytes.length) > 0);
  const start = performance.now();
  for (let i = 0; i < 20; i++) {
    journal.begin(head, bytes, bytes.length);
    editRequestHop(journal, head, bytes, true, false);
  }
  // Quadratic, it would take 6 s.
  assert(performance.now() - start < 2000);
  written.clear();
  journal.write(written);
  assertEquals(
    textOf(written.bytes, 0, written.length),
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
});
