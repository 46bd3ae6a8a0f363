/** Requests to an authority: over HTTPS, verified. */
import { request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import { URL } from "node:url";
import type { Answer, Step } from "../../tls/acme/order.ts";
import { AcmeError } from "../../tls/acme/problem.ts";

/** How long an answer may take, ms, and how large it may be. */
const timeout = 30_000;
const largest = 1_000_000;

/** Why there is no answer, and what to do. */
const fixes: Readonly<Record<string, string>> = {
  ENOTFOUND: "look at the address, and at /etc/resolv.conf: in a chroot it must be there, too",
  EAI_AGAIN: "look at /etc/resolv.conf: in a chroot it must be there, too",
  ECONNREFUSED: "look at the address, and whether the authority is up",
  ETIMEDOUT: "let this machine connect to the authority: look at the firewall",
  EHOSTUNREACH: "let this machine connect to the authority: look at its routes",
};

/**
 * Carries out a request.
 * @param ca PEM of further authorities for its certificate; null: none
 * @param ending when it is given up
 */
export function carryOut(
  { method, url, body }: Step & { do: "request" },
  ca: string | null,
  ending: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error & { code?: string }) => {
      const reason = error.code !== undefined && !error.message.includes(error.code)
        ? `${error.code}: ${error.message}`
        : error.message;
      const about = /certificate|self.signed|issuer|SSL|TLS|CERT/i.test(reason);
      const fix = fixes[error.code ?? ""] ??
        (about
          ? "name the authorities that sign the directory's certificate by 'ca-file' in its section"
          : "look at the network; it is tried again");
      reject(new AcmeError(`${url}: ${reason || "no answer"}`, fix));
    };
    let at: URL;
    try {
      at = new URL(url);
    } catch {
      return reject(new AcmeError(`'${url}' is no address`, "look at 'directory'"));
    }
    const bytes = body === null ? null : new TextEncoder().encode(body);
    const send = at.protocol === "http:" ? overHttp : overHttps;
    const sent = send(at, {
      method,
      agent: false,
      timeout,
      ...ca === null ? {} : { ca },
      headers: {
        "user-agent": "sluice",
        ...bytes === null
          ? {}
          : { "content-type": "application/jose+json", "content-length": String(bytes.length) },
      },
    }, (response) => {
      let text = "";
      const decoder = new TextDecoder();
      response.on("data", (bytes: Uint8Array) => {
        text += decoder.decode(bytes, { stream: true });
        if (text.length > largest) sent.destroy(new Error("the answer is too large"));
      });
      response.on("error", fail);
      response.on("end", () => {
        const headers = Object.entries(response.headers).map(([name, value]) =>
          [name.toLowerCase(), Array.isArray(value) ? value[0] : value] as const
        );
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(headers),
          body: text,
          at: Date.now(),
        });
      });
    });
    const giveUp = () => sent.destroy(new Error("the process ends"));
    ending.addEventListener("abort", giveUp);
    sent.on("close", () => ending.removeEventListener("abort", giveUp));
    sent.on("error", fail);
    sent.on("timeout", () => sent.destroy(new Error("no answer for 30 s")));
    sent.end(bytes ?? undefined);
  });
}

/** What answers challenges, and how long it takes. */
export interface Surroundings {
  readonly ca: string | null;
  wait(ms: number): Promise<void>;
  present(step: Step & { do: "present" }): Promise<void>;
  withdraw(step: Step & { do: "withdraw" }): void;
  /** An account has this address. */
  account(url: string): void;
  /** When it is over: nothing more is done. */
  readonly ending: AbortSignal;
}

/** What becomes of a promise, unless it is over before. @throws {AcmeError} then */
function unlessEnding<T>(promise: Promise<T>, ending: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(new AcmeError("the process ends", "nothing"));
    if (ending.aborted) return end();
    ending.addEventListener("abort", end);
    promise.then(resolve, reject).finally(() => ending.removeEventListener("abort", end));
  });
}

/** Does what the steps say, one after another. @throws {AcmeError} */
export async function perform<T>(
  steps: Generator<Step, T, Answer | undefined>,
  around: Surroundings,
): Promise<T> {
  let answer: Answer | undefined;
  let wrong: { readonly error: unknown } | null = null;
  for (;;) {
    const next = wrong === null ? steps.next(answer) : steps.throw(wrong.error);
    answer = undefined;
    wrong = null;
    if (next.done === true) return next.value;
    const step = next.value;
    try {
      switch (step.do) {
        case "request":
          answer = await unlessEnding(carryOut(step, around.ca, around.ending), around.ending);
          break;
        case "wait":
          await unlessEnding(around.wait(step.ms), around.ending);
          break;
        case "present":
          await unlessEnding(around.present(step), around.ending);
          break;
        case "withdraw":
          around.withdraw(step);
          break;
        case "account":
          around.account(step.url);
      }
    } catch (error) {
      wrong = { error };
    }
  }
}
