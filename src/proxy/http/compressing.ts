import type { CompressionAlgorithm } from "../../config/keywords/compression.ts";
import type { CompressionPolicy, CompressionSide } from "../../filters/compression/policy.ts";
import {
  acceptedAlgorithm,
  editCompressed,
  hideAccepted,
  isCompressible,
  isCompressibleRequest,
} from "../../filters/compression/select.ts";
import type { Compressor } from "../../filters/compression/zlib.ts";
import { ContentFilters, type DataTransform, identity } from "../../filters/content.ts";
import type { HeadJournal } from "../../http/h1/journal.ts";
import { type Head, METHOD_HEAD } from "../../http/head.ts";
import { at } from "../../stats/counters.ts";
import type { Backend } from "../backend.ts";
import type { Compression } from "../compression.ts";
import type { Frontend } from "../frontend.ts";

/** The compression of one message's content. It serves one after the other. */
export class Compressing {
  algorithm: CompressionAlgorithm | null = null;
  #compressor: Compressor | null = null;

  constructor(readonly compression: Compression) {}

  /** Begins with a content. @returns whether there is what it takes */
  begin(algorithm: CompressionAlgorithm): boolean {
    const { compression } = this;
    if (compression.isExhausted) return false;
    if (algorithm !== "identity") {
      this.#compressor = compression.compressors.take(algorithm);
      if (this.#compressor === null) return false;
    }
    this.algorithm = algorithm;
    return true;
  }

  get transform(): DataTransform {
    return this.#compressor ?? identity;
  }

  /** Counts what has passed; whether the next is compressed as well depends on how much that was. */
  count(
    { taken, made, finished }: ContentFilters,
    frontend: Frontend,
    backend: Backend | null,
  ): void {
    const compressor = this.#compressor;
    const bypassed = compressor === null || compressor.level === 0;
    for (const tally of [frontend.counts, backend?.counts]) {
      if (tally === undefined) continue;
      if (bypassed) {
        tally.own[at.compressedBypassed]! += taken;
      } else {
        tally.own[at.compressedIn]! += taken;
        tally.own[at.compressedOut]! += made;
      }
    }
    if (compressor === null) return;
    const { compression } = this;
    if (!bypassed) compression.count(taken, made);
    if (finished || compression.limit() === 0) return;
    const { level } = compressor;
    if (!compression.isOverRate) compressor.level = Math.min(level + 1, compression.tuning.level);
    else compressor.level = Math.max(0, level - 1);
  }

  /** The content is over, or given up. */
  end(): void {
    if (this.#compressor !== null) {
      this.compression.compressors.give(this.algorithm!, this.#compressor);
      this.#compressor = null;
    }
    this.algorithm = null;
  }
}

/** What is compressed of one transaction, where the configuration compresses. */
export class TransactionCompression {
  readonly #request: Compressing;
  readonly #response: Compressing;
  readonly #requestFilters = new ContentFilters();
  #frontend!: Frontend;
  #policy: CompressionPolicy | null = null;
  #accepted: CompressionAlgorithm | null = null;

  /** @param compression of the thread */
  constructor(compression: Compression) {
    this.#request = new Compressing(compression);
    this.#response = new Compressing(compression);
  }

  /** Begins with a request, and says what it takes from it, where `journal` is of the head that goes on. */
  begin(
    frontend: Frontend,
    policy: CompressionPolicy,
    head: Head,
    bytes: Uint8Array,
    journal: HeadJournal | null,
  ): void {
    this.#frontend = frontend;
    this.#policy = policy;
    const { response, offload } = policy;
    const accepted = response === null ? null : acceptedAlgorithm(response, head, bytes);
    if (offload && accepted !== null && accepted !== "identity" && journal !== null) {
      hideAccepted(journal, head, bytes);
    }
    this.#accepted = head.minor === 0 || head.method === METHOD_HEAD ? null : accepted;
  }

  // ---- requests ----

  /** Whether the content of the request is compressed from now on; then its head says so. */
  compressesRequest(
    journal: HeadJournal,
    head: Head,
    bytes: Uint8Array,
    framing: number,
  ): ContentFilters | null {
    const side = this.#policy!.request;
    if (side === null || !isCompressibleRequest(side, head, bytes, framing)) return null;
    const [algorithm] = side.algorithms;
    if (algorithm === undefined || !this.#request.begin(algorithm)) return null;
    editCompressed(journal, head, bytes, algorithm);
    this.#requestFilters.begin(framing, null, this.#request.transform);
    return this.#requestFilters;
  }

  passRequest(filters: ContentFilters, reached: Backend | null): void {
    this.#request.count(filters, this.#frontend, reached);
  }

  // ---- responses ----

  /** Whether the response with such a head is compressed, as it came. */
  selects(head: Head, bytes: Uint8Array, framing: number): boolean {
    const side: CompressionSide | null = this.#policy?.response ?? null;
    return this.#accepted !== null && side !== null &&
      isCompressible(side, head, bytes, framing) && this.#response.begin(this.#accepted);
  }

  /** What the response is compressed by; null: it is not. */
  get algorithm(): CompressionAlgorithm | null {
    return this.#response.algorithm;
  }
  edit(journal: HeadJournal, head: Head, bytes: Uint8Array): void {
    editCompressed(journal, head, bytes, this.#response.algorithm!);
  }
  get transform(): DataTransform {
    return this.#response.transform;
  }
  passResponse(filters: ContentFilters, reached: Backend | null): void {
    this.#response.count(filters, this.#frontend, reached);
  }

  /** Another response takes the place of the server's: that one is not compressed. */
  forgoResponse(): void {
    this.#accepted = null;
    this.#response.end();
  }

  /** The transaction is over. @param whole the response is complete */
  end(whole: boolean, reached: Backend | null): void {
    if (this.#response.algorithm !== null && whole) {
      this.#frontend.counts.own[at.compressedResponses]!++;
      if (reached !== null) reached.counts.own[at.compressedResponses]!++;
    }
    this.#request.end();
    this.#response.end();
    this.#requestFilters.end();
    this.#policy = this.#accepted = null;
  }
}
