/**
 * Memory that the threads of a process share. All of them build the same proxies from the same
 * configuration, in the same order: so the first lays the blocks out, and the others are given the
 * same blocks as they ask for them.
 */

/** What is shared, as one thread sees it. */
export interface SharedMemory {
  /** How many threads share it, and which of them this one is, from 0. */
  readonly threads: number;
  readonly self: number;
  /** The memory is new: what does not begin as 0 must be set. */
  readonly fresh: boolean;
  /** The next block, of so many words, all 0 while {@linkcode SharedMemory.fresh}. */
  ints(length: number): Int32Array<SharedArrayBuffer>;
  /** The same, of numbers. */
  floats(length: number): Float64Array<SharedArrayBuffer>;
  /** The blocks asked for so far: what another thread needs for {@linkcode openMemory}. */
  readonly blocks: readonly SharedArrayBuffer[];
}

/**
 * Creates new memory.
 * @param threads that will share it, this one included
 */
export function createMemory(threads: number, self: number): SharedMemory {
  const blocks: SharedArrayBuffer[] = [];
  return asMemory(threads, self, blocks, (size) => {
    const block = new SharedArrayBuffer(size);
    blocks.push(block);
    return block;
  }, true);
}

/** Opens memory that another thread has laid out. */
export function openMemory(
  blocks: readonly SharedArrayBuffer[],
  threads: number,
  self: number,
): SharedMemory {
  let next = 0;
  return asMemory(threads, self, blocks, (size) => {
    const block = blocks[next++];
    if (block?.byteLength !== size) throw new Error(`shared block ${next} is another one`);
    return block;
  }, false);
}

function asMemory(
  threads: number,
  self: number,
  blocks: readonly SharedArrayBuffer[],
  take: (size: number) => SharedArrayBuffer,
  fresh: boolean,
): SharedMemory {
  return {
    threads,
    self,
    fresh,
    blocks,
    ints: (length) => new Int32Array(take(4 * length)),
    floats: (length) => new Float64Array(take(8 * length)),
  };
}
