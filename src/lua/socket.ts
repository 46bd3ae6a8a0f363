/** The class Socket: connections that scripts make (`core.tcp`). */
import { isIp } from "../net/ip/address.ts";
import { type Endpoint, type Network, noEvents, type Socket, SocketError } from "../net/socket.ts";
import { LUA_TNUMBER, type LuaState } from "./fengari.ts";
import type { Interpreter } from "./interpreter.ts";
import {
  type LuaCall,
  LuaClass,
  type LuaInput,
  LuaMistake,
  LuaObject,
  type Suspended,
} from "./values.ts";

/** What connections of scripts need. */
export interface ConnectionDeps {
  readonly interpreter: Interpreter;
  readonly network: Network;
  /** Asks for the address of a name. @returns gives up */
  readonly resolve: (name: string, callback: (address: string | null) => void) => () => void;
}

/** As in HAProxy, where nothing else is said: so long until nothing has moved, ms. */
const defaultTimeout = 5000;
/** So much may wait to be read; the sender is slowed down then. */
const mostHeld = 131_072;
const LF = 10;
const CR = 13;

/** A connection of a script. It waits for one thing at a time. */
class Connection {
  #socket: Socket | null = null;
  #held: Uint8Array = new Uint8Array(0);
  #ended = false;
  #error = "";
  #paused = false;
  #rest: Uint8Array | null = null;
  /** Looks whether what is waited for is there. */
  #moved: () => void = () => {};
  timeout = defaultTimeout;

  constructor(readonly deps: ConnectionDeps) {}

  get isOpen(): boolean {
    return this.#socket !== null;
  }
  get socket(): Socket | null {
    return this.#socket;
  }

  /** Waits until `ready` says what the call returns. */
  until(
    L: LuaState,
    begin: () => (() => void) | void,
    ready: () => readonly LuaInput[] | null,
  ): Suspended {
    const { interpreter } = this.deps;
    const { clock } = interpreter.deps;
    let result: readonly LuaInput[] = [null, "timeout"];
    return interpreter.wait(L, (wake) => {
      const stop = begin();
      const cancel = clock.schedule(this.timeout, () => {
        this.#moved = () => {};
        stop?.();
        wake();
      });
      const look = () => {
        const found = ready();
        if (found === null) return;
        result = found;
        this.#moved = () => {};
        cancel();
        wake();
      };
      this.#moved = look;
      look();
      return () => {
        this.#moved = () => {};
        cancel();
        stop?.();
        this.close();
      };
    }, () => result);
  }

