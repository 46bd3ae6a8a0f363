/** Runs the steps of a check: connections, what is sent and expected over them, within a time. */
import { encodeProxyHeader, type ProxyVersion } from "../net/proxy-protocol/header.ts";
import type { Endpoint, Network, Socket, SocketErrorCode } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import type { CheckScope } from "./expressions.ts";
import { Input, type Response, responseIn } from "./input.ts";
import type { Probe, Target } from "./probe.ts";
import { connectFailure, connectionBroken, resultOf, type Verdict, verdict } from "./result.ts";
import {
  type ConnectStep,
  type ExpectStep,
  GO,
  placeOf,
  type SendStep,
  type Step,
  type Steps,
  WAIT,
} from "./steps.ts";

/** What a check runs on. */
export interface RunDeps {
  readonly network: Network;
  readonly clock: Clock;
  /** How much of what comes is kept, in bytes. */
  readonly bufferSize: number;
  /**
   * How to connect with TLS, the PROXY header of this version before it; null: the connection speaks
   * none. Without it none does.
   */
  readonly connectTls?: (
    step: ConnectStep,
    header: ProxyVersion | null,
  ) => Network["connect"] | null;
}

/** A check that runs steps. @param target where, each time it is made */
export function stepsProbe(deps: RunDeps, target: () => Target, steps: Steps): Probe {
  return (done) => {
    const run = new Run(
      deps,
      target(),
      steps,
      (found, duration) => done(resultOf(found, duration)),
    );
    run.proceed();
    return () => run.release();
  };
}

const nothing = new Uint8Array(0);

class Run implements CheckScope {
  memory: unknown = null;
  readonly #start: number;
  readonly #input: Input;
  /** The step that it is at, and the last one that was more than an action. */
  #at = 0;
  #last: Step | undefined;
  #socket: Socket | null = null;
  /** The step that has opened the connection. */
  #opener: ConnectStep | null = null;
  #established = false;
  /** The connection sends its PROXY header by itself, below TLS. */
  #headerBelow = false;
  #broken: SocketErrorCode | null = null;
  #out: Uint8Array = nothing;
  #sent = 0;
  /** The step whose bytes are in `out`. */
  #sending: Step | null = null;
  /** Nothing has come that the present step has not seen. */
  #mustRead = true;
  #cancelTimeout: () => void = () => {};
  #over = false;

  constructor(
    readonly deps: RunDeps,
    readonly target: Target,
    readonly steps: Steps,
    readonly done: (found: Verdict, duration: number) => void,
  ) {
    this.#start = deps.clock.now();
    this.#input = new Input(deps.bufferSize);
  }

  get received(): Uint8Array {
    return this.#input.bytes;
  }
  get response(): Response | null {
    const { method } = this.steps;
    return method === null ? null : responseIn(this.#input, method) ?? null;
  }

  /** Goes on, as far as that is possible now. */
  proceed(): void {
    while (!this.#over) {
      const step = this.steps.steps[this.#at];
      if (step === undefined) return this.#succeed();
      if (step.kind === "action") step.act(this);
      else {
        this.#last = step;
        if (!this.#take(step)) return;
      }
      this.#at++;
    }
  }

  /** Takes a step. @returns false: it must wait, or all is over */
  #take(step: Exclude<Step, { kind: "action" }>): boolean {
    switch (step.kind) {
      case "connect":
        return this.#connect(step);
      case "send":
        return this.#send(step);
      case "expect":
        return this.#expect(step);
    }
  }

  #connect(step: ConnectStep): boolean {
    if (this.#opener !== step) this.#open(step);
    return this.#established && this.#flush();
  }

  #open(step: ConnectStep): void {
    this.#close();
    const { timeouts, options } = this.target;
    const { clock, network } = this.deps;
    this.#opener = step;
    this.#established = false;
    this.#broken = null;
    this.#input.clear();
    this.#input.ended = false;
    this.#mustRead = true;
    this.#out = nothing;
    this.#cancelTimeout();
    this.#cancelTimeout = clock.schedule(timeouts.connect, () => this.#expire());
    const connect = this.deps.connectTls?.(step, this.#proxyVersion(step)) ?? null;
    this.#headerBelow = connect !== null;
    const open = connect ?? network.connect.bind(network);
    const socket = open(this.#endpoint(step), options, {
      opened: (socket) => this.#opened(socket, step),
      drain: () => this.#resume(socket),
      data: (_socket, bytes) => {
        this.#input.add(bytes);
        this.#mustRead = false;
        this.#resume(socket);
      },
      ended: () => {
        this.#input.ended = true;
        this.#resume(socket);
      },
      closed: (_socket, { code }) => this.#closed(socket, code),
    });
    this.#socket = socket;
  }

  #endpoint(step: ConnectStep): Endpoint {
    const { endpoint } = this.target;
    const port = typeof step.port === "function" ? step.port(this) : step.port;
    if (endpoint.kind !== "ip") {
      return step.host === null ? endpoint : { kind: "ip", host: step.host, port: port ?? 0 };
    }
    return { kind: "ip", host: step.host ?? endpoint.host, port: port || endpoint.port };
  }

