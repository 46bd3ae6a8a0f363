/**
 * Compression by the runtime's zlib, brotli and zstd, piece by piece and at once. Its public streams work in a
 * pool of threads, which costs more CPU than the compression of what one read of a socket brings
 * (measured for 16 KiB of text: 23 us here, three times that there); the functions that work at once
 * know no pieces. So the streams are used by the handle that they, too, are made of.
 */
import zlib from "node:zlib";
import type { CompressionAlgorithm } from "../../config/keywords/compression.ts";
import { ByteBuffer } from "../../bytes/byte-buffer.ts";

const { constants } = zlib;

/** What a stream of node:zlib has inside, on every runtime: the binding of the library. */
interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputFrom: number,
    inputLength: number,
    output: Uint8Array,
    outputFrom: number,
    outputLength: number,
  ): void;
  reset(): void;
  params(level: number, strategy: number): void;
}
interface Stream {
  /** null: it has failed. */
  readonly _handle: Handle | null;
  /** Bytes left of the output, and of the input. */
  readonly _writeState: Uint32Array;
  close(): void;
  on(event: "error", listener: () => void): void;
}

/** How well, and with how much memory, is compressed. */
export interface CompressionTuning {
  /** 0 to 9. */
  readonly level: number;
  readonly memLevel: number;
  readonly windowBits: number;
}

type Operation = "more" | "flush" | "finish";

interface Library {
  create(tuning: CompressionTuning): Stream;
  readonly operations: Readonly<Record<Operation, number>>;
  /** A handle serves another content after reset(), and takes another level by params(). */
  readonly isZlib: boolean;
  /** A frame around the raw stream is our own: Bun's handles of gzip take no other level. */
  readonly inGzip?: true;
  /** Bytes that one takes, roughly. */
  memory(tuning: CompressionTuning): number;
}

const stream = (made: unknown) => made as Stream;
const zlibOperations = {
  more: constants.Z_NO_FLUSH,
  flush: constants.Z_SYNC_FLUSH,
  finish: constants.Z_FINISH,
};
/** zlib's manual (zconf.h). */
const zlibMemory = ({ memLevel, windowBits }: CompressionTuning) =>
  (1 << windowBits + 2) + (1 << memLevel + 9);

function zlibLibrary(create: (options: zlib.ZlibOptions) => unknown): Library {
  return {
    // A window of 2^8 is not for raw streams (zlib.h, deflateInit2).
    create: (tuning) => stream(create({ ...tuning, windowBits: Math.max(9, tuning.windowBits) })),
    operations: zlibOperations,
    isZlib: true,
    memory: zlibMemory,
  };
}

const libraries: Readonly<Record<Exclude<CompressionAlgorithm, "identity">, Library>> = {
  gzip: { ...zlibLibrary((options) => zlib.createDeflateRaw(options)), inGzip: true },
  deflate: zlibLibrary((options) => zlib.createDeflate(options)),
  "raw-deflate": zlibLibrary((options) => zlib.createDeflateRaw(options)),
  br: {
    create: ({ level, windowBits }) =>
      stream(zlib.createBrotliCompress({
        params: {
          [constants.BROTLI_PARAM_QUALITY]: level,
          [constants.BROTLI_PARAM_LGWIN]: Math.max(10, windowBits),
        },
      })),
    operations: {
      more: constants.BROTLI_OPERATION_PROCESS,
      flush: constants.BROTLI_OPERATION_FLUSH,
      finish: constants.BROTLI_OPERATION_FINISH,
    },
    isZlib: false,
    memory: () => 2 ** 20,
  },
  zstd: {
    create: ({ level }) =>
      stream(zlib.createZstdCompress({
        params: { [constants.ZSTD_c_compressionLevel]: Math.max(1, level) },
      })),
    operations: {
      more: constants.ZSTD_e_continue,
      flush: constants.ZSTD_e_flush,
      finish: constants.ZSTD_e_end,
    },
    // On Bun reset() forgets the level.
    isZlib: false,
    memory: () => 2 ** 20,
  },
};

/** Those that have served are kept for the next content, so many of each algorithm. */
const mostFree = 16;
/** What is asked of a compressor at once. */
const outputRoom = 16384;
/** RFC 1952, section 2.3: deflate, without a name or a time, on Unix. */
const gzipHeader = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);
const nothing = new Uint8Array(0);

