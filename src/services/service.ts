/**
 * What answers in a server's place, in this process: replies of our own, monitors, later the
 * statistics page, metrics, the ACME challenge, the cache. It speaks HTTP/1 towards the client, so
 * that a response passes the proxy as a server's does.
 */

/** A request, as far as services ask for it. */
export interface ServiceRequest {
  /** The request is a HEAD: the response has no content. */
  readonly bodiless: boolean;
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
}

/** What answers. */
export interface Service {
  /** Answers a request, now or later. */
  serve(request: ServiceRequest, response: ServiceResponse): void;
}
