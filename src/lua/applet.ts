/** The class AppletHTTP: a service that a script has registered answers a request. */
import { ByteBuffer } from "../bytes/byte-buffer.ts";
import { bytesOf } from "../bytes/bytes.ts";
import { appendChunk, lastChunk } from "../http/h1/chunk-data.ts";
import { phases } from "../expr/needs.ts";
import type { References } from "../expr/references.ts";
import { Sample } from "../expr/sample.ts";
import { compileExpression, type Expression } from "../expr/expression.ts";
import { reasonOf } from "../http/reason.ts";
import type { RuleStream } from "../rules/stream.ts";
import { LUA_TNUMBER } from "./fengari.ts";
import { fieldsOf } from "./http.ts";
import { type Interpreter, Task } from "./interpreter.ts";
import { logMethods } from "./logging.ts";
import { fieldLine } from "./reply.ts";
import { sampleFields, type SampleSource, variableMethods } from "./samples.ts";
import { privateMethods } from "./txn.ts";
import {
  Kept,
  type LuaCall,
  LuaClass,
  type LuaInput,
  LuaMistake,
  LuaObject,
  push,
  type Results,
  type Suspended,
} from "./values.ts";

/** How soon to look again whether a client that takes no more does so, ms. */
const lookAgain = 5;

/** Where the response goes: see services/service.ts. */
interface AppletResponse {
  /** @returns whether the client takes more */
  send(bytes: Uint8Array): boolean;
  end(): void;
}

/** A request, as services get it. */
interface AppletRequest {
  readonly bodiless: boolean;
  readonly message: { head(): string } | null;
  readonly stream?: RuleStream | null;
}

/** A service that a script has registered; it is one of services/service.ts. */
export interface ScriptService {
  readonly name: string;
  readonly wantsContent: true;
  readonly needsStream: true;
  serve(request: AppletRequest, response: AppletResponse): (() => void) | void;
}

/** A request that a script answers. */
class Applet implements SampleSource {
  readonly available = phases["http-request"];
  readonly context: RuleStream;
  status = 200;
  reason = "";
  readonly fields: { name: string; value: string }[] = [];
  begun = false;
  chunked = false;
  /** What of the content has been read. */
  at = 0;

  constructor(
    readonly interpreter: Interpreter,
    readonly references: References,
    readonly stream: RuleStream,
    readonly content: Uint8Array,
    readonly bodiless: boolean,
    readonly minor: number,
    readonly response: AppletResponse,
    readonly log: (level: number, text: string) => void,
  ) {
    this.context = stream;
  }

  /** Sends the head. @throws {LuaMistake} */
  begin(): void {
    if (this.begun) return;
    const has = (name: string) => this.fields.some((field) => field.name.toLowerCase() === name);
    const fields = this.fields.filter(({ name }) => !/^(connection)$/i.test(name));
    let lines = fields.map(({ name, value }) => fieldLine(name, value)).join("");
    if (
      !has("content-length") && !has("transfer-encoding") &&
      !/^(1..|204|304)$/.test(`${this.status}`)
    ) {
      if (this.minor > 0) {
        lines += "transfer-encoding: chunked\r\n";
        this.chunked = true;
      }
    } else if (has("transfer-encoding")) this.chunked = true;
    const words = (this.reason || reasonOf(this.status)).replace(/[\r\n\0]/g, " ");
    this.begun = true;
    this.response.send(bytesOf(`HTTP/1.1 ${this.status} ${words}\r\n${lines}\r\n`));
  }

  /** @returns whether the client takes more */
  send(bytes: Uint8Array): boolean {
    this.begin();
    if (this.bodiless || bytes.length === 0) return true;
    if (!this.chunked) return this.response.send(bytes);
    const chunk = new ByteBuffer(bytes.length + 16);
    appendChunk(chunk, bytes, 0, bytes.length);
    return this.response.send(chunk.bytes.subarray(0, chunk.length));
  }

  end(): void {
    this.begin();
    if (this.chunked && !this.bodiless) this.response.send(lastChunk);
    this.response.end();
  }

  read(most: number): Uint8Array {
    const part = this.content.subarray(this.at, Math.min(this.content.length, this.at + most));
    this.at += part.length;
    return part.slice();
  }
}

const LF = 10;

