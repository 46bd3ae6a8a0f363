/**
 * A state of Lua, of one thread: libraries, scripts, the time that they may take, and the tasks that
 * run in it. A script runs to where it ends or waits; one that computes for long is interrupted, so
 * that others have their turn, and ended when it has had more time than it may have.
 */
import { bytesOf, textOf } from "../bytes/bytes.ts";
import type { Clock } from "../time/clock.ts";
import { fengari, LUA_OK, LUA_YIELD, type LuaState } from "./fengari.ts";
import { openIo } from "./io.ts";
import { LuaMistake, push, Suspended } from "./values.ts";

/** What may be said of how long scripts run (manual: "tune.lua.*"), ms; 0: as long as they like. */
export interface LuaLimits {
  /** Without a pause: a thread serves nobody else meanwhile. */
  readonly burst: number;
  /** Of a function of a rule, a service, a task, all its pauses left out. */
  readonly session: number;
  readonly service: number;
  readonly task: number;
}

/** Interrupted after so many instructions, to look at the clock. */
const instructions = 10_000;
/** A script that could go on for longer lets others have their turn, ms. */
const slice = 5;

/** What a state needs from outside. */
export interface LuaDeps {
  readonly clock: Clock;
  readonly limits: LuaLimits;
  /** Something is wrong with a script, or it has something to say. @param level of syslog */
  readonly log: (level: number, text: string) => void;
}

/** See the head of this file. */
export class Interpreter {
  readonly L: LuaState;
  /** The task that runs now. */
  current: Task | null = null;
  /** On the scale of performance.now(): when what runs now must be over. */
  #deadline = Infinity;
  #sliceEnd = Infinity;

  constructor(readonly deps: LuaDeps) {
    const { lua, lauxlib, lualib } = fengari();
    const L = this.L = lauxlib.luaL_newstate();
    lualib.luaL_openlibs(L);
    openIo(L);
    // Faults of ours within a call become errors of the script, which names the place.
    lua.lua_atnativeerror(L, (S) => {
      const error = lua.lua_touserdata(S, -1);
      push(S, error instanceof Error ? error.stack ?? error.message : String(error));
      return 1;
    });
    lua.lua_sethook(L, (S) => this.#look(S), lua.LUA_MASKCOUNT, instructions);
  }

  #look(S: LuaState): void {
    const { lua } = fengari();
    const now = performance.now();
    if (now > this.#deadline) {
      push(S, "execution timeout");
      lua.lua_error(S);
    }
    if (now > this.#sliceEnd && this.current?.L === S && lua.lua_isyieldable(S)) {
      lua.lua_yield(S, 0);
    }
  }

  /** Says where files that scripts `require` are (manual: "lua-prepend-path"). */
  prependPath(path: string, of: "path" | "cpath"): void {
    const { lua } = fengari();
    const { L } = this;
    lua.lua_getglobal(L, bytesOf("package"));
    lua.lua_getfield(L, -1, bytesOf(of));
    const before = lua.lua_tostring(L, -1) ?? new Uint8Array(0);
    lua.lua_pop(L, 1);
    push(L, `${path};${textOf(before, 0, before.length)}`);
    lua.lua_setfield(L, -2, bytesOf(of));
    lua.lua_pop(L, 1);
  }

  /** Runs a file. @returns what is wrong with it; null: nothing */
  load(path: string, source: Uint8Array, args: readonly string[]): string | null {
    const { lauxlib } = fengari();
    const { L } = this;
    // As the shell has it: a first line that begins with # is for others.
    const skip = source[0] === 35 ? Math.max(0, source.indexOf(10)) : 0;
    const code = source.slice(skip);
    if (lauxlib.luaL_loadbuffer(L, code, code.length, bytesOf(`@${path}`)) !== LUA_OK) {
      return this.takeMessage(L);
    }
    for (const arg of args) push(L, arg);
    return this.call(args.length, 0, 60_000);
  }

  /** The message on top of a stack, which is taken away. */
  takeMessage(L: LuaState): string {
    const { lua, lauxlib } = fengari();
    const bytes = lauxlib.luaL_tolstring(L, -1);
    const text = textOf(bytes, 0, bytes.length);
    lua.lua_pop(L, 2);
    return text;
  }

  /**
   * Calls the function below the arguments, which must not wait.
   * @param results so many are left on the stack
   * @returns what went wrong, and nothing is left; null: nothing
   */
  call(args: number, results: number, limit: number): string | null {
    const { lua } = fengari();
    const end = this.#begin(limit, Infinity);
    const { current } = this;
    this.current = null;
    const status = lua.lua_pcall(this.L, args, results, 0);
    this.current = current;
    end();
    return status === LUA_OK ? null : this.takeMessage(this.L);
  }

