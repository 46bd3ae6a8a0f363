import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { createHead, FIELD_NAMED, fieldKind } from "#src/http/head.ts";
import { parseResponse } from "#src/http/h1/parse.ts";
import type { CookiePolicy } from "#src/persist/policy.ts";
import type { ResponseContext } from "#src/persist/response.ts";
import { ByteBuffer } from "#src/bytes/byte-buffer.ts";
import { HeadJournal } from "#src/http/h1/journal.ts";
import { editResponse, editResponseCookies } from "#src/proxy/http/response.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { response } from "../http/messages.ts";
import { fieldsOf } from "../http/reading.ts";
import { contextOf, policyOf } from "../persist/scene.ts";
import { test } from "../testing.ts";

interface Settings {
  close?: boolean;
  /** The client's version. */
  minor?: number;
  policy?: CookiePolicy;
  context?: Partial<ResponseContext>;
}

/** The response's head as it goes to the client; its cookie's state for the log. */
function sent(text: string, settings: Settings = {}) {
  const { close = false, minor = 1, policy = null } = settings;
  const context = contextOf(settings.context);
  const head = createHead();
  const bytes = bytesOf(text);
  const end = parseResponse(head, bytes, 0, bytes.length);
  assert(end > 0, head.error);
  const journal = new HeadJournal();
  journal.begin(head, bytes, end);
  const cookieState = policy === null
    ? "-"
    : editResponseCookies(journal, head, bytes, policy, context);
  editResponse(journal, head, bytes, close, minor);
  const written = new ByteBuffer(16);
  journal.write(written);
  return { text: textOf(written.bytes, 0, written.length), edit: journal.edited, cookieState };
}

/** The field lines that a response of HTTP/1.`version` with `fields` ends up with. */
function lines(version: number, settings: Settings, ...fields: string[]): string[] {
  const text = `HTTP/1.${version} 200 OK\r\n${fields.map((f) => `${f}\r\n`).join("")}\r\n`;
  const output = sent(text, settings);
  assertEquals(output.edit, output.text !== text, "an edit is planned if it changes something");
  return output.text.split("\r\n").slice(1, -2);
}

test("edit response: what the server says of its connection is not said to the client", () => {
  const kept = (...fields: string[]) => lines(1, {}, ...fields);
  assertEquals(kept(), []);
  assertEquals(kept("Connection: close", "A: 1"), ["A: 1"]);
  assertEquals(kept("Connection: close, a", "A: 1", "B: 2"), ["B: 2"]);
  assertEquals(kept("connection:Keep-Alive"), ["connection:Keep-Alive"]);
  const closed = (...fields: string[]) => lines(1, { close: true }, ...fields);
  assertEquals(closed("A: 1"), ["A: 1", "Connection: close"]);
  assertEquals(closed("Connection: keep-alive"), ["Connection: close"]);
  assertEquals(closed("connection:close"), ["connection:close"]);
  assertEquals(closed("Connection: x"), ["Connection: close"]);
  assertEquals(closed("Connection: close, keep-alive"), ["Connection: close"]);
});

test("edit response: HTTP/1.0 on either side is told that the connection stays", () => {
  const kept = "Connection: keep-alive";
  assertEquals(lines(1, { minor: 0 }), [kept]);
  assertEquals(lines(0, { minor: 1 }), [kept]);
  assertEquals(lines(0, { minor: 0 }, kept), [kept]);
  assertEquals(lines(0, { minor: 0 }, "Connection: close"), [kept]);
  assertEquals(lines(0, { minor: 0, close: true }), []);
  assertEquals(lines(0, { minor: 0, close: true }, kept), []);
});

