/**
 * The scripts of a configuration (manual, chapter 3.1, "lua-load"), in the state of one thread, and
 * what expressions and rules ask of them. Each thread has a state of its own.
 */
import type { Context } from "../expr/context.ts";
import type { PatternStore } from "../expr/patterns/store.ts";
import { PatternMistake } from "../expr/patterns/pattern.ts";
import type { References } from "../expr/references.ts";
import type { Sample } from "../expr/sample.ts";
import type { Network } from "../net/socket.ts";
import type { RuleKit, RuleScripts, Run, ScriptAction } from "../rules/action.ts";
import type { Ruleset } from "../rules/rulesets.ts";
import type { RuleStream } from "../rules/stream.ts";
import { CONTINUE, END, STOP, type Verdict, WAIT } from "../rules/verdict.ts";
import type { Clock } from "../time/clock.ts";
import { appletService, type ScriptService } from "./applet.ts";
import {
  type ActionFunction,
  openCore,
  outcomes,
  type ProxyNames,
  type Registered,
  runTask,
  type ServerNow,
} from "./core.ts";
import { fengari } from "./fengari.ts";
import { Interpreter, type LuaLimits, Task } from "./interpreter.ts";
import { mapTable } from "./maps.ts";
import { fromSample, toSample } from "./samples.ts";
import { createConnection } from "./socket.ts";
import { pushTxn, type TxnTarget, txnTarget } from "./txn.ts";
import { Kept, push, read } from "./values.ts";

/** A script, and what it is given. */
export interface Script {
  readonly file: string;
  readonly args: readonly string[];
}

/** What scripts need from outside. */
export interface ScriptDeps {
  readonly clock: Clock;
  /** For connections of scripts; null: they make none. */
  readonly network: Network | null;
  readonly resolve: (name: string, callback: (address: string | null) => void) => () => void;
  readonly log: (level: number, text: string) => void;
  readonly limits: LuaLimits;
  readonly patterns: PatternStore;
  readonly thread: number;
  readonly version: string;
  readonly proxies: readonly ProxyNames[];
  /** A server as it is now. */
  readonly server: (backend: string, server: string) => ServerNow | null;
  /** Where `require` looks first. */
  readonly paths: readonly { readonly path: string; readonly of: "path" | "cpath" }[];
}

/** Why a script cannot be loaded. */
export interface ScriptFault {
  readonly script: Script;
  readonly message: string;
}

/** The scripts of a thread. */
export interface LoadedScripts extends RuleScripts {
  /** Begins the functions of `register_init` and `register_task`. */
  begin(): void;
  /** Ends all that runs. */
  end(): void;
  /** Services by their names in rules, "lua.<name>", of those that rules have asked for. */
  readonly services: ReadonlyMap<string, ScriptService>;
}

/** Rulesets by what scripts call them. */
const rulesetNames: Readonly<Record<Ruleset, string>> = {
  "tcp-request connection": "",
  "tcp-request session": "",
  "tcp-request content": "tcp-req",
  "tcp-response content": "tcp-res",
  "http-request": "http-req",
  "http-response": "http-res",
  "http-after-response": "http-after-res",
};

/** Loads scripts, in order; one that fails is left out. @param read gives a file's content */
export function loadScripts(
  scripts: readonly Script[],
  read: (path: string) => Uint8Array,
  deps: ScriptDeps,
  onFault: (fault: ScriptFault) => void,
): LoadedScripts {
  const { clock, log, limits, patterns } = deps;
  const interpreter = new Interpreter({ clock, log, limits });
  for (const { path, of } of deps.paths) interpreter.prependPath(path, of);
  let loading = true;
  const registered = openCore(interpreter.L, {
    interpreter,
    thread: deps.thread,
    loading: () => loading,
    proxies: deps.proxies,
    server: deps.server,
    tcp: () => createConnection({ interpreter, network: deps.network!, resolve: deps.resolve }),
    changePatterns(name, edit) {
      const list = patterns.find(name);
      if (list === undefined) return;
      try {
        const { key } = edit;
        patterns.change(
          list,
          edit.kind === "delete"
            ? { change: "delete", key }
            : { change: "put", key, value: edit.kind === "set" ? edit.value : null },
        );
      } catch (error) {
        if (!(error instanceof PatternMistake)) throw error;
      }
    },
    info: () => ({ Name: "sluice", Version: deps.version, Pid: 0 }),
  });
  push(interpreter.L, mapTable(patterns, () => loading));
  fengari().lua.lua_setglobal(interpreter.L, Uint8Array.from("Map", (c) => c.charCodeAt(0)));
  for (const script of scripts) {
    let message: string | null;
    try {
      message = interpreter.load(script.file, read(script.file), script.args);
    } catch (error) {
      message = error instanceof Error ? error.message : String(error);
    }
    if (message !== null) onFault({ script, message });
  }
  loading = false;
  return new Loaded(interpreter, registered);
}

/** So long may a fetch or a converter take, ms: nothing else is served meanwhile. */
const fetchLimit = 1000;

class Loaded implements LoadedScripts {
  readonly services = new Map<string, ScriptService>();
  constructor(readonly interpreter: Interpreter, readonly registered: Registered) {}

  names(kind: "fetches" | "converters" | "actions" | "services"): readonly string[] {
    return [...this.registered[kind].keys()].map((name) => `lua.${name}`);
  }

