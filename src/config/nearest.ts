/** The known name that a misspelt one is nearest to. */

/**
 * @param name   as it was given
 * @param known  all that would do
 * @returns      the one that takes the fewest letters to be inserted, left out, replaced or swapped with their neighbour;
 *               none if that is more than a third of its letters, as a guess that is wrong is worse than no guess
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const each of known) {
    const edits = editsBetween(name.toLowerCase(), each.toLowerCase());
    if (edits < least && edits <= Math.max(1, each.length / 3)) [best, least] = [each, edits];
  }
  return best;
}

/** Optimal string alignment: Levenshtein's distance, in which two neighbours that are swapped count as one edit. */
function editsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, last[j]! + 1, row[j - 1]! + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
