/**
 * Services that the main thread hosts, for all threads: the statistics page, Prometheus. They need
 * what only that thread knows, and are too heavy for threads that carry sessions. A thread passes the
 * request on as plain data; the response comes back in pieces.
 */
import { bytesOf } from "../bytes/bytes.ts";
import type { Granted, Service, ServiceResponse } from "./service.ts";

/** A request as plain data. */
export interface HostedRequest {
  /** Which service: its name in the host. */
  readonly service: string;
  readonly bodiless: boolean;
  readonly head: string;
  readonly content: Uint8Array;
  readonly complete: boolean;
  readonly clientAddress: string;
  readonly secure: boolean;
  readonly granted: Granted | null;
}

/** What answers them. */
export interface Host {
  /** @returns called when nobody waits for the answer any more */
  serve(request: HostedRequest, response: ServiceResponse): () => void;
}

/** A service that a host has. @param label what the log calls it, in a server's place */
export function hostedService(
  service: string,
  label: string,
  host: () => Host | null,
): Service {
  return {
    name: label,
    wantsContent: true,
    serve({ bodiless, message }, response) {
      const found = host();
      if (found === null || message === null) {
        response.send(bytesOf("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"));
        return response.end();
      }
      const { complete, clientAddress, secure, granted } = message;
      const head = message.head();
      const content = message.content();
      const facts = { complete, clientAddress, secure, granted };
      return found.serve({ service, bodiless, head, content, ...facts }, response);
    },
  };
}

/** An application: it answers a request of the platform's own kind. */
export type Application = (request: Request, hosted: HostedRequest) => Response | Promise<Response>;

/** Names that HTTP/1 writes itself, or that the proxy decides on. */
const framing = new Set(["connection", "content-length", "transfer-encoding", "keep-alive"]);

/** A host of applications in this thread. @param find the application of a name */
export function createHost(
  find: (service: string) => Application | null,
  onFault: (error: unknown) => void,
): Host & { close(): void } {
  /** End the answers that would go on for ever. */
  const streams = new Set<() => void>();

  async function answer(hosted: HostedRequest, response: ServiceResponse, over: AbortSignal) {
    const application = find(hosted.service);
    const answered = application === null
      ? new Response("", { status: 404 })
      : await application(requestOf(hosted), hosted);
    if (over.aborted) return void answered.body?.cancel().catch(() => {});
    const streamed = answered.headers.get("content-type") === "text/event-stream";
    const fields = [...answered.headers].filter(([name]) => !framing.has(name));
    const body = streamed || answered.body === null
      ? null
      : new Uint8Array(await answered.arrayBuffer());
    if (!streamed) fields.push(["content-length", String(body?.length ?? 0)]);
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const reason = answered.statusText || reasons[answered.status] || "OK";
    response.send(bytesOf(`HTTP/1.1 ${answered.status} ${reason}\r\n${lines}\r\n`));
    if (hosted.bodiless) void answered.body?.cancel().catch(() => {});
    else if (!streamed) {
      if (body !== null && body.length > 0) response.send(body);
    } else {
      const reader = answered.body!.getReader();
      const stop = () => void reader.cancel().catch(() => {});
      over.addEventListener("abort", stop);
      streams.add(stop);
      for (let next = await reader.read(); !next.done && !over.aborted;) {
        response.send(next.value as Uint8Array);
        next = await reader.read();
      }
      streams.delete(stop);
    }
    if (!over.aborted) response.end();
  }

  return {
    serve(hosted, response) {
      const controller = new AbortController();
      answer(hosted, response, controller.signal).catch((error) => {
        onFault(error);
        if (!controller.signal.aborted) response.end();
      });
      return () => controller.abort();
    },
    /** Ends what would not end by itself, in good order. */
    close() {
      for (const stop of streams) stop();
    },
  };
}

const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  303: "See Other",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  500: "Internal Server Error",
};

/** A request of the platform's kind; its URL is on a host of no meaning. */
function requestOf({ head, content }: HostedRequest): Request {
  const [first = "", ...lines] = head.split("\r\n");
  const [method = "GET", target = "/"] = first.split(" ");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    try {
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    } catch {
      // A value that fetch does not allow: nobody here asks for it.
    }
  }
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*(.*)$/i.exec(target)?.[1] ?? target;
  const body = method === "POST" && content.length > 0 ? { body: content.slice() } : {};
  const url = `http://sluice${path.startsWith("/") ? path : "/"}`;
  return new Request(url, { method: method === "HEAD" ? "GET" : method, headers, ...body });
}
