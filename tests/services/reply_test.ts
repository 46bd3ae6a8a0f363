import { textOf } from "#src/bytes/bytes.ts";
import { LENGTH, responseFraming } from "#src/http/h1/content.ts";
import { createHead, METHOD_GET } from "#src/http/head.ts";
import { parseResponse } from "#src/http/h1/parse.ts";
import { ownReply } from "#src/services/reply.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "../testing.ts";

const statuses = [200, 400, 408, 414, 431, 502, 503, 504];

test("reply: each is a response of one length", () => {
  for (const status of statuses) {
    const reply = ownReply(status, false);
    const head = createHead();
    const end = parseResponse(head, reply, 0, reply.length);
    assertEquals([head.status, head.minor, head.hasConnection], [status, 1, false]);
    assertEquals(responseFraming(head, METHOD_GET), LENGTH);
    assertEquals(head.contentLength, reply.length - end);
    assertStringIncludes(textOf(reply, end, reply.length), `<h1>${status} `);
    assertStringIncludes(textOf(reply, 0, end), "\r\nCache-Control: no-cache\r\n");
  }
});

test("reply: to a HEAD request it is the same head alone", () => {
  for (const status of statuses) {
    const whole = ownReply(status, false);
    const end = parseResponse(createHead(), whole, 0, whole.length);
    assertEquals(ownReply(status, true), whole.slice(0, end));
  }
});
