/** The items of a JSON array that is too long to be one string, some thousands at a time. */

const ITEMS_A_PIECE = 4096;

export function* jsonItems(length: number, itemAt: (index: number) => unknown): Generator<string> {
  for (let from = 0; from < length; from += ITEMS_A_PIECE) {
    const items = Array.from({ length: Math.min(ITEMS_A_PIECE, length - from) }, (_, i) => itemAt(from + i));
    yield `${from === 0 ? "" : ","}${JSON.stringify(items).slice(1, -1)}`;
  }
}