  fetch(name: string) {
    const ref = find(this.registered.fetches, name);
    if (ref === undefined) return null;
    const { interpreter } = this;
    const { log } = interpreter.deps;
    return (args: readonly string[], references: References) =>
    (context: Context, sample: Sample): boolean => {
      const { L } = interpreter;
      push(L, new Kept(ref));
      pushTxn(L, txnTarget(context, null, references, ~0, null, log));
      for (const arg of args) push(L, arg);
      return this.#value(`sample-fetch '${name}'`, 1 + args.length, sample);
    };
  }

  converter(name: string) {
    const ref = find(this.registered.converters, name);
    if (ref === undefined) return null;
    const { interpreter } = this;
    return (args: readonly string[]) => (sample: Sample): boolean => {
      const { L } = interpreter;
      push(L, new Kept(ref));
      push(L, fromSample(sample));
      for (const arg of args) push(L, arg);
      return this.#value(`converter '${name}'`, 1 + args.length, sample);
    };
  }

  /** Calls a function for its value. */
  #value(what: string, args: number, sample: Sample): boolean {
    const { interpreter } = this;
    const error = interpreter.call(args, 1, fetchLimit);
    if (error !== null) {
      interpreter.deps.log(1, `Lua ${what}: runtime error: ${error}`);
      return false;
    }
    const value = read(interpreter.L, -1);
    fengari().lua.lua_pop(interpreter.L, 1);
    return toSample(value, sample);
  }

  action(name: string, ruleset: Ruleset): ScriptAction | null {
    const found = find(this.registered.actions, name);
    if (found === undefined || !found.rulesets.includes(rulesetNames[ruleset])) return null;
    return {
      count: found.count,
      create: (args, kit) => this.#run(name, found, args, kit),
    };
  }

  #run(name: string, { ref }: ActionFunction, args: readonly string[], kit: RuleKit): Run {
    const { interpreter } = this;
    const { log, limits } = interpreter.deps;
    const { references, available, ruleset } = kit;
    const edits = ruleset === "http-request"
      ? "request"
      : ruleset.startsWith("http-")
      ? "response"
      : null;
    /** The verdict of a task that has ended. */
    const verdictOf = (stream: RuleStream, target: TxnTarget, outcome: number): Verdict => {
      const { done } = target;
      if (done !== null) {
        if (done === "close") stream.reject(false);
        else stream.answer(done.make(), "LR");
        return END;
      }
      switch (outcome) {
        case outcomes.STOP:
          return STOP;
        case outcomes.DONE:
        case outcomes.ABORT:
          stream.reject(false);
          return END;
        case outcomes.DENY:
          stream.refuse(edits === "response" ? 502 : 403, edits === "response" ? "PH" : "PR");
          return END;
        case outcomes.ERROR:
        case outcomes.INVALID:
          stream.refuse(500, "PR");
          return END;
        default:
          return CONTINUE;
      }
    };
    const { lua } = fengari();
    const begin = (
      stream: RuleStream,
      mayPause: boolean,
      done: (verdict: () => Verdict) => void,
    ) => {
      const target = txnTarget(stream, stream, references, available, edits, log);
      const task = new Task(interpreter, limits.session, (error, L, count) => {
        if (error !== null && target.done === null) {
          log(1, `Lua function '${name}': runtime error: ${error}`);
          return done(() => CONTINUE);
        }
        const outcome = error === null && count > 0 ? lua.lua_tonumber(L, -1) : 0;
        done(() => verdictOf(stream, target, outcome));
      }, mayPause);
      push(task.L, new Kept(ref));
      pushTxn(task.L, target);
      for (const arg of args) push(task.L, arg);
      task.start(1 + args.length);
      return task;
    };
    if (edits === "response" || ruleset === "tcp-response content") {
      // A response is not held back for a rule.
      return (stream) => {
        let verdict: (() => Verdict) | null = null;
        const task = begin(stream, false, (made) => verdict = made);
        if (verdict !== null) return (verdict as () => Verdict)();
        task.cancel();
        log(1, `Lua function '${name}': an action of a response cannot wait: it ends here`);
        return CONTINUE;
      };
    }
    return (stream) => {
      const result = stream.later<() => Verdict>((done) => {
        const task = begin(stream, true, done);
        return () => task.cancel();
      });
      return result === undefined ? WAIT : result();
    };
  }

  service(name: string, references: References): "http" | "tcp" | null {
    const found = find(this.registered.services, name);
    if (found === undefined) return null;
    if (found.mode === "http" && !this.services.has(name)) {
      const own = { name: name.slice(4), ref: found.ref };
      this.services.set(name, appletService(this.interpreter, references, own));
    }
    return found.mode;
  }

  end(): void {
    this.interpreter.end();
  }

  begin(): void {
    const { interpreter, registered } = this;
    const { log } = interpreter.deps;
    for (const ref of registered.inits) {
      push(interpreter.L, new Kept(ref));
      const error = interpreter.call(0, 0, 60_000);
      if (error !== null) log(1, `Lua init: ${error}`);
    }
    for (const { ref, args } of registered.tasks) runTask(interpreter, ref, args);
  }
}

/** The entry of a name as rules write it, "lua.<name>". */
function find<T>(table: ReadonlyMap<string, T>, name: string): T | undefined {
  return name.startsWith("lua.") ? table.get(name.slice(4)) : undefined;
}
