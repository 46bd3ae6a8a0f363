/** A small origin server: it shows what a server saw, and fails when it is told to. */
import type { Endpoint, Listener, Network } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import { type Head, headText, readRequest, staysOpen } from "./message.ts";
import { readBehalf } from "./behalf.ts";
import { respond } from "./response.ts";
import { lineOn, protocolOn, readHello, refusal } from "./speech.ts";
import type { Claim } from "./steps.ts";
import { accepted, type Wire } from "./wire.ts";

/** One request as a server got it, and what it answered. */
export interface Sight {
  /** The origin's name. */
  readonly server: string;
  /** The address that it came from. */
  readonly from: string;
  /** The address on whose behalf it was made, if a header of the PROXY protocol says so. */
  readonly behalf: string | null;
  readonly request: Head;
  readonly response: Head;
  readonly content: string;
  /** The response was sent: the server did not die before, nor is it still at it. */
  answered: boolean;
}

/** A line that a server got, on a connection without HTTP. */
export interface Heard {
  readonly server: string;
  readonly text: string;
}

/** A connection that a server accepted. */
export interface Arrival {
  readonly server: string;
  readonly wire: Wire;
  /** When, by the clock. */
  readonly since: number;
  /** What it was used for, as far as is known; "check": for a health check. */
  use: "unknown" | "lines" | "requests" | "check";
  /** As in {@linkcode Sight}. */
  behalf: string | null;
}

/** Who hears of what an origin does. */
export interface Witness {
  /** A request that is no health check, before it is answered. */
  saw(sight: Sight): void;
  heard(heard: Heard): void;
  /** A connection was accepted. */
  arrived(arrival: Arrival): void;
}

/** What an origin is made of. */
export interface Part {
  readonly network: Network;
  readonly clock: Clock;
  readonly endpoint: Endpoint;
  /** What it calls itself. */
  readonly name: string;
  /** The request lines of health checks, which are answered in silence. */
  readonly checks: readonly string[];
  /** Answers each line that is no HTTP request with `NAME: LINE`. */
  readonly lines: boolean;
  /** Answers a TLS ClientHello, by an alert: enough for a check to know it from a firewall. */
  readonly hellos: boolean;
  /** Reads a header of the PROXY protocol, where a connection begins with one. */
  readonly behalf: boolean;
}

/** An origin at one address. */
export interface Origin {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly running: boolean;
  /** The most requests at once since it was last set; set it to begin anew. */
  peak: number;
  /** How long each request takes, ms. */
  pace: number;
  /** For one that answers checks alone: stays down, also when its server starts. */
  withdrawn: boolean;
  /** Listens. Nothing happens if it does already. @throws {SocketError} EADDRINUSE, ... */
  start(): void;
  /** Closes the listener and all connections, as a process that dies. */
  stop(): void;
  /** false: accepts connections, and does nothing with them until true. */
  responsive(is: boolean): void;
  /** From now on answers a URI so; a further claim adds to it, null makes it as usual again. */
  answer(uri: string, claim: Claim | null): void;
  /** Answers every request but checks so, until told otherwise; it adds to what a URI has. */
  answerAll(claims: readonly Claim[]): void;
  /** Ends its direction of every connection that carries lines, or nothing yet. */
  finish(): void;
}

/**
 * Makes an origin, not yet started. It answers every request with 200 and its name as content, in
 * the version of the request, and keeps the connection open or not as that asks.
 */