/** Has the script wait until the client takes more. */
function afterSend(applet: Applet, call: LuaCall, takes: boolean, result: LuaInput) {
  if (takes) return result;
  const { interpreter, response } = applet;
  const { clock } = interpreter.deps;
  return interpreter.wait(call.L, (wake) => {
    let cancel = () => {};
    const look = () => {
      if (response.send(new Uint8Array(0))) wake();
      else cancel = clock.schedule(lookAgain, look);
    };
    cancel = clock.schedule(lookAgain, look);
    return () => cancel();
  }, () => [result]);
}

const appletClass = new LuaClass("AppletHTTP", {
  ...variableMethods,
  ...logMethods,
  ...privateMethods,
  set_status(applet: Applet, call: LuaCall) {
    const status = call.number(0);
    if (!(status >= 100 && status <= 999)) throw new LuaMistake(`${status} is not a status`);
    applet.status = status;
    applet.reason = call.has(1) ? call.text(1) : "";
    return null;
  },
  add_header(applet: Applet, call: LuaCall) {
    const [name, value] = [call.text(0), call.text(1)];
    // Now, that the error names the line.
    fieldLine(name, value);
    applet.fields.push({ name, value });
    return null;
  },
  start_response(applet: Applet) {
    applet.begin();
    return null;
  },
  send(applet: Applet, call: LuaCall): LuaInput | Results | Suspended {
    const bytes = call.bytes(0);
    return afterSend(applet, call, applet.send(bytes), bytes.length);
  },
  getline(applet: Applet) {
    const end = applet.content.indexOf(LF, applet.at);
    return applet.read(end < 0 ? Infinity : end + 1 - applet.at);
  },
  receive(applet: Applet, call: LuaCall) {
    return applet.read(call.type(0) === LUA_TNUMBER ? call.number(0) : Infinity);
  },
});

/** A function that a script has registered as a service. */
export interface ServiceFunction {
  readonly name: string;
  /** Its reference. */
  readonly ref: number;
}

const sample = new Sample();

/** Reads a request's content: as much as a buffer holds. */
function contentOf(stream: RuleStream, body: Expression): Uint8Array {
  sample.begin();
  return body.evaluate(stream, sample) ? sample.copyBytes() : new Uint8Array(0);
}

/** Makes the service of a function. */
export function appletService(
  interpreter: Interpreter,
  references: References,
  { name, ref }: ServiceFunction,
): ScriptService {
  const { log, limits } = interpreter.deps;
  const body = compileExpression("req.body", phases["http-request"], references);
  return {
    name: `<lua.${name}>`,
    wantsContent: true,
    needsStream: true,
    serve({ bodiless, message, stream }, response) {
      if (stream === null || stream === undefined || message === null) {
        response.send(bytesOf("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"));
        return response.end();
      }
      const request = describe(message);
      const content = contentOf(stream, body);
      const applet = new Applet(
        interpreter,
        references,
        stream,
        content,
        bodiless,
        request.minor,
        response,
        log,
      );
      const task = new Task(interpreter, limits.service, (error) => {
        if (error !== null) {
          log(1, `Lua applet http '${name}': ${error}`);
          if (!applet.begun) {
            applet.fields.length = 0;
            applet.status = 500;
            applet.reason = "";
          } else return response.end();
        }
        try {
          applet.end();
        } catch (fault) {
          if (!(fault instanceof LuaMistake)) throw fault;
          log(1, `Lua applet http '${name}': ${fault.message}`);
          response.end();
        }
      });
      push(task.L, new Kept(ref));
      push(
        task.L,
        new LuaObject(appletClass, applet, {
          ...sampleFields(applet),
          method: request.method,
          path: request.path,
          qs: request.query,
          version: request.version,
          length: content.length,
          headers: fieldsOf(stream, "request"),
        }),
      );
      task.start(1);
      return () => task.cancel();
    },
  };
}

/** The request line, taken apart. */
function describe(message: { head(): string }) {
  const [method = "GET", target = "/", version = "HTTP/1.1"] = message.head().split("\r\n", 1)[0]!
    .split(" ");
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*(.*)$/i.exec(target)?.[1] ?? target;
  const question = path.indexOf("?");
  return {
    method,
    version,
    minor: version.endsWith("1.0") ? 0 : 1,
    path: question < 0 ? path : path.slice(0, question),
    query: question < 0 ? "" : path.slice(question + 1),
  };
}
