/** Near misses: the word that was probably meant. */

/**
 * The one of `choices` that `word` was probably meant to be: at most one edit away for short words,
 * two for longer ones, whatever the case; undefined if none is near.
 */
export function nearest(word: string, choices: Iterable<string>): string | undefined {
  const typed = word.toLowerCase();
  let least = word.length < 5 ? 2 : 3;
  let best: string | undefined;
  for (const choice of choices) {
    // A longer word is further away by its surplus at least.
    if (Math.abs(choice.length - word.length) >= least) continue;
    const distance = editDistance(typed, choice.toLowerCase(), least - 1);
    if (distance < least && distance < Math.max(word.length, choice.length)) {
      least = distance;
      best = choice;
    }
  }
  return best;
}

/** `did you mean 'balance'?`, or undefined. */
export function didYouMean(word: string, choices: Iterable<string>): string | undefined {
  const near = nearest(word, choices);
  return near === undefined ? undefined : `did you mean '${near}'?`;
}

/** Room for three rows of the widest band that {@linkcode nearest} asks for. */
const rows = new Int32Array(3 * 8);

/**
 * Edits from one word to the other: insertions, deletions, substitutions, and swaps of neighbours
 * (the optimal string alignment distance); Infinity if there are more than `limit`.
 *
 * Only cells at most `limit` from the diagonal can lead there; a row holds those, by their distance
 * from the leftmost one, and one beyond each end.
 */
export function editDistance(a: string, b: string, limit = Math.max(a.length, b.length)): number {
  if (Math.abs(a.length - b.length) > limit) return Infinity;
  const width = 2 * limit + 3;
  const far = limit + 1;
  const cells = 3 * width <= rows.length ? rows : new Int32Array(3 * width);
  cells.fill(far, 0, 3 * width);
  let older = 0;
  let last = width;
  let row = 2 * width;
  // Column j of row i is cell j - i + limit + 1 of its row.
  for (let j = 0; j <= limit; j++) cells[last + j + limit + 1] = j;
  for (let i = 1; i <= a.length; i++) {
    const char = a.charCodeAt(i - 1);
    const from = Math.max(0, i - limit);
    const to = Math.min(b.length, i + limit);
    let least = far;
    for (let k = 1; k < from - i + limit + 1; k++) cells[row + k] = far;
    for (let j = from; j <= to; j++) {
      const k = j - i + limit + 1;
      let distance = far;
      if (j === 0) {
        distance = i;
      } else {
        distance = cells[last + k]! + (char === b.charCodeAt(j - 1) ? 0 : 1);
        distance = Math.min(distance, cells[last + k + 1]! + 1, cells[row + k - 1]! + 1);
        const swaps = i > 1 && j > 1 && char === b.charCodeAt(j - 2) &&
          a.charCodeAt(i - 2) === b.charCodeAt(j - 1);
        if (swaps) distance = Math.min(distance, cells[older + k]! + 1);
      }
      cells[row + k] = distance;
      if (distance < least) least = distance;
    }
    for (let k = to - i + limit + 2; k < width; k++) cells[row + k] = far;
    if (least > limit) return Infinity;
    [older, last, row] = [last, row, older];
  }
  const distance = cells[last + b.length - a.length + limit + 1]!;
  return distance > limit ? Infinity : distance;
}