  /** Begins to measure. @returns called at the end */
  #begin(limit: number, slice: number): () => void {
    const before = [this.#deadline, this.#sliceEnd] as const;
    const now = performance.now();
    this.#deadline = Math.min(this.#deadline, limit === 0 ? Infinity : now + limit);
    this.#sliceEnd = now + slice;
    return () => {
      [this.#deadline, this.#sliceEnd] = before;
    };
  }

  /** Goes on with a coroutine. @param spent of its time so far @returns the status */
  resume(task: Task, args: number, spent: number, limit: number): number {
    const { lua } = fengari();
    const left = limit === 0 ? Infinity : Math.max(1, limit - spent);
    const { burst } = this.deps.limits;
    const most = Math.min(left, burst === 0 ? Infinity : burst);
    const end = this.#begin(most === Infinity ? 0 : most, task.mayPause ? slice : Infinity);
    const { current } = this;
    this.current = task;
    const status = lua.lua_resume(task.L, null, args);
    this.current = current;
    end();
    return status;
  }

  /** Those that have not ended. */
  readonly tasks = new Set<Task>();

  /** Cancels all tasks. */
  end(): void {
    for (const task of [...this.tasks]) task.cancel();
  }

  /** Has the task that runs now wait. @throws {LuaMistake} if it cannot */
  wait(
    L: LuaState,
    begin: (wake: () => void) => (() => void) | void,
    results: Suspended["results"] = () => [],
  ): Suspended {
    const { current } = this;
    if (current === null || current.L !== L) throw new LuaMistake("nothing can be waited for here");
    current.arrange(begin);
    return new Suspended(results);
  }
}

/** How a task has ended. @param error null: well, and its results are on the stack of `L` */
export type OnTaskEnd = (error: string | null, L: LuaState, results: number) => void;

/** A function that runs, with pauses: a coroutine. */
export class Task {
  readonly L: LuaState;
  readonly #ref: number;
  #arranged: ((wake: () => void) => (() => void) | void) | null = null;
  #cancel: (() => void) | void = undefined;
  #spent = 0;
  #over = false;
  /** Pauses so far: what wakes it may come late. */
  #pauses = 0;

  /**
   * @param limit how long it may run, ms
   * @param onEnd called once, perhaps within {@linkcode start}, unless it is cancelled
   */
  constructor(
    readonly interpreter: Interpreter,
    readonly limit: number,
    readonly onEnd: OnTaskEnd,
    /** It may be interrupted, for others to have their turn. */
    readonly mayPause = true,
  ) {
    const { lua, lauxlib } = fengari();
    interpreter.tasks.add(this);
    this.L = lua.lua_newthread(interpreter.L);
    this.#ref = lauxlib.luaL_ref(interpreter.L, lua.LUA_REGISTRYINDEX);
  }

  /** Calls the function that is on its stack, below so many arguments. */
  start(args: number): void {
    this.#run(args);
  }

  /** What it has opened is closed when it is over. */
  owns(close: () => void): void {
    this.#owned.push(close);
  }
  readonly #owned: (() => void)[] = [];

  /** What runs in it has arranged for its pause. */
  arrange(begin: (wake: () => void) => (() => void) | void): void {
    this.#arranged = begin;
  }

  #run(args: number): void {
    const { lua, lauxlib } = fengari();
    const { interpreter, L } = this;
    const began = performance.now();
    const status = interpreter.resume(this, args, this.#spent, this.limit);
    this.#spent += performance.now() - began;
    if (this.#over) return this.#release();
    if (status === LUA_YIELD) return this.#pause();
    this.#over = true;
    if (status === LUA_OK) this.onEnd(null, L, lua.lua_gettop(L));
    else {
      lauxlib.luaL_traceback(L, L, null, 0);
      lua.lua_remove(L, -1);
      this.onEnd(interpreter.takeMessage(L), L, 0);
    }
    this.#release();
  }

  #pause(): void {
    const { clock } = this.interpreter.deps;
    const arranged = this.#arranged;
    this.#arranged = null;
    const pause = ++this.#pauses;
    const goOn = () => {
      if (this.#over || pause !== this.#pauses) return;
      this.#cancel = undefined;
      // What a script yields by itself, nobody asks for.
      if (arranged === null) fengari().lua.lua_settop(this.L, 0);
      this.#run(0);
    };
    // Never within the call that it is about.
    let inside = true;
    let woken = false;
    const wake = () => {
      if (inside) woken = true;
      else goOn();
    };
    this.#cancel = arranged === null ? clock.schedule(0, wake) : arranged(wake);
    inside = false;
    if (woken) this.#cancel = clock.schedule(0, goOn);
  }

  /** It is not wanted any more: it does not go on, and nobody is called. Idempotent. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancel?.();
    // One that runs now ends where it would have waited.
    if (this.interpreter.current !== this) this.#release();
  }

  #release(): void {
    const { lua, lauxlib } = fengari();
    this.interpreter.tasks.delete(this);
    for (const close of this.#owned) close();
    this.#owned.length = 0;
    lauxlib.luaL_unref(this.interpreter.L, lua.LUA_REGISTRYINDEX, this.#ref);
  }
}