  #opened(socket: Socket, step: ConnectStep): void {
    if (this.#over || socket !== this.#socket) return;
    const { timeouts } = this.target;
    this.#established = true;
    const version = this.#proxyVersion(step);
    this.#out = version === null || this.#headerBelow ? nothing : ownHeader(version, socket);
    this.#sent = 0;
    if (timeouts.answer !== null) {
      this.#cancelTimeout();
      this.#cancelTimeout = this.deps.clock.schedule(timeouts.answer, () => this.#expire());
    }
    this.proceed();
  }

  #proxyVersion(step: ConnectStep): ProxyVersion | null {
    const { proxyHeader, proxyVersion } = this.target;
    return step.sendProxy ? proxyVersion : step.asServer ? proxyHeader : null;
  }

  #resume(socket: Socket): void {
    if (!this.#over && this.#established && socket === this.#socket) this.proceed();
  }

  #closed(socket: Socket, code: SocketErrorCode): void {
    if (this.#over || socket !== this.#socket) return;
    const at = placeOf(this.steps, this.#last);
    if (!this.#established) {
      const tls = socket.tls ?? null;
      if (tls === null || !tls.connected) return this.#conclude(connectFailure(code, at));
      return this.#conclude(verdict("L6RSP", `SSL handshake failure${at}`));
    }
    this.#broken = code;
    this.#input.ended = true;
    // What has come before the reset may be all that was expected.
    if (this.#input.length === 0) this.#conclude(connectionBroken(code, at));
    else this.proceed();
  }

  #send(step: SendStep): boolean {
    if (this.#sending !== step) {
      this.#input.clear();
      this.#mustRead = true;
      const bytes = step.bytes(this);
      if (bytes === null) return true;
      if (!(bytes instanceof Uint8Array)) {
        this.#conclude(bytes);
        return false;
      }
      this.#sending = step;
      this.#out = bytes;
      this.#sent = 0;
    }
    if (!this.#flush()) return false;
    this.#sending = null;
    return true;
  }

  /** Hands on what is to be sent. @returns whether that is all of it */
  #flush(): boolean {
    const out = this.#out;
    if (this.#sent < out.length && this.#socket !== null && this.#broken === null) {
      this.#sent += Math.max(0, this.#socket.write(out, this.#sent, out.length));
    }
    return this.#sent >= out.length;
  }

  #expect(step: ExpectStep): boolean {
    const input = this.#input;
    if (input.length === 0 && input.ended) {
      const comment = step.comment === null ? "" : ` comment: '${step.comment}'`;
      const info = this.steps.method === null
        ? `TCPCHK got an empty response at step ${step.id}${comment}`
        : "";
      this.#conclude(verdict(step.empty, info));
      return false;
    }
    if (this.#mustRead && !input.complete) return false;
    const found = step.find(input, this);
    if (found === GO) return true;
    if (found === WAIT) {
      this.#at = step.head;
      this.#mustRead = true;
    } else this.#conclude(found);
    return false;
  }

  /** All steps were taken. */
  #succeed(): void {
    const last = this.#last;
    if (last?.kind === "expect") return this.#conclude(last.success(this));
    const info = last === undefined || last.id === 0 ? "" : "(tcp-check)";
    const connected = this.#socket?.tls ? "L6OK" : "L4OK";
    this.#conclude(verdict(last?.kind === "send" ? "L7OK" : connected, info));
  }

  #expire(): void {
    const last = this.#last;
    const status = !this.#established
      ? this.#socket?.tls?.connected === true ? "L6TOUT" : "L4TOUT"
      : last?.kind === "expect"
      ? last.timeout
      : last?.kind === "connect"
      ? "L4TOUT"
      : "L7TOUT";
    this.#conclude(verdict(status, placeOf(this.steps, last)));
  }

  #conclude(found: Verdict): void {
    if (this.#over) return;
    this.release();
    this.done(found, this.deps.clock.now() - this.#start);
  }

  /** Gives up on the check. Idempotent. */
  release(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelTimeout();
    this.#close();
  }

  /**
   * Closed, a connection would stay in TIME_WAIT: a port for each check of the last minute. HAProxy
   * resets, too. But what nothing answers may still be under way; and of one that the server has
   * closed nothing stays.
   */
  #close(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null || this.#broken !== null) return;
    const answered = this.#last?.kind === "expect";
    const unanswered = !answered && this.#out.length > 0 && this.#sent > 0;
    if (this.#opener?.linger === true || unanswered) socket.close();
    else socket.reset();
  }
}

/**
 * A check relays no client's connection. As HAProxy does, version 2 says so (LOCAL); version 1
 * cannot, and names the check's own connection.
 */
export function ownHeader(version: ProxyVersion, socket: Socket): Uint8Array {
  return encodeProxyHeader(
    version,
    version === "v2" ? null : {
      remoteAddress: socket.localAddress,
      remotePort: socket.localPort,
      localAddress: socket.remoteAddress,
      localPort: socket.remotePort,
    },
  );
}
