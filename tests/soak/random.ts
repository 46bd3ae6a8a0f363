/** Chance that can be repeated: the same seed gives the same numbers. */
export interface Random {
  /** A whole number from 0 to `bound` - 1. */
  (bound: number): number;
}

/** Marsaglia's xorshift32 (Journal of Statistical Software 8:14, 2003). */
export function randomOf(seed: number): Random {
  let state = seed | 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

const longest = 4 << 20;
const shifts = 65_521;
const noise = new Uint8Array(longest + shifts);
const random = randomOf(1);
for (let i = 0; i < noise.length; i++) noise[i] = random(256);

/** Content that both ends know by two numbers. @param length up to 4 MiB */
export function contentOf(which: number, length: number): Uint8Array {
  const start = which % shifts;
  return noise.subarray(start, start + length);
}

/** Most contents are small, some are some MB. */
export function someLength(random: Random): number {
  const most = [200, 5000, 70_000, 3 << 20][Math.max(0, random(12) - 8)]!;
  return random(most);
}
