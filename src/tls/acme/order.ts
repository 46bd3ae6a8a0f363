/**
 * How a certificate is asked for (RFC 8555, 7): the messages, in their order, without doing anything.
 * {@linkcode obtain} yields what is to be done next, and goes on with what came of it. It keeps the
 * nonces, follows an order and its authorizations through their states, and says in words what is
 * wrong.
 *
 *     directory -> nonce -> account -> order -> (authorization -> challenge -> poll)* -> finalize ->
 *     poll -> certificate
 */
import type { KeyObject } from "node:crypto";
import { certificateRequest } from "./certificates.ts";
import {
  base64url,
  type ExternalAccount,
  externalBinding,
  keyAuthorization,
  signed,
} from "./jws.ts";
import { AcmeError, fixFor, type Problem, problemText, readProblem } from "./problem.ts";

/** Kinds of challenges. */
export type ChallengeKind = "http-01" | "tls-alpn-01" | "dns-01" | "dns-persist-01";

/** A challenge that must be answered before an authority looks. */
export interface Challenge {
  readonly kind: ChallengeKind;
  /** The name, without a star. */
  readonly name: string;
  readonly token: string;
  /** The key authorization. */
  readonly answer: string;
}

/** What is to be done next. */
export type Step =
  | {
    readonly do: "request";
    readonly method: "GET" | "HEAD" | "POST";
    readonly url: string;
    /** Of a POST: JOSE in JSON. */
    readonly body: string | null;
  }
  | { readonly do: "wait"; readonly ms: number }
  /** Has a challenge be answered, or no more. */
  | { readonly do: "present"; readonly challenge: Challenge }
  | { readonly do: "withdraw"; readonly challenge: Challenge }
  /** An account has this address. */
  | { readonly do: "account"; readonly url: string };

/** What came of a request. */
export interface Answer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** When it came, ms since 1970. */
  readonly at: number;
}

/** What to ask for. */
export interface Wanted {
  readonly directory: string;
  readonly names: readonly string[];
  /** In the order of preference. */
  readonly challenges: readonly ChallengeKind[];
  readonly accountKey: KeyObject;
  /** The account's address, if it is known. */
  readonly account: string | null;
  readonly contact: readonly string[];
  readonly external: ExternalAccount | null;
  readonly profile: string | null;
  /** The certificate's key. */
  readonly key: KeyObject;
  /** What the certificate replaces, by its ARI identifier (RFC 9773, 5); null: none. */
  readonly replaces: string | null;
}

/** A machine that does what is needed for one result. */
export type Steps<T> = Generator<Step, T, Answer | undefined>;

type Json = Record<string, unknown>;
const string = (value: unknown) => typeof value === "string" ? value : "";
const strings = (value: unknown) =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];

/** How often a state is asked for, and how often a nonce may be refused. */
const mostPolls = 60;
const mostNonces = 5;

/** How long to wait before one asks again, ms: what was said, within bounds. */
function pollDelay(answer: Answer, count: number): number {
  const said = retryAfter(answer);
  return Math.min(30_000, said ?? Math.min(5000, 250 * 2 ** Math.min(count, 5)));
}