  open(to: Endpoint): void {
    let opened = false;
    this.#isConnected = () => opened;
    const socket = this.deps.network.connect(to, {}, {
      opened: () => {
        opened = true;
        this.#moved();
      },
      data: (_socket, bytes) => {
        const all = new Uint8Array(this.#held.length + bytes.length);
        all.set(this.#held);
        all.set(bytes, this.#held.length);
        this.#held = all;
        if (all.length > mostHeld && !this.#paused) {
          this.#paused = true;
          socket.pause();
        }
        this.#moved();
      },
      drain: () => {
        opened = true;
        this.#flush();
        this.#moved();
      },
      ended: () => {
        this.#ended = true;
        this.#moved();
      },
      closed: (_socket, error: SocketError) => {
        this.#ended = true;
        this.#error = error.code;
        this.#moved();
      },
    });
    this.#socket = socket;
  }
  #isConnected = () => false;
  get connected(): boolean {
    return this.#isConnected();
  }
  get error(): string {
    return this.#error;
  }
  fail(error: string): void {
    this.#error = error;
    this.#moved();
  }

  send(bytes: Uint8Array): void {
    this.#rest = bytes;
    this.#flush();
  }
  #flush(): void {
    const rest = this.#rest;
    if (rest === null || this.#socket === null) return;
    const taken = this.#socket.write(rest, 0, rest.length);
    if (taken < 0) {
      this.#error ||= "ECONNRESET";
      return;
    }
    this.#rest = taken < rest.length ? rest.subarray(taken) : null;
  }
  get sent(): boolean {
    return this.#rest === null;
  }

  /** What `receive` is to return, if that is there. */
  take(pattern: "line" | "all" | number, prefix: Uint8Array): readonly LuaInput[] | null {
    const held = this.#held;
    const give = (length: number, skip: number): readonly LuaInput[] => {
      this.#held = held.slice(length + skip);
      if (this.#paused) {
        this.#paused = false;
        this.#socket?.resume();
      }
      const end = skip > 0 && held[length - 1] === CR ? length - 1 : length;
      const whole = new Uint8Array(prefix.length + end);
      whole.set(prefix);
      whole.set(held.subarray(0, end), prefix.length);
      return [whole];
    };
    if (pattern === "line") {
      const end = held.indexOf(LF);
      if (end >= 0) return give(end, 1);
    } else if (typeof pattern === "number" && held.length >= pattern) return give(pattern, 0);
    if (!this.#ended && this.#error === "") {
      // All of a long answer: what waits is no bound for that.
      if (this.#paused) {
        this.#paused = false;
        this.#socket?.resume();
      }
      return null;
    }
    if (pattern === "all" && (held.length > 0 || this.#error === "")) return give(held.length, 0);
    const rest = give(held.length, 0)[0]!;
    return [null, "connection closed.", held.length > 0 ? rest : ""];
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.events = noEvents;
    socket.close();
  }
}

function endpointOf(host: string, port: number): Endpoint | null {
  if (host.startsWith("/")) return { kind: "unix", path: host };
  if (host.startsWith("unix@")) return { kind: "unix", path: host.slice(5) };
  if (host.startsWith("abns@")) return { kind: "abstract", name: host.slice(5) };
  const plain = host.replace(/^ipv[46]@/, "").replace(/^\[(.*)\]$/, "$1");
  return isIp(plain) ? { kind: "ip", host: plain, port } : null;
}

function connect(connection: Connection, call: LuaCall): Suspended {
  let host = call.text(0);
  let port = call.number(1, 0);
  const inside = /^(.*):(\d+)$/.exec(host);
  if (port === 0 && inside !== null && !isIp(host)) {
    host = inside[1]!;
    port = Number(inside[2]);
  }
  if (connection.isOpen) throw new LuaMistake("the socket is connected already");
  const to = endpointOf(host, port);
  return connection.until(
    call.L,
    () => {
      if (to !== null) return connection.open(to);
      return connection.deps.resolve(host, (address) => {
        if (address === null) connection.fail(`cannot resolve '${host}'`);
        else connection.open({ kind: "ip", host: address, port });
      });
    },
    () =>
      connection.error !== ""
        ? [null, `Can't connect: ${connection.error}`]
        : connection.connected
        ? [1]
        : null,
  );
}

const socketClass = new LuaClass("Socket", {
  connect,
  connect_ssl(): never {
    throw new LuaMistake("sluice gives scripts no TLS connections");
  },
  settimeout(connection: Connection, call: LuaCall) {
    connection.timeout = Math.max(1, Math.round(call.number(0) * 1000));
    return 1;
  },
  send(connection: Connection, call: LuaCall) {
    const bytes = call.bytes(0);
    if (!connection.isOpen) throw new LuaMistake("the socket is not connected");
    return connection.until(
      call.L,
      () => connection.send(bytes),
      () =>
        connection.error !== ""
          ? [null, "connection closed."]
          : connection.sent
          ? [bytes.length]
          : null,
    );
  },
  receive(connection: Connection, call: LuaCall) {
    if (!connection.isOpen) throw new LuaMistake("the socket is not connected");
    const prefix = call.has(1) ? call.bytes(1) : new Uint8Array(0);
    let pattern: "line" | "all" | number = "line";
    if (call.type(0) === LUA_TNUMBER) pattern = call.number(0);
    else if (call.has(0)) {
      const text = call.text(0);
      if (text === "*a") pattern = "all";
      else if (text !== "*l") throw new LuaMistake(`'${text}' is not what 'receive' takes`);
    }
    return connection.until(call.L, () => {}, () => connection.take(pattern, prefix));
  },
  close(connection: Connection) {
    connection.close();
    return null;
  },
  getpeername({ socket }: Connection) {
    return socket === null ? null : `${socket.remoteAddress}:${socket.remotePort}`;
  },
  getsockname({ socket }: Connection) {
    return socket === null ? null : `${socket.localAddress}:${socket.localPort}`;
  },
});

/** `core.tcp()`. */
export function createConnection(deps: ConnectionDeps): LuaInput {
  const connection = new Connection(deps);
  deps.interpreter.current?.owns(() => connection.close());
  return new LuaObject(socketClass, connection);
}