test("edit response: the client reads what is meant, and every other field as it was", () => {
  const changing = /^(connection|content-length)$/i;
  const minors = fc.constantFrom(0, 1);
  fc.assert(fc.property(response, fc.boolean(), minors, ({ head: text }, close, minor) => {
    const before = createHead();
    const input = bytesOf(text);
    parseResponse(before, input, 0, input.length);
    const output = bytesOf(sent(text, { close, minor }).text);
    const after = createHead();
    assertEquals(parseResponse(after, output, 0, output.length), output.length);
    // An HTTP/1.0 message that says nothing closes, as one of HTTP/1.1 stays.
    const closes = after.close || (after.minor === 0 && !after.keepAlive);
    assertEquals(closes, close);
    if (minor === 0 && !close) assertEquals(after.keepAlive, true);
    assertEquals([after.contentLength, after.chunked], [before.contentLength, before.chunked]);
    assertEquals(after.repeatedLength, false);
    const others = ([name]: [string, string]) => !changing.test(name);
    // What Connection names is for that hop alone.
    const passes = (field: [string, string], i: number) =>
      others(field) && fieldKind(before, i) !== FIELD_NAMED;
    assertEquals(fieldsOf(after, output).filter(others), fieldsOf(before, input).filter(passes));
  }));
});

test("edit response: Content-Length that stands more than once goes on once", () => {
  assertEquals(lines(1, {}, "Content-Length: 3", "A: 1", "content-length: 3", "B: 2"), [
    "Content-Length: 3",
    "A: 1",
    "B: 2",
  ]);
});

const own = "Set-Cookie: S=1; path=/x";
const inserted = "Set-Cookie: S=A; path=/";

test("edit response: insert sets the cookie behind the server's fields", () => {
  const policy = policyOf("insert indirect");
  assertEquals(lines(1, { policy }, "A: 1"), ["A: 1", inserted]);
  assertEquals(lines(1, { policy }, own, "A: 1"), ["A: 1", inserted]);
  assertEquals(lines(1, { policy, context: { direct: true } }, "A: 1"), ["A: 1"]);
  assertEquals(lines(1, { policy, context: { direct: true } }, own, "A: 1"), ["A: 1"]);
});

test("edit response: nocache makes private what sets the cookie, and only that", () => {
  const policy = policyOf("insert indirect nocache");
  assertEquals(lines(1, { policy }), [inserted, "Cache-Control: private"]);
  assertEquals(lines(1, { policy, context: { direct: true } }), []);
});

test("edit response: rewrite and prefix change the server's cookie where it stands", () => {
  const fields = ["A: 1", own, "Set-Cookie: t=2", "Connection: close"];
  assertEquals(lines(1, { policy: policyOf("rewrite") }, ...fields), [
    "A: 1",
    "Set-Cookie: S=A; path=/x",
    "Set-Cookie: t=2",
  ]);
  assertEquals(lines(1, { policy: policyOf("prefix") }, ...fields), [
    "A: 1",
    "Set-Cookie: S=A~1; path=/x",
    "Set-Cookie: t=2",
  ]);
  const context = { serverCookie: null };
  assertEquals(lines(1, { policy: policyOf("prefix"), context }, own), [own]);
});

test("edit response: the cookie's state for the log", () => {
  const state = (options: string, context: Partial<ResponseContext>, ...fields: string[]) => {
    const text = `HTTP/1.1 200 OK\r\n${fields.map((f) => `${f}\r\n`).join("")}\r\n`;
    return sent(text, { policy: policyOf(options, { maxidle: null }), context }).cookieState;
  };
  const direct = { direct: true };
  assertEquals(sent("HTTP/1.1 200 OK\r\n\r\n").cookieState, "-");
  assertEquals(state("insert", direct), "N");
  assertEquals(state("insert", {}), "I");
  assertEquals(state("insert", {}, own), "I");
  assertEquals(state("insert", direct, own), "D");
  assertEquals(state("insert", { serverCookie: null }), "I");
  assertEquals(state("insert preserve", {}, own), "P");
  assertEquals(state("", {}, own), "P");
  assertEquals(state("", {}), "N");
  assertEquals(state("rewrite", {}, own), "R");
  assertEquals(state("prefix", {}, own), "R");
  assertEquals(state("prefix indirect", direct, own), "D");
  const request = { server: "A", lastDate: 8, firstDate: 0 };
  assertEquals(state("insert", { ...direct, request }), "U");
});
