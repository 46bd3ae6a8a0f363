/** The table `core` of scripts, and what they register by it. */
import { isIp, parseNetwork } from "../net/ip/address.ts";
import { fengari, LUA_TFUNCTION, type LuaState } from "./fengari.ts";
import { type Interpreter, Task } from "./interpreter.ts";
import { levelFields, logMethods } from "./logging.ts";
import {
  type LuaCall,
  LuaClass,
  luaFunction,
  type LuaInput,
  LuaMistake,
  LuaObject,
  push,
  read,
  setFields,
  textOfValue,
} from "./values.ts";

/** What `core.register_*` has been called with: functions by their references. */
export interface Registered {
  readonly fetches: Map<string, number>;
  readonly converters: Map<string, number>;
  readonly actions: Map<string, ActionFunction>;
  readonly services: Map<string, { readonly mode: "http" | "tcp"; readonly ref: number }>;
  readonly inits: number[];
  readonly tasks: { readonly ref: number; readonly args: readonly number[] }[];
}

/** A function that is an action. */
export interface ActionFunction {
  readonly ref: number;
  /** "http-req" and so on. */
  readonly rulesets: readonly string[];
  /** So many words follow the action's name. */
  readonly count: number;
}

/** A proxy of the configuration, and its servers. */
export interface ProxyNames {
  readonly name: string;
  readonly mode: string;
  readonly kind: string;
  readonly servers: readonly { readonly name: string }[];
}

/** A server, as scripts see it. */
export interface ServerNow {
  /** "address:port". */
  readonly address: string;
  /** In the words of "show stat". */
  readonly status: string;
  readonly weight: number;
  readonly sessions: number;
}

/** What an action returns (`act.*`). */
export const outcomes = {
  CONTINUE: 0,
  STOP: 1,
  YIELD: 2,
  ERROR: 3,
  DONE: 4,
  DENY: 5,
  ABORT: 6,
  INVALID: 7,
} as const;

/** What `core` needs besides. */
export interface CoreDeps {
  readonly interpreter: Interpreter;
  /** This thread's number, from 0 on. */
  readonly thread: number;
  /** Scripts are being loaded: only then can they register something. */
  readonly loading: () => boolean;
  readonly proxies: readonly ProxyNames[];
  /** A server as it is now; null: there is none of the name any more. */
  readonly server: (backend: string, server: string) => ServerNow | null;
  readonly tcp: () => LuaInput;
  readonly changePatterns: (list: string, change: PatternEdit) => void;
  readonly info: () => { readonly [name: string]: LuaInput };
}

/** A change of a map or of an ACL's list. */
export type PatternEdit =
  | { readonly kind: "add" | "delete"; readonly key: string }
  | { readonly kind: "set"; readonly key: string; readonly value: string };

/** Dates of HTTP (RFC 9110, 5.6.7), as texts to seconds since 1970. */
function readDate(text: string): number | null {
  const ms = Date.parse(/GMT|UTC/.test(text) ? text : `${text} UTC`);
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}

const isFetchName = /^[A-Za-z0-9_.-]+$/;

/** Whether an address is within a network. @throws {LuaMistake} */
function isWithin(address: string, text: string): boolean {
  const network = parseNetwork(text);
  if (!isIp(address) || network === null) throw new LuaMistake("an address and a network");
  return parseNetwork(address + network.slice(network.indexOf("/"))) === network;
}

/** Pieces of text that become one. */
class Concat {
  readonly parts: Uint8Array[] = [];
}
const concatClass = new LuaClass("Concat", {
  add(concat: Concat, call: LuaCall) {
    concat.parts.push(call.bytes(0));
    return null;
  },
  dump({ parts }: Concat) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  },
});

const proxyClass = new LuaClass("Proxy", {
  get_name: ({ name }: ProxyNames) => name,
  get_mode: ({ mode }: ProxyNames) => mode,
  get_cap: ({ kind }: ProxyNames) => kind === "listen" ? "proxy" : kind,
});

