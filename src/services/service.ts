/**
 * What answers in a server's place, in this process: replies of our own, monitors, later the
 * statistics page, metrics, the ACME challenge, the cache. It speaks HTTP/1 towards the client, so
 * that a response passes the proxy as a server's does.
 */
import type { RuleStream } from "../rules/stream.ts";

/** A request, as far as services ask for it. */
export interface ServiceRequest {
  /** The request is a HEAD: the response has no content. */
  readonly bodiless: boolean;
  /** The rest of it: of use during {@linkcode Service.serve} only. */
  readonly message: RequestMessage | null;
  /** What rules know of it; null: there are none. */
  readonly stream?: RuleStream | null;
}

/** What conditions of the configuration allow a request. */
export interface Granted {
  /** It may change something (manual: "stats admin"). */
  readonly admin: boolean;
  /** The number of the first rule that applies to it (manual: "stats http-request"); -1: none does. */
  readonly rule: number;
}

/** A request as a service reads it; nothing is done for one that does not ask. */
export interface RequestMessage {
  /** Request line and field section, one character a byte. */
  head(): string;
  /** What has come of the content, in the form of its framing. */
  content(): Uint8Array;
  /** That is all of it. */
  readonly complete: boolean;
  readonly clientAddress: string;
  /** The client's connection is TLS. */
  readonly secure: boolean;
  /** null: nothing was asked. */
  readonly granted: Granted | null;
}

/** Takes the response of a service. */
export interface ServiceResponse {
  /**
   * Sends bytes of an HTTP/1 response, which stay as they are: its head, then its content.
   * @returns whether the client takes more
   */
  send(bytes: Uint8Array): boolean;
  /** The response is complete. */
  end(): void;
  /** Called when the client takes more again; null: the service sends without regard to that. */
  onResume: (() => void) | null;
}

/** What answers. */
export interface Service {
  /**
   * Answers a request, now or later.
   * @returns called when nobody waits for the answer any more; nothing, if that does not matter
   */
  serve(request: ServiceRequest, response: ServiceResponse): (() => void) | void;
  /** It wants the request's content before it answers, as far as there is room for it. */
  readonly wantsContent?: boolean;
  /** It asks for {@linkcode ServiceRequest.stream}. */
  readonly needsStream?: boolean;
  /** What the log calls it, in a server's place: `<STATS>`. */
  readonly name?: string;
}
