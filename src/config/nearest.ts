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
    const distance = editDistance(typed, choice.toLowerCase());
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

/**
 * Edits from one word to the other: insertions, deletions, substitutions, and swaps of neighbours
 * (the optimal string alignment distance).
 */
export function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = cell(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let distance = Math.min(cell(last, j) + 1, cell(row, j - 1) + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, cell(older, j - 2) + 1);
      }
      row.push(distance);
    }
    older = last;
    last = row;
  }
  return cell(last, b.length);
}

function cell(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