interface ServerTarget {
  readonly name: string;
  readonly now: () => ServerNow | null;
}
const serverClass = new LuaClass("Server", {
  get_name: ({ name }: ServerTarget) => name,
  get_addr: ({ now }: ServerTarget) => now()?.address ?? "<unknown>",
  get_weight: ({ now }: ServerTarget) => String(now()?.weight ?? 0),
  get_cur_sess: ({ now }: ServerTarget) => now()?.sessions ?? 0,
  is_draining: ({ now }: ServerTarget) => now()?.status === "DRAIN",
  get_stats({ name, now }: ServerTarget) {
    const server = now();
    if (server === null) return null;
    const { status, weight, sessions } = server;
    return { svname: name, status, weight, scur: sessions };
  },
});

/** Puts `core`, `act` and the functions to register with into a state. */
export function openCore(L: LuaState, deps: CoreDeps): Registered {
  const { lua, lauxlib } = fengari();
  const { interpreter } = deps;
  const { clock, log } = interpreter.deps;
  const registered: Registered = {
    fetches: new Map(),
    converters: new Map(),
    actions: new Map(),
    services: new Map(),
    inits: [],
    tasks: [],
  };

  const keep = (call: LuaCall, i: number): number => {
    if (call.type(i) !== LUA_TFUNCTION) {
      throw new LuaMistake(`argument #${i + 1}: a function is expected`);
    }
    lua.lua_pushvalue(call.L, call.at(i));
    return lauxlib.luaL_ref(call.L, lua.LUA_REGISTRYINDEX);
  };
  const nameOf = (call: LuaCall): string => {
    if (!deps.loading()) throw new LuaMistake("only while scripts are loaded");
    const name = call.text(0);
    if (!isFetchName.test(name)) throw new LuaMistake(`'${name}' cannot be a name`);
    return name;
  };
  /** Accepted, since scripts that call it are of use without. */
  const without = (name: string, why: string) => () => {
    log(4, `Lua: core.${name} has no effect: sluice ${why}`);
    return null;
  };
  const registers: Record<string, (call: LuaCall) => null> = {
    register_fetches(call) {
      registered.fetches.set(nameOf(call), keep(call, 1));
      return null;
    },
    register_converters(call) {
      registered.converters.set(nameOf(call), keep(call, 1));
      return null;
    },
    register_action(call) {
      const list = read(call.L, call.at(1));
      const rulesets = list instanceof Map
        ? [...list.values()].map(textOfValue)
        : [textOfValue(list)];
      const known = ["tcp-req", "tcp-res", "http-req", "http-res", "http-after-res"];
      const unknown = rulesets.find((each) => !known.includes(each));
      if (unknown !== undefined) throw new LuaMistake(`'${unknown}': ${known.join(", ")}`);
      const name = nameOf(call);
      registered.actions.set(name, { ref: keep(call, 2), rulesets, count: call.number(3, 0) });
      return null;
    },
    register_service(call) {
      const mode = call.text(1);
      if (mode !== "http" && mode !== "tcp") throw new LuaMistake(`'${mode}': http or tcp`);
      registered.services.set(nameOf(call), { mode, ref: keep(call, 2) });
      return null;
    },
    register_init(call) {
      registered.inits.push(keep(call, 0));
      return null;
    },
    register_task(call) {
      const ref = keep(call, 0);
      const args = Array.from({ length: Math.max(0, call.count - 1) }, (_, i) => {
        lua.lua_pushvalue(call.L, call.at(i + 1));
        return lauxlib.luaL_ref(call.L, lua.LUA_REGISTRYINDEX);
      });
      if (deps.loading()) registered.tasks.push({ ref, args });
      else runTask(interpreter, ref, args);
      return null;
    },
    register_cli: without("register_cli", "gives scripts no runtime commands"),
    register_filter: without("register_filter", "lets scripts filter no content"),
    register_lua_mailer: without("register_lua_mailer", "sends the mails of checks by itself"),
    disable_legacy_mailers: without(
      "disable_legacy_mailers",
      "sends the mails of checks by itself",
    ),
    event_sub: without("event_sub", "tells scripts of no events"),
  };
  const pause = (call: LuaCall, ms: number) =>
    interpreter.wait(call.L, (wake) => clock.schedule(ms, wake));

  push(L, {
    ...Object.fromEntries(
      Object.entries(registers).map(([name, act]) => [name, luaFunction(`core.${name}`, act)]),
    ),
    ...levelFields,
    ...Object.fromEntries(
      Object.entries(logMethods).map(([name, method]) => [
        name,
        luaFunction(`core.${name}`, (call) => method({ log } as never, call)),
      ]),
    ),
    thread: deps.thread,
    sleep: luaFunction("core.sleep", (call) => pause(call, call.number(0) * 1000)),
    msleep: luaFunction("core.msleep", (call) => pause(call, call.number(0))),
    yield: luaFunction("core.yield", (call) => pause(call, 0)),
    now: luaFunction("core.now", () => {
      const ms = clock.wall();
      return { sec: Math.floor(ms / 1000), usec: Math.floor((ms % 1000) * 1000) };
    }),
    tcp: luaFunction("core.tcp", () => deps.tcp()),
    concat: luaFunction("core.concat", () => new LuaObject(concatClass, new Concat())),
    tokenize: luaFunction("core.tokenize", (call) => {
      const [text, separators] = [call.text(0), call.text(1)];
      const parts: string[] = [];
      let start = 0;
      for (let i = 0; i <= text.length; i++) {
        if (i < text.length && !separators.includes(text[i]!)) continue;
        const part = text.slice(start, i);
        if (part !== "" || !call.boolean(2)) parts.push(part);
        start = i + 1;
      }
      return parts;
    }),
    parse_addr: luaFunction("core.parse_addr", (call) => {
      const text = call.text(0);
      return isIp(text.split("/")[0]!) ? text : null;
    }),
    match_addr: luaFunction(
      "core.match_addr",
      (call) => isWithin(call.text(0), call.text(1)),
    ),
    http_date: luaFunction("core.http_date", (call) => readDate(call.text(0))),
    imf_date: luaFunction("core.imf_date", (call) => readDate(call.text(0))),
    rfc850_date: luaFunction("core.rfc850_date", (call) => readDate(call.text(0))),
    asctime_date: luaFunction("core.asctime_date", (call) => readDate(call.text(0))),
    get_info: luaFunction("core.get_info", () => deps.info()),
    set_nice: luaFunction("core.set_nice", () => null),
    set_map: luaFunction("core.set_map", (call) => {
      deps.changePatterns(call.text(0), { kind: "set", key: call.text(1), value: call.text(2) });
      return null;
    }),
    del_map: luaFunction("core.del_map", (call) => {
      deps.changePatterns(call.text(0), { kind: "delete", key: call.text(1) });
      return null;
    }),
    add_acl: luaFunction("core.add_acl", (call) => {
      deps.changePatterns(call.text(0), { kind: "add", key: call.text(1) });
      return null;
    }),
    del_acl: luaFunction("core.del_acl", (call) => {
      deps.changePatterns(call.text(0), { kind: "delete", key: call.text(1) });
      return null;
    }),
  });
  const proxies = (sides: readonly string[]) =>
    Object.fromEntries(
      deps.proxies.filter(({ kind }) => sides.includes(kind)).map((proxy) => [
        proxy.name,
        new LuaObject(proxyClass, proxy, {
          name: proxy.name,
          servers: Object.fromEntries(
            proxy.servers.map(({ name }) => [
              name,
              new LuaObject(serverClass, { name, now: () => deps.server(proxy.name, name) }, {
                name,
              }),
            ]),
          ),
        }),
      ]),
    );
  setFields(L, {
    proxies: proxies(["frontend", "backend", "listen"]),
    frontends: proxies(["frontend", "listen"]),
    backends: proxies(["backend", "listen"]),
  });
  lua.lua_setglobal(L, name("core"));
  push(L, { ...outcomes, wake_time: luaFunction("act.wake_time", () => null) });
  lua.lua_setglobal(L, name("act"));
  return registered;
}

const name = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** Runs a task of a script, once: what it refers to is given back. */
export function runTask(interpreter: Interpreter, ref: number, args: readonly number[]): void {
  const { lua, lauxlib } = fengari();
  const { log, limits } = interpreter.deps;
  const task = new Task(interpreter, limits.task, (error) => {
    if (error !== null) log(1, `Lua task: ${error}`);
  });
  for (const each of [ref, ...args]) {
    lua.lua_rawgeti(task.L, lua.LUA_REGISTRYINDEX, each);
    lauxlib.luaL_unref(task.L, lua.LUA_REGISTRYINDEX, each);
  }
  task.start(args.length);
}
