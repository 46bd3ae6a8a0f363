/** A server that speaks HTTP/2, frame by frame, on the memory network. */
import { Connection } from "#src/simulate/connection.ts";
import { textOf } from "#src/bytes/bytes.ts";
import { preface } from "#src/http/h2/protocol.ts";
import type { Scene } from "../../proxy/harness.ts";
import { type Answer, block, data, type Field, frame, settings, told } from "./peer.ts";

const hello = textOf(preface, 0, preface.length);

/** A response: HEADERS, and DATA, and trailers. */
export function answered(
  stream: number,
  status: number,
  content: string | null = null,
  fields: readonly Field[] = [],
  trailers: readonly Field[] = [],
): string {
  const ends = content === null && trailers.length === 0 ? 1 : 0;
  const head = frame(1, 4 | ends, stream, block([[":status", String(status)], ...fields]));
  const middle = content === null ? "" : data(stream, content, trailers.length === 0 ? 1 : 0);
  return head + middle + (trailers.length === 0 ? "" : frame(1, 5, stream, block(trailers)));
}

/** One connection of the proxy. */
export class Http2Peer extends Connection {
  /** What has been answered. */
  readonly #seen = new Set<number>();
  onRequest: (peer: Http2Peer, stream: number, request: Answer) => void = () => {};

  /** What came, without the preface. */
  get told(): ReturnType<typeof told> {
    if (!this.received.startsWith(hello)) return told("");
    return told(this.received.slice(hello.length));
  }
  request(stream: number): Answer {
    return this.told.answers.get(stream) ?? { sections: [], content: "", ended: false };
  }
  override data(...args: Parameters<Connection["data"]>): void {
    super.data(...args);
    for (const [stream, request] of this.told.answers) {
      if (this.#seen.has(stream) || !request.ended) continue;
      this.#seen.add(stream);
      this.onRequest(this, stream, request);
    }
  }
}

/** Listens as server `s1`, `s2`, ... does. @param answer is called for each whole request */
export function http2Origin(
  w: Scene,
  answer: Http2Peer["onRequest"],
  name = "s1",
  ...pairs: [number, number][]
): { readonly connections: Http2Peer[]; close(): void } {
  const connections: Http2Peer[] = [];
  const host = `10.0.1.${name.slice(1)}`;
  const listener = w.network.listen({ kind: "ip", host, port: 80 }, {}, (socket) => {
    const peer = new Http2Peer();
    peer.onRequest = answer;
    connections.push(peer);
    peer.accept(socket);
    peer.send(settings(...pairs));
    return peer;
  });
  return {
    connections,
    close() {
      listener.close();
      for (const connection of connections) connection.close();
    },
  };
}