/** Compresses one content after the other. */
export class Compressor {
  readonly #stream: Stream;
  #level: number;
  /** Of what was written. */
  #crc = 0;
  #size = 0;

  constructor(
    readonly library: Library,
    readonly tuning: CompressionTuning,
    readonly memory: number,
  ) {
    this.#stream = library.create(tuning);
    // It tells later, of what is noticed here at once: the handle is gone.
    this.#stream.on("error", () => {});
    this.#level = tuning.level;
  }

  get #handle(): Handle {
    const { _handle: handle } = this.#stream;
    if (handle === null) throw new Error("a compression has failed");
    return handle;
  }

  get level(): number {
    return this.#level;
  }
  /** Changes the level from here on, where the library can: what came before has been flushed, not finished. */
  set level(level: number) {
    if (level === this.#level || !this.library.isZlib) return;
    this.#handle.params(level, constants.Z_DEFAULT_STRATEGY);
    this.#level = level;
  }

  /** Compresses bytes[from, to); what comes of it is added to `target`. */
  write(target: ByteBuffer, bytes: Uint8Array, from: number, to: number): void {
    if (this.library.inGzip) {
      if (this.#size === 0) target.append(gzipHeader, 0, gzipHeader.length);
      this.#crc = zlib.crc32(bytes.subarray(from, to), this.#crc);
      this.#size += to - from;
    }
    this.#run(target, this.library.operations.more, bytes, from, to);
  }
  /** All that was written can be decompressed from what comes of it. */
  flush(target: ByteBuffer): void {
    this.#run(target, this.library.operations.flush, nothing, 0, 0);
  }
  finish(target: ByteBuffer): void {
    const gzip = this.library.inGzip === true;
    if (gzip && this.#size === 0) target.append(gzipHeader, 0, gzipHeader.length);
    this.#run(target, this.library.operations.finish, nothing, 0, 0);
    if (!gzip) return;
    const trailer = new DataView(new ArrayBuffer(8));
    trailer.setUint32(0, this.#crc, true);
    trailer.setUint32(4, this.#size % 2 ** 32, true);
    target.append(new Uint8Array(trailer.buffer), 0, 8);
  }

  #run(target: ByteBuffer, operation: number, bytes: Uint8Array, from: number, to: number): void {
    const handle = this.#handle;
    const { _writeState: state } = this.#stream;
    for (;;) {
      target.reserve(outputRoom);
      const room = target.bytes.length - target.length;
      handle.writeSync(operation, bytes, from, to - from, target.bytes, target.length, room);
      const left = state[0]!;
      target.length += room - left;
      from = to - state[1]!;
      // Room that is left shows that there is no more output.
      if (left > 0 && from >= to) return;
    }
  }

  /** It can serve another content, after a reset. */
  get reusable(): boolean {
    return this.library.isZlib && this.#stream._handle !== null;
  }
  reset(): void {
    this.#handle.reset();
    this.#crc = this.#size = 0;
    this.level = this.tuning.level;
  }
  close(): void {
    this.#stream.close();
  }
}

/** The compressors of a thread. */
export class Compressors {
  readonly #free = new Map<CompressionAlgorithm, Compressor[]>();

  /** @param budget where memory is counted, of all threads; null: it has no bound */
  constructor(
    readonly tuning: CompressionTuning,
    readonly budget: { take(bytes: number): boolean; give(bytes: number): void } | null,
  ) {}

  /** One for a content; null: there is no memory for it. */
  take(algorithm: Exclude<CompressionAlgorithm, "identity">): Compressor | null {
    const kept = this.#free.get(algorithm)?.pop();
    if (kept !== undefined) return kept;
    const library = libraries[algorithm];
    const memory = library.memory(this.tuning);
    if (this.budget?.take(memory) === false) return null;
    return new Compressor(library, this.tuning, memory);
  }

  /** Its content is over, or given up. */
  give(algorithm: CompressionAlgorithm, compressor: Compressor): void {
    let free = this.#free.get(algorithm);
    if (free === undefined) this.#free.set(algorithm, free = []);
    if (compressor.reusable && free.length < mostFree) {
      compressor.reset();
      free.push(compressor);
      return;
    }
    compressor.close();
    this.budget?.give(compressor.memory);
  }
}
