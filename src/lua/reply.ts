/** The class Reply, and replies of tables: what `txn:done` and `txn:reply` take. */
import { bytesOf } from "../bytes/bytes.ts";
import { reasonOf } from "../http/reason.ts";
import { isToken } from "../http/token.ts";
import { wholeReply } from "../rules/reply.ts";
import type { RuleReply } from "../rules/stream.ts";
import {
  type LuaCall,
  LuaClass,
  type LuaInput,
  LuaMistake,
  LuaObject,
  type LuaOutput,
  textOfValue,
} from "./values.ts";

/** A field of a response that a script makes. @throws {LuaMistake} */
export function fieldLine(name: string, value: string): string {
  if (!isToken(name)) throw new LuaMistake(`'${name}' is not the name of a field`);
  if (/[\r\n\0]/.test(value)) throw new LuaMistake(`the value of '${name}' has more than one line`);
  return `${name}: ${value}\r\n`;
}

/** A reply under construction. */
export class Reply {
  status = 200;
  reason = "";
  fields: { name: string; value: string }[] = [];
  body: Uint8Array = new Uint8Array(0);

  /** Takes what a table says: status, reason, headers, body. */
  read(table: Map<string | number, LuaOutput>): void {
    const status = Number(textOfValue(table.get("status")) || 200);
    this.setStatus(status, textOfValue(table.get("reason")));
    const headers = table.get("headers");
    if (headers instanceof Map) {
      for (const [name, values] of headers) {
        const list = values instanceof Map
          ? [...values].toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value)
          : [values];
        for (const value of list) {
          this.fields.push({ name: String(name), value: textOfValue(value) });
        }
      }
    }
    const body = table.get("body");
    if (body instanceof Uint8Array) this.body = body;
  }

  setStatus(status: number, reason: string): void {
    if (!(status >= 200 && status <= 999)) throw new LuaMistake(`${status} is not a status`);
    this.status = status;
    this.reason = reason;
  }

  /** As a response. @throws {LuaMistake} */
  make(): RuleReply {
    const { status, reason, fields, body } = this;
    // The length is what it is, and the connection is the proxy's.
    const own = fields.filter(({ name }) =>
      !/^(content-length|transfer-encoding|connection)$/i.test(name)
    );
    const lines = own.map(({ name, value }) => fieldLine(name, value)).join("");
    const words = (reason || reasonOf(status)).replace(/[\r\n\0]/g, " ");
    const head = bytesOf(
      `HTTP/1.1 ${status} ${words}\r\n${lines}content-length: ${body.length}\r\n\r\n`,
    );
    const whole = new Uint8Array(head.length + body.length);
    whole.set(head);
    whole.set(body, head.length);
    return wholeReply(status, whole);
  }
}

const replyClass: LuaClass = new LuaClass("Reply", {
  set_status(reply: Reply, call: LuaCall) {
    reply.setStatus(call.number(0), call.has(1) ? call.text(1) : "");
    return null;
  },
  add_header(reply: Reply, call: LuaCall) {
    reply.fields.push({ name: call.text(0), value: call.text(1) });
    return null;
  },
  del_header(reply: Reply, call: LuaCall) {
    const name = call.text(0).toLowerCase();
    reply.fields = reply.fields.filter((field) => field.name.toLowerCase() !== name);
    return null;
  },
  set_body(reply: Reply, call: LuaCall) {
    reply.body = call.has(0) ? call.bytes(0) : new Uint8Array(0);
    return null;
  },
});

/** A reply for scripts. */
export const replyObject = (reply: Reply): LuaInput => new LuaObject(replyClass, reply);