/** `Retry-After` (RFC 9110, 10.2.3), ms from now; null: nothing that makes sense. */
export function retryAfter({ headers, at: now }: Pick<Answer, "headers" | "at">): number | null {
  const value = headers["retry-after"];
  if (value === undefined) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** A conversation with an authority: its directory, its nonces, the account. */
class Conversation {
  #nonce: string | null = null;
  account: string | null;
  directory: Json = {};

  constructor(readonly wanted: Pick<Wanted, "directory" | "accountKey" | "account">) {
    this.account = wanted.account;
  }

  /** @throws {AcmeError} */
  *begin(): Steps<void> {
    const { directory: url } = this.wanted;
    const answer = yield* request("GET", url);
    this.directory = jsonOf(answer, url);
    if (this.address("newNonce") === "" || this.address("newOrder") === "") {
      throw new AcmeError(`${url} is no directory of ACME`, "look at 'directory'");
    }
  }

  address(name: string): string {
    return string(this.directory[name]);
  }

  /** A signed request. @throws {AcmeError} if it is answered by a problem */
  *post(url: string, payload: unknown, withKey = false): Steps<Answer> {
    for (let count = 0;; count++) {
      if (this.#nonce === null) {
        const fresh = yield* request("HEAD", this.address("newNonce"));
        this.#nonce = fresh.headers["replay-nonce"] ?? null;
        if (this.#nonce === null) {
          throw new AcmeError("the authority gives no nonce", fixFor("serverInternal"));
        }
      }
      const account = withKey ? null : this.account;
      const body = signed(this.wanted.accountKey, account, url, this.#nonce, payload);
      const answer = yield* request("POST", url, body);
      // Each answer brings the next one, one that says no as well (RFC 8555, 6.5).
      this.#nonce = answer.headers["replay-nonce"] ?? null;
      if (answer.status < 400) return answer;
      const problem = problemOf(answer);
      if (problem.type === "badNonce" && count < mostNonces) continue;
      throw errorOf(problem, answer, url);
    }
  }

  /** What is at an address. */
  *look(url: string): Steps<{ readonly answer: Answer; readonly json: Json }> {
    const answer = yield* this.post(url, null);
    return { answer, json: jsonOf(answer, url) };
  }
}

function* request(
  method: "GET" | "HEAD" | "POST",
  url: string,
  body: string | null = null,
): Steps<Answer> {
  const answer = yield { do: "request", method, url, body };
  if (answer === undefined) throw new TypeError("a request without an answer");
  return answer;
}

function jsonOf(answer: Answer, url: string): Json {
  try {
    const json: unknown = JSON.parse(answer.body);
    if (answer.status < 400 && typeof json === "object" && json !== null) return json as Json;
  } catch {
    // Said below.
  }
  throw new AcmeError(
    `${url} answers ${answer.status}, with nothing that can be understood`,
    "look at 'directory': it must be the address of an ACME directory",
  );
}

function problemOf(answer: Answer): Problem {
  try {
    return readProblem(JSON.parse(answer.body));
  } catch {
    return { type: "", detail: `status ${answer.status}`, subproblems: [] };
  }
}

function errorOf(problem: Problem, answer: Answer, url: string): AcmeError {
  const after = retryAfter(answer);
  const path = url.replace(/^https?:\/\/([^/]*).*$/, "$1");
  const type = problem.subproblems[0]?.type || problem.type;
  return new AcmeError(`${path}: ${problemText(problem)}`, fixFor(type), problem.type, after);
}

/** Makes the account, or finds the one of this key. */
function* register(talk: Conversation, wanted: Wanted): Steps<void> {
  const url = talk.address("newAccount");
  const { contact, external, accountKey } = wanted;
  const meta = (talk.directory["meta"] ?? {}) as Json;
  if (meta["externalAccountRequired"] === true && external === null) {
    throw new AcmeError(
      "the authority wants an external account",
      fixFor("externalAccountRequired"),
    );
  }
  const answer = yield* talk.post(
    url,
    {
      termsOfServiceAgreed: true,
      ...contact.length === 0 ? {} : { contact },
      ...external === null
        ? {}
        : { externalAccountBinding: externalBinding(accountKey, external, url) },
    },
    true,
  );
  const { location } = answer.headers;
  if (location === undefined) {
    throw new AcmeError("the authority gives no address for the account", fixFor("serverInternal"));
  }
  talk.account = location;
  yield { do: "account", url: location };
}

/**
 * Asks for a certificate.
 * @returns its chain, in PEM
 * @throws {AcmeError} with what is wrong, and what to do
 */
export function* obtain(wanted: Wanted): Steps<string> {
  const talk = new Conversation(wanted);
  yield* talk.begin();
  if (talk.account === null) yield* register(talk, wanted);
  let order: Answer;
  try {
    order = yield* newOrder(talk, wanted);
  } catch (error) {
    const known = wanted.account !== null && error instanceof AcmeError;
    if (!known || error.type !== "accountDoesNotExist") throw error;
    talk.account = null;
    yield* register(talk, wanted);
    order = yield* newOrder(talk, wanted);
  }
  const url = order.headers["location"] ?? "";
  let json = jsonOf(order, url);
  for (const each of strings(json["authorizations"])) yield* authorize(talk, wanted, each);
  json = yield* follow(talk, url, ["pending"], wanted.names.join(", "));
  if (json["status"] === "ready") {
    const csr = base64url(certificateRequest(wanted.names, wanted.key));
    yield* talk.post(string(json["finalize"]), { csr });
  }
  json = yield* follow(talk, url, ["pending", "ready", "processing"], wanted.names.join(", "));
  const chain = yield* talk.post(string(json["certificate"]), null);
  if (!chain.body.includes("-----BEGIN CERTIFICATE-----")) {
    throw new AcmeError("the authority's answer is no certificate", fixFor("serverInternal"));
  }
  return chain.body;
}

function* newOrder(talk: Conversation, wanted: Wanted): Steps<Answer> {
  const identifiers = wanted.names.map((value) => ({
    type: /^[\d.]+$|:/.test(value) ? "ip" : "dns",
    value,
  }));
  const { profile, replaces } = wanted;
  const order = { identifiers, ...profile === null ? {} : { profile } };
  const url = talk.address("newOrder");
  if (replaces === null || talk.address("renewalInfo") === "") return yield* talk.post(url, order);
  try {
    return yield* talk.post(url, { ...order, replaces });
  } catch (error) {
    // It may have been replaced before, or be of another authority (RFC 9773, 5).
    if (!(error instanceof AcmeError) || error.type === "rateLimited") throw error;
    return yield* talk.post(url, order);
  }
}

/** Looks until a state is another one than these. @throws {AcmeError} if it is invalid in the end */
function* follow(
  talk: Conversation,
  url: string,
  states: readonly string[],
  what: string,
): Steps<Json> {
  for (let count = 0; count < mostPolls; count++) {
    const { answer, json } = yield* talk.look(url);
    const status = string(json["status"]);
    if (!states.includes(status)) {
      if (status !== "invalid") return json;
      const problem = readProblem(json["error"]);
      throw new AcmeError(`${what}: ${problemText(problem)}`, fixFor(problem.type), problem.type);
    }
    yield { do: "wait", ms: pollDelay(answer, count) };
  }
  throw new AcmeError(`${what}: the authority does not come to an end`, fixFor("serverInternal"));
}

/** Shows an authority that a name is ours. */
function* authorize(talk: Conversation, wanted: Wanted, url: string): Steps<void> {
  const { json } = yield* talk.look(url);
  const name = string((json["identifier"] as Json | undefined)?.["value"]);
  if (json["status"] === "valid") return;
  const offered = (Array.isArray(json["challenges"]) ? json["challenges"] : []) as Json[];
  const kind = wanted.challenges.find((kind) => offered.some(({ type }) => type === kind));
  const found = offered.find(({ type }) => type === kind);
  if (kind === undefined || found === undefined) {
    const kinds = offered.map(({ type }) => string(type)).join(", ");
    throw new AcmeError(
      `${name}: the authority offers ${kinds || "no challenge"}, and ` +
        `${wanted.challenges.join(", ")} is wanted`,
      json["wildcard"] === true
        ? "a name with a star needs 'challenge dns-01', and 'dns-hook' or 'acme challenge_ready'"
        : "choose another 'challenge'",
    );
  }
  const token = string(found["token"]);
  const answer = keyAuthorization(token, wanted.accountKey);
  const challenge: Challenge = { kind, name, token, answer };
  yield { do: "present", challenge };
  try {
    yield* talk.post(string(found["url"]), {});
    yield* judged(talk, url, name, kind);
  } finally {
    yield { do: "withdraw", challenge };
  }
}

/** Waits for an authority's judgement. */
function* judged(
  talk: Conversation,
  url: string,
  name: string,
  kind: ChallengeKind,
): Steps<void> {
  for (let count = 0; count < mostPolls; count++) {
    const { answer, json } = yield* talk.look(url);
    if (json["status"] === "valid") return;
    if (json["status"] !== "pending" && json["status"] !== "processing") {
      const challenges = (Array.isArray(json["challenges"]) ? json["challenges"] : []) as Json[];
      const wrong = challenges.find(({ error }) => error !== undefined);
      const problem = readProblem(wrong?.["error"]);
      throw new AcmeError(
        `${name}: ${kind}: ${problemText(problem)}`,
        fixFor(problem.type),
        problem.type,
      );
    }
    yield { do: "wait", ms: pollDelay(answer, count) };
  }
  throw new AcmeError(`${name}: the authority does not come to an end`, fixFor("serverInternal"));
}

/** When an authority would have a certificate be renewed (RFC 9773, 4.2). */
export interface RenewalWindow {
  /** ms since 1970. */
  readonly start: number;
  readonly end: number;
  /** When to ask again, ms from now; null: nothing was said. */
  readonly askAfter: number | null;
}

/** Asks for that. @param id see ariId @returns null: the authority does not say */
export function* askRenewal(directory: string, id: string): Steps<RenewalWindow | null> {
  const url = string(jsonOf(yield* request("GET", directory), directory)["renewalInfo"]);
  if (url === "") return null;
  const answer = yield* request("GET", `${url.replace(/\/$/, "")}/${id}`);
  if (answer.status >= 400) return null;
  const window = jsonOf(answer, url)["suggestedWindow"] as Json | undefined;
  const [start, end] = [Date.parse(string(window?.["start"])), Date.parse(string(window?.["end"]))];
  if (Number.isNaN(start) || Number.isNaN(end) || end < start) return null;
  return { start, end, askAfter: retryAfter(answer) };
}