export function origin(part: Part, witness: Witness): Origin {
  const { network, clock, endpoint, name } = part;
  const wires = new Map<Wire, Arrival>();
  const finished = new Set<Wire>();
  const byUri = new Map<string, Claim[]>();
  let always: readonly Claim[] = [];
  let listener: Listener | null = null;
  let busy = 0;
  let awake = Promise.resolve();
  let wake = () => {};

  async function serve(wire: Wire): Promise<void> {
    const since = clock.now();
    const arrival: Arrival = { server: name, wire, since, use: "unknown", behalf: null };
    wires.set(wire, arrival);
    witness.arrived(arrival);
    if (part.behalf) arrival.behalf = await readBehalf(wire);
    let more = true;
    while (more) {
      const protocol = part.lines || part.hellos ? await protocolOn(wire, part) : "http";
      await awake;
      if (protocol === "http") more = await serveRequest(wire, arrival);
      else if (protocol === "tls") more = await serveHello(wire, arrival);
      else more = await serveLine(wire, arrival);
    }
    await awake;
    wire.close();
    wires.delete(wire);
    finished.delete(wire);
  }

  /** @returns whether the connection goes on */
  async function serveRequest(wire: Wire, arrival: Arrival): Promise<boolean> {
    const message = await readRequest(wire);
    await awake;
    if (message === null || wire.gone) return false;
    const request = message.head;
    const [method = "", uri = "", version = "HTTP/1.0"] = request.line.split(" ");
    const keep = staysOpen(request);
    const isCheck = part.checks.includes(request.line);
    arrival.use = isCheck ? "check" : "requests";
    const claims = [...byUri.get(uri) ?? [], ...isCheck ? [] : always];
    const { response, content } = respond({ name, version, method, keep, claims });
    if (!isCheck) {
      const { behalf } = arrival;
      const seen = { server: name, from: wire.peer, behalf, request };
      const sight: Sight = { ...seen, response, content, answered: false };
      witness.saw(sight);
      self.peak = Math.max(self.peak, ++busy);
      // Who has hung up is worked for no longer.
      if (self.pace > 0) await pause(wire, () => wire.over);
      busy--;
      await awake;
      if (wire.gone) return false;
      sight.answered = true;
    }
    wire.send(headText(response) + content);
    return keep;
  }

  async function serveHello(wire: Wire, arrival: Arrival): Promise<boolean> {
    arrival.use = "check";
    if (await readHello(wire)) wire.send(refusal);
    return false;
  }

  async function serveLine(wire: Wire, arrival: Arrival): Promise<boolean> {
    const text = await lineOn(wire);
    await awake;
    if (text === null) return false;
    arrival.use = "lines";
    witness.heard({ server: name, text });
    if (self.pace > 0) await pause(wire, () => wire.gone);
    await awake;
    if (!finished.has(wire)) wire.send(`${name}: ${text}\n`);
    return true;
  }

  /** Resolves after the time that a request takes, or as soon as it is not worth while any more. */
  function pause(wire: Wire, futile: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      let done = false;
      const end = () => {
        done = true;
        cancel();
        resolve();
      };
      const cancel = clock.schedule(self.pace, end);
      void (async () => {
        while (!done && !futile()) await wire.change();
        if (!done) end();
      })();
    });
  }

  const self: Origin = {
    name,
    endpoint,
    peak: 0,
    pace: 0,
    withdrawn: false,
    get running() {
      return listener !== null;
    },
    start() {
      listener ??= network.listen(endpoint, {}, (socket) => {
        const wire = accepted(socket);
        void serve(wire);
        return wire.events;
      });
    },
    stop() {
      listener?.close();
      listener = null;
      for (const wire of wires.keys()) wire.close();
      wires.clear();
      self.responsive(true);
    },
    responsive(is) {
      wake();
      wake = () => {};
      awake = is ? Promise.resolve() : new Promise((resolve) => wake = resolve);
    },
    answer(uri, claim) {
      if (claim === null) byUri.delete(uri);
      else byUri.set(uri, [...byUri.get(uri) ?? [], claim]);
    },
    answerAll(claims) {
      always = claims;
    },
    finish() {
      for (const [wire, { use }] of wires) {
        if (use === "requests" || use === "check") continue;
        finished.add(wire);
        wire.finish();
      }
    },
  };
  return self;
}
