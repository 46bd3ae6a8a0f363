/** The class TXN: a transaction, or a session in TCP mode, as actions and fetches see it. */
import type { Context } from "../expr/context.ts";
import type { References } from "../expr/references.ts";
import type { RuleStream } from "../rules/stream.ts";
import { fengari, LUA_TTABLE, type LuaState } from "./fengari.ts";
import { httpClass } from "./http.ts";
import { logMethods } from "./logging.ts";
import { Reply, replyObject } from "./reply.ts";
import { sampleFields, type SampleSource, variableMethods } from "./samples.ts";
import {
  Kept,
  type LuaCall,
  LuaClass,
  type LuaMethod,
  LuaMistake,
  LuaObject,
  push,
  read,
} from "./values.ts";

/** What the script said is thrown through it: the transaction is over. */
export const doneMark = {};

/** A transaction of scripts. */
export interface TxnTarget extends SampleSource {
  /** null: it is only looked at. */
  readonly stream: RuleStream | null;
  readonly edits: "request" | "response" | null;
  readonly log: (level: number, text: string) => void;
  /** `txn:done` was called, with this reply, if any. */
  done: Reply | "close" | null;
}

/** What a script keeps with a transaction: references into the registry. */
const privates = new WeakMap<object, number>();

function end(target: TxnTarget, call: LuaCall, reply: Reply | "close"): never {
  if (target.stream === null) throw new LuaMistake("the transaction is only looked at here");
  target.done = reply;
  const { lua } = fengari();
  lua.lua_pushlightuserdata(call.L, doneMark);
  return lua.lua_error(call.L);
}

function acting(target: TxnTarget): RuleStream {
  if (target.stream === null) throw new LuaMistake("the transaction is only looked at here");
  return target.stream;
}

/** Where a script keeps something of its own with an object. */
export const privateMethods: Readonly<Record<string, LuaMethod<{ readonly context: Context }>>> = {
  set_priv({ context }, call) {
    const { lua, lauxlib } = fengari();
    const before = privates.get(context);
    if (before !== undefined) lauxlib.luaL_unref(call.L, lua.LUA_REGISTRYINDEX, before);
    lua.lua_pushvalue(call.L, call.at(0));
    privates.set(context, lauxlib.luaL_ref(call.L, lua.LUA_REGISTRYINDEX));
    return null;
  },
  get_priv({ context }) {
    const ref = privates.get(context);
    return ref === undefined ? null : new Kept(ref);
  },
};

const txnClass = new LuaClass("TXN", {
  ...variableMethods,
  ...logMethods,
  ...privateMethods,
  done(target: TxnTarget, call: LuaCall) {
    if (!call.has(0)) return end(target, call, "close");
    return end(target, call, replyOf(call));
  },
  reply(_target: TxnTarget, call: LuaCall) {
    return replyObject(call.has(0) ? replyOf(call) : new Reply());
  },
  set_loglevel(target: TxnTarget, call: LuaCall) {
    acting(target).setLogLevel(call.number(0));
    return null;
  },
  set_mark(target: TxnTarget, call: LuaCall) {
    acting(target).setSocketOption("mark", call.number(0));
    return null;
  },
  set_tos(target: TxnTarget, call: LuaCall) {
    acting(target).setSocketOption("tos", call.number(0));
    return null;
  },
  set_priority_class(target: TxnTarget, call: LuaCall) {
    acting(target).setPriority("class", call.number(0));
    return null;
  },
  set_priority_offset(target: TxnTarget, call: LuaCall) {
    acting(target).setPriority("offset", call.number(0));
    return null;
  },
});

/** The reply that an argument is, or describes. */
function replyOf(call: LuaCall): Reply {
  const { lua } = fengari();
  if (call.type(0) !== LUA_TTABLE) throw new LuaMistake("argument #1: a reply is expected");
  lua.lua_rawgeti(call.L, call.at(0), 0);
  const known = lua.lua_touserdata(call.L, -1);
  lua.lua_pop(call.L, 1);
  if (known instanceof Reply) return known;
  const reply = new Reply();
  const table = read(call.L, call.at(0));
  if (table instanceof Map) reply.read(table);
  return reply;
}

/** Pushes a transaction. */
export function pushTxn(L: LuaState, target: TxnTarget): void {
  const http = new LuaObject(httpClass, target);
  push(L, new LuaObject(txnClass, target, { ...sampleFields(target), http }));
}

/** A transaction for scripts. */
export function txnTarget(
  context: Context,
  stream: RuleStream | null,
  references: References,
  available: number,
  edits: TxnTarget["edits"],
  log: TxnTarget["log"],
): TxnTarget {
  return { context, stream, references, available, edits, log, done: null };
}
