/** Values between Lua and us. */
import { bytesOf, textOf } from "../bytes/bytes.ts";
import {
  fengari,
  LUA_TBOOLEAN,
  LUA_TNIL,
  LUA_TNUMBER,
  LUA_TSTRING,
  LUA_TTABLE,
  type LuaFunction,
  type LuaState,
} from "./fengari.ts";

/** What can be handed to Lua: an array becomes a table from 1 on; a class's object a table of its. */
export type LuaInput =
  | null
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | LuaFunction
  | LuaObject
  | FromZero
  | Kept
  | readonly LuaInput[]
  | { readonly [name: string]: LuaInput };

/** An object of ours, which Lua sees as a table with methods, and with fields of its own. */
export class LuaObject {
  constructor(
    readonly methods: LuaClass,
    readonly target: object,
    readonly fields: { readonly [name: string]: LuaInput } = {},
  ) {}
}

/** A value that is kept in the registry, under this reference. */
export class Kept {
  constructor(readonly ref: number) {}
}

/** A list whose first index is 0, as lists of fields have it in HAProxy's API. */
export class FromZero {
  constructor(readonly list: LuaInput[]) {}
}

/** A method: it gets the object that it is called on. @returns its result, or how it goes on */
export type LuaMethod<T> = (target: T, call: LuaCall) => LuaInput | Results | Suspended;

/** A method or function has arranged for going on later: see task.ts. */
export class Suspended {
  /** @param results called when it goes on: what the call returns */
  constructor(readonly results: () => readonly LuaInput[]) {}
}

/** Several results. */
export class Results {
  constructor(readonly list: readonly LuaInput[]) {}
}

/** A class of objects, by its name in HAProxy's manual of Lua. */
export class LuaClass {
  /** References to its metatable, by state. */
  readonly metatables = new WeakMap<object, number>();
  constructor(
    readonly name: string,
    readonly methods: Readonly<Record<string, LuaMethod<never>>>,
    /** Finds a method that is not among them. */
    readonly find: ((name: string) => LuaMethod<never> | null) | null = null,
  ) {}
}

/** What is wrong with a call, in words: it becomes an error of Lua's. */
export class LuaMistake extends Error {}

/** The arguments of a call of ours. */
export class LuaCall {
  /** @param first the index of its first argument on the stack */
  constructor(readonly L: LuaState, readonly first: number) {}

  get count(): number {
    return fengari().lua.lua_gettop(this.L) - this.first + 1;
  }
  type(i: number): number {
    return fengari().lua.lua_type(this.L, this.first + i);
  }
  has(i: number): boolean {
    return i < this.count && this.type(i) !== LUA_TNIL;
  }
  boolean(i: number): boolean {
    return fengari().lua.lua_toboolean(this.L, this.first + i);
  }
  /** A string or number, as bytes of the caller's. @throws {LuaMistake} */
  bytes(i: number): Uint8Array {
    const type = this.type(i);
    if (type === LUA_TBOOLEAN) return bytesOf(String(this.boolean(i)));
    const bytes = type === LUA_TSTRING || type === LUA_TNUMBER
      ? fengari().lua.lua_tostring(this.L, this.first + i)
      : null;
    if (bytes === null) throw new LuaMistake(`argument #${i + 1}: a string is expected`);
    return bytes.slice();
  }
  /** The same, one character a byte. @throws {LuaMistake} */
  text(i: number): string {
    const bytes = this.bytes(i);
    return textOf(bytes, 0, bytes.length);
  }
  /** @throws {LuaMistake} */
  number(i: number, otherwise?: number): number {
    if (otherwise !== undefined && !this.has(i)) return otherwise;
    const value = this.type(i) === LUA_TNUMBER || this.type(i) === LUA_TSTRING
      ? fengari().lua.lua_tonumber(this.L, this.first + i)
      : NaN;
    if (Number.isNaN(value)) throw new LuaMistake(`argument #${i + 1}: a number is expected`);
    return value;
  }
  /** The index of an argument on the stack. */
  at(i: number): number {
    return this.first + i;
  }
  /** All arguments from `i` on, as texts. @throws {LuaMistake} */
  texts(i: number): string[] {
    return Array.from({ length: Math.max(0, this.count - i) }, (_, k) => this.text(i + k));
  }
}

/** Pushes a value. */
export function push(L: LuaState, value: LuaInput): void {
  const { lua } = fengari();
  if (value === null || value === undefined) lua.lua_pushnil(L);
  else if (typeof value === "boolean") lua.lua_pushboolean(L, value);
  else if (typeof value === "number") {
    if (value === (value | 0)) lua.lua_pushinteger(L, value);
    else lua.lua_pushnumber(L, value);
  } else if (typeof value === "string") {
    const bytes = bytesOf(value);
    lua.lua_pushlstring(L, bytes, bytes.length);
  } else if (value instanceof Uint8Array) lua.lua_pushlstring(L, value.slice(), value.length);
  else if (typeof value === "function") lua.lua_pushcfunction(L, value);
  else if (value instanceof LuaObject) pushObject(L, value);
  else if (value instanceof Kept) lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, value.ref);
  else if (value instanceof FromZero) {
    lua.lua_createtable(L, value.list.length, 0);
    value.list.forEach((item, i) => {
      push(L, item);
      lua.lua_rawseti(L, -2, i);
    });
  } else if (Array.isArray(value)) {
    lua.lua_createtable(L, value.length, 0);
    value.forEach((item, i) => {
      push(L, item as LuaInput);
      lua.lua_rawseti(L, -2, i + 1);
    });
  } else {
    lua.lua_createtable(L, 0, 0);
    setFields(L, value as { readonly [name: string]: LuaInput });
  }
}

