/** What the configuration says of compression on a way from a frontend to a backend. */
import { bytesOf } from "../../bytes/bytes.ts";
import type { CompressionAlgorithm } from "../../config/keywords/compression.ts";
import type { Proxy } from "../../config/model.ts";

/** Of one direction. */
export interface CompressionSide {
  /** In the order in which they are tried. */
  readonly algorithms: readonly CompressionAlgorithm[];
  /** How the types begin that are compressed, in lower case; null: all are. */
  readonly types: readonly Uint8Array[] | null;
  /** Content of less bytes passes as it is. */
  readonly minSize: number;
}

/** See above. */
export interface CompressionPolicy {
  /** null: they are not compressed. */
  readonly request: CompressionSide | null;
  readonly response: CompressionSide | null;
  /** Servers do not see what clients accept. */
  readonly offload: boolean;
}

const says = (proxy: Proxy) =>
  proxy.compressionAlgoRes.length + proxy.compressionTypeRes.length +
        proxy.compressionTypeReq.length > 0 ||
  proxy.compressionAlgoReq !== null || proxy.compressionOffload ||
  proxy.compressionDirection !== "response";

/**
 * Puts the settings of both together: of each, the backend's come first, as in HAProxy.
 * @returns null: nothing is compressed
 */
export function compressionPolicy(frontend: Proxy, backend: Proxy): CompressionPolicy | null {
  const both = [backend, frontend].filter((proxy) => says(proxy) && proxy.mode === "http");
  const first = <T>(lists: readonly (readonly T[])[]): readonly T[] =>
    lists.find((list) => list.length > 0) ?? [];
  const side = (
    direction: "request" | "response",
    algorithms: readonly CompressionAlgorithm[],
    types: readonly string[],
    minSize: number,
  ): CompressionSide | null => {
    const on = both.some(({ compressionDirection: way }) => way === direction || way === "both");
    if (!on || algorithms.length === 0) return null;
    const beginnings = types.map((type) => bytesOf(type.toLowerCase()));
    // HAProxy puts each before those that were named before it.
    const order = [...algorithms].reverse();
    return { algorithms: order, types: beginnings.length === 0 ? null : beginnings, minSize };
  };
  const response = side(
    "response",
    first(both.map(({ compressionAlgoRes }) => compressionAlgoRes)),
    first(both.map(({ compressionTypeRes }) => compressionTypeRes)),
    both.map(({ compressionMinsizeRes }) => compressionMinsizeRes).find(Boolean) ?? 0,
  );
  const request = side(
    "request",
    both.flatMap(({ compressionAlgoReq }) => compressionAlgoReq ?? []).slice(0, 1),
    first(both.map(({ compressionTypeReq }) => compressionTypeReq)),
    both.map(({ compressionMinsizeReq }) => compressionMinsizeReq).find(Boolean) ?? 0,
  );
  if (response === null && request === null) return null;
  return { request, response, offload: both.some(({ compressionOffload }) => compressionOffload) };
}
