/**
 * Lua 5.3, by the package fengari: as much of its API as is used here. It is loaded when the first
 * script is: a process without scripts does not pay for it.
 *
 * Strings are bytes, as in Lua. Integers have 32 bits: a larger number is a float.
 */
import { createRequire } from "node:module";

declare const state: unique symbol;
/** A state of Lua, or a coroutine in it. */
export interface LuaState {
  readonly [state]: true;
}

/** A function that Lua calls. @returns how many values it has pushed as its results */
export type LuaFunction = (L: LuaState) => number;

/** Goes on after a function that has yielded. */
export type LuaContinuation = (L: LuaState, status: number, context: number) => number;

/** `lua_*` */
export interface LuaApi {
  readonly LUA_REGISTRYINDEX: number;
  readonly LUA_MASKCOUNT: number;
  lua_gettop(L: LuaState): number;
  lua_settop(L: LuaState, index: number): void;
  lua_pop(L: LuaState, count: number): void;
  lua_pushvalue(L: LuaState, index: number): void;
  lua_insert(L: LuaState, index: number): void;
  lua_remove(L: LuaState, index: number): void;
  lua_xmove(from: LuaState, to: LuaState, count: number): void;
  lua_absindex(L: LuaState, index: number): number;
  lua_type(L: LuaState, index: number): number;
  lua_isinteger(L: LuaState, index: number): boolean;
  lua_toboolean(L: LuaState, index: number): boolean;
  lua_tonumber(L: LuaState, index: number): number;
  lua_tostring(L: LuaState, index: number): Uint8Array | null;
  lua_touserdata(L: LuaState, index: number): unknown;
  lua_pushnil(L: LuaState): void;
  lua_pushboolean(L: LuaState, value: boolean): void;
  lua_pushinteger(L: LuaState, value: number): void;
  lua_pushnumber(L: LuaState, value: number): void;
  lua_pushstring(L: LuaState, bytes: Uint8Array): void;
  lua_pushlstring(L: LuaState, bytes: Uint8Array, length: number): void;
  lua_pushcfunction(L: LuaState, act: LuaFunction): void;
  lua_pushlightuserdata(L: LuaState, value: unknown): void;
  lua_createtable(L: LuaState, items: number, fields: number): void;
  lua_setfield(L: LuaState, index: number, name: Uint8Array): void;
  lua_getfield(L: LuaState, index: number, name: Uint8Array): number;
  lua_rawset(L: LuaState, index: number): void;
  lua_rawget(L: LuaState, index: number): number;
  lua_rawseti(L: LuaState, index: number, n: number): void;
  lua_rawgeti(L: LuaState, index: number, n: number): number;
  lua_rawlen(L: LuaState, index: number): number;
  lua_next(L: LuaState, index: number): number;
  lua_setmetatable(L: LuaState, index: number): void;
  lua_setglobal(L: LuaState, name: Uint8Array): void;
  lua_getglobal(L: LuaState, name: Uint8Array): number;
  lua_newthread(L: LuaState): LuaState;
  lua_pcall(L: LuaState, args: number, results: number, handler: number): number;
  lua_resume(L: LuaState, from: LuaState | null, args: number): number;
  lua_yieldk(L: LuaState, results: number, context: number, next: LuaContinuation): number;
  lua_yield(L: LuaState, results: number): number;
  lua_isyieldable(L: LuaState): boolean;
  lua_atnativeerror(L: LuaState, act: LuaFunction): void;
  lua_error(L: LuaState): never;
  lua_sethook(L: LuaState, hook: ((L: LuaState) => void) | null, mask: number, count: number): void;
}

/** `luaL_*` */
export interface LuaAuxiliary {
  luaL_newstate(): LuaState;
  luaL_loadbuffer(L: LuaState, bytes: Uint8Array, size: number, name: Uint8Array): number;
  luaL_ref(L: LuaState, index: number): number;
  luaL_unref(L: LuaState, index: number, ref: number): void;
  luaL_traceback(L: LuaState, of: LuaState, message: Uint8Array | null, level: number): void;
  luaL_tolstring(L: LuaState, index: number): Uint8Array;
}

/** The package. */
export interface Fengari {
  readonly lua: LuaApi;
  readonly lauxlib: LuaAuxiliary;
  readonly lualib: { luaL_openlibs(L: LuaState): void };
}

/** Results of calls. */
export const LUA_OK = 0;
export const LUA_YIELD = 1;
/** Types of values. */
export const LUA_TNIL = 0;
export const LUA_TBOOLEAN = 1;
export const LUA_TNUMBER = 3;
export const LUA_TSTRING = 4;
export const LUA_TTABLE = 5;
export const LUA_TFUNCTION = 6;

let loaded: Fengari | null = null;

/** The package, loaded by the first that asks. */
export function fengari(): Fengari {
  if (loaded !== null) return loaded;
  // The word is for who bundles the program; where there is no such function, one is made.
  const found =
    (typeof require === "function"
      ? require("fengari")
      : createRequire(import.meta.url)("fengari")) as Fengari & { readonly default?: Fengari };
  // In the executable it is a module of the other kind: see compile.sh.
  loaded = found.default ?? found;
  return loaded;
}
