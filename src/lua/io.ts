/**
 * Lua's library `io` (Lua 5.3 manual, 6.8): files are read and written at once, as in HAProxy, where a
 * script that does so while requests are served holds them up.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { bytesOf } from "../bytes/bytes.ts";
import { fengari, LUA_TNUMBER, type LuaState } from "./fengari.ts";
import {
  LuaCall,
  LuaClass,
  luaFunction,
  type LuaInput,
  LuaMistake,
  LuaObject,
  Results,
  setFields,
} from "./values.ts";

const LF = 10;
const modes: Readonly<Record<string, string>> = {
  "r": "r",
  "w": "w",
  "a": "a",
  "r+": "r+",
  "w+": "w+",
  "a+": "a+",
};

/** A file that is open. */
class File {
  #at = 0;
  constructor(public fd: number, readonly appends: boolean) {}

  get #size(): number {
    return fstatSync(this.fd).size;
  }

  /** @returns what there is, at most so much; null: the end */
  read(most: number): Uint8Array | null {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < most) {
      const part = new Uint8Array(Math.min(65_536, most - length));
      const count = readSync(this.fd, part, 0, part.length, this.#at);
      if (count === 0) break;
      this.#at += count;
      length += count;
      parts.push(part.subarray(0, count));
    }
    if (length === 0 && most > 0) return null;
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** The next line; null: the end. @param keep with its end */
  line(keep: boolean): Uint8Array | null {
    const start = this.#at;
    let whole = new Uint8Array(0);
    for (;;) {
      const part = this.read(4096);
      const joined = new Uint8Array(whole.length + (part?.length ?? 0));
      joined.set(whole);
      if (part !== null) joined.set(part, whole.length);
      const end = joined.indexOf(LF, whole.length);
      whole = joined;
      if (end >= 0) {
        this.#at = start + end + 1;
        return whole.slice(0, keep ? end + 1 : end);
      }
      if (part === null) return whole.length === 0 ? null : whole;
    }
  }

  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const count = writeSync(
        this.fd,
        bytes,
        from,
        bytes.length - from,
        this.appends ? null : this.#at,
      );
      from += count;
      this.#at += count;
    }
  }

  seek(whence: string, offset: number): number {
    const base = whence === "set" ? 0 : whence === "end" ? this.#size : this.#at;
    return this.#at = Math.max(0, base + offset);
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }
}

/** What `read` and `lines` take: "n", "l", "L", "a", or a number of bytes; "*" before is Lua 5.2's. */
function readOne(file: File, call: LuaCall, i: number): LuaInput {
  if (call.type(i) === LUA_TNUMBER) {
    const most = call.number(i);
    return most === 0 ? new Uint8Array(0) : file.read(most);
  }
  const format = call.text(i).replace("*", "")[0];
  switch (format) {
    case "a":
      return file.read(Infinity) ?? new Uint8Array(0);
    case "L":
      return file.line(true);
    case "n": {
      const line = file.line(false);
      const value = line === null ? NaN : Number(String.fromCharCode(...line).trim());
      return Number.isNaN(value) ? null : value;
    }
    case "l":
      return file.line(false);
    default:
      throw new LuaMistake("bad format of 'read'");
  }
}

function readAll(file: File, call: LuaCall): Results {
  if (call.count === 0) return new Results([file.line(false)]);
  const list: LuaInput[] = [];
  for (let i = 0; i < call.count; i++) {
    const value = readOne(file, call, i);
    list.push(value);
    if (value === null) break;
  }
  return new Results(list);
}

/** Lua's own form of a failure: nil, and why. */
function failing(act: () => LuaInput | Results): LuaInput | Results {
  try {
    return act();
  } catch (error) {
    if (error instanceof LuaMistake) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const words: Readonly<Record<string, string>> = {
      ENOENT: "No such file or directory",
      EACCES: "Permission denied",
      EISDIR: "Is a directory",
    };
    return new Results([null, words[code ?? ""] ?? message]);
  }
}

function open(path: string, mode: string): File {
  const wanted = modes[mode.replace("b", "")];
  if (wanted === undefined) throw new LuaMistake("invalid mode");
  return new File(openSync(path, wanted), wanted.startsWith("a"));
}

const linesOf = (file: File, last: () => void) =>
  luaFunction("lines", () => {
    const line = file.line(false);
    if (line === null) last();
    return line;
  });

const fileClass: LuaClass = new LuaClass("FILE*", {
  read: (file: File, call: LuaCall) => failing(() => readAll(file, call)),
  lines: (file: File) => linesOf(file, () => {}),
  write: (file: File, call: LuaCall) =>
    failing(() => {
      for (let i = 0; i < call.count; i++) file.write(call.bytes(i));
      return new LuaObject(fileClass, file);
    }),
  seek: (file: File, call: LuaCall) =>
    failing(() => file.seek(call.has(0) ? call.text(0) : "cur", call.number(1, 0))),
  flush: () => true,
  setvbuf: () => true,
  close: (file: File) =>
    failing(() => {
      file.close();
      return true;
    }),
});

/** Puts the library's functions in place of those that the package lacks. */
export function openIo(L: LuaState): void {
  const { lua } = fengari();
  lua.lua_getglobal(L, bytesOf("io"));
  setFields(L, {
    open: luaFunction("io.open", (call) => {
      const path = call.text(0);
      const mode = call.has(1) ? call.text(1) : "r";
      const result = failing(() => new LuaObject(fileClass, open(path, mode)));
      if (!(result instanceof Results)) return result;
      return new Results([null, `${path}: ${String(result.list[1])}`]);
    }),
    lines: luaFunction("io.lines", (call) => {
      const path = call.text(0);
      const result = failing(() => {
        const file = open(path, "r");
        return linesOf(file, () => file.close());
      });
      if (result instanceof Results) throw new LuaMistake(`${path}: ${String(result.list[1])}`);
      return result;
    }),
  });
  lua.lua_pop(L, 1);
}