/** Sets fields of the table on top. */
export function setFields(L: LuaState, fields: { readonly [name: string]: LuaInput }): void {
  const { lua } = fengari();
  for (const [name, field] of Object.entries(fields)) {
    push(L, name);
    push(L, field);
    lua.lua_rawset(L, -3);
  }
}

function pushObject(L: LuaState, { methods, target, fields }: LuaObject): void {
  const { lua } = fengari();
  lua.lua_createtable(L, 0, 0);
  lua.lua_pushlightuserdata(L, target);
  lua.lua_rawseti(L, -2, 0);
  setFields(L, fields);
  pushMetatable(L, methods);
  lua.lua_setmetatable(L, -2);
}

function pushMetatable(L: LuaState, methods: LuaClass): void {
  const { lua, lauxlib } = fengari();
  // One for each state, which its coroutines share.
  const { l_G: whole } = L as unknown as { readonly l_G: object };
  const known = methods.metatables.get(whole);
  if (known !== undefined) return void lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, known);
  lua.lua_createtable(L, 0, 0);
  push(L, "__index");
  lua.lua_createtable(L, 0, 0);
  for (const [name, method] of Object.entries(methods.methods)) {
    push(L, name);
    lua.lua_pushcfunction(L, methodFunction(methods, name, method));
    lua.lua_rawset(L, -3);
  }
  const { find } = methods;
  if (find !== null) {
    lua.lua_createtable(L, 0, 0);
    push(L, "__index");
    lua.lua_pushcfunction(L, (S) => {
      const name = new LuaCall(S, 1).text(1);
      const method = find(name);
      if (method === null) lua.lua_pushnil(S);
      else {
        lua.lua_pushcfunction(S, methodFunction(methods, name, method));
        // The next call finds it without asking.
        push(S, name);
        lua.lua_pushvalue(S, -2);
        lua.lua_rawset(S, 1);
      }
      return 1;
    });
    lua.lua_rawset(L, -3);
    lua.lua_setmetatable(L, -2);
  }
  lua.lua_rawset(L, -3);
  push(L, "__name");
  push(L, methods.name);
  lua.lua_rawset(L, -3);
  lua.lua_pushvalue(L, -1);
  methods.metatables.set(whole, lauxlib.luaL_ref(L, lua.LUA_REGISTRYINDEX));
}

function methodFunction(methods: LuaClass, name: string, method: LuaMethod<never>): LuaFunction {
  return luaFunction(`${methods.name}:${name}`, (call) => {
    const { lua } = fengari();
    let target: unknown = null;
    if (lua.lua_type(call.L, 1) === LUA_TTABLE) {
      lua.lua_rawgeti(call.L, 1, 0);
      target = lua.lua_touserdata(call.L, -1);
      lua.lua_pop(call.L, 1);
    }
    if (typeof target !== "object" || target === null) {
      throw new LuaMistake(`it is called as a method: object:${name}(...)`);
    }
    return method(target as never, new LuaCall(call.L, 2));
  });
}

/** Makes a function for Lua: what it throws as a mistake becomes an error there. */
export function luaFunction(
  name: string,
  act: (call: LuaCall) => LuaInput | Results | Suspended,
): LuaFunction {
  return (L) => {
    const { lua } = fengari();
    let result: LuaInput | Results | Suspended;
    try {
      result = act(new LuaCall(L, 1));
    } catch (error) {
      if (!(error instanceof LuaMistake)) throw error;
      push(L, `${name}: ${error.message}`);
      return lua.lua_error(L);
    }
    if (result instanceof Suspended) {
      const { results } = result;
      return lua.lua_yieldk(L, 0, 0, (S) => {
        const list = results();
        for (const item of list) push(S, item);
        return list.length;
      });
    }
    if (result instanceof Results) {
      for (const item of result.list) push(L, item);
      return result.list.length;
    }
    push(L, result);
    return 1;
  };
}

/** A value as it is read from Lua: a table by its entries. */
export type LuaOutput = null | boolean | number | Uint8Array | Map<string | number, LuaOutput>;

/** Reads the value at an index; functions and the like are nothing. @param depth of tables within */
export function read(L: LuaState, index: number, depth = 3): LuaOutput {
  const { lua } = fengari();
  switch (lua.lua_type(L, index)) {
    case LUA_TBOOLEAN:
      return lua.lua_toboolean(L, index);
    case LUA_TNUMBER:
      return lua.lua_tonumber(L, index);
    case LUA_TSTRING:
      return lua.lua_tostring(L, index)!.slice();
    case LUA_TTABLE: {
      const entries = new Map<string | number, LuaOutput>();
      if (depth === 0) return entries;
      const at = lua.lua_absindex(L, index);
      lua.lua_pushnil(L);
      while (lua.lua_next(L, at) !== 0) {
        const name = lua.lua_type(L, -2) === LUA_TNUMBER
          ? lua.lua_tonumber(L, -2)
          : lua.lua_type(L, -2) === LUA_TSTRING
          ? textOf(lua.lua_tostring(L, -2)!, 0, lua.lua_tostring(L, -2)!.length)
          : null;
        if (name !== null) entries.set(name, read(L, -1, depth - 1));
        lua.lua_pop(L, 1);
      }
      return entries;
    }
    default:
      return null;
  }
}

/** A value that was read, as a text. */
export function textOfValue(value: LuaOutput | undefined): string {
  if (value === null || value === undefined || value instanceof Map) return "";
  return value instanceof Uint8Array ? textOf(value, 0, value.length) : String(value);
}
