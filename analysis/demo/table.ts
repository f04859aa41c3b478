/** Tables: numbers as a reader wants them, in columns that line up. */

export type Row = readonly string[];

/** Lines of text: the first column to the left, the others to the right. Rows are as long as the longest. */
export function table(rows: readonly Row[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    widths
      .map((width, i) => (i === 0 ? (row[i] ?? "").padEnd(width) : (row[i] ?? "").padStart(width)))
      .join("   ")
      .trimEnd(),
  );
}

/** `12345.678` as `12,345.7` with one digit. */
export function decimal(n: number, digits = 0): string {
  return n.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function bytes(n: number): string {
  if (n < 1_000) return `${n} B`;
  return n < 1e6 ? `${decimal(n / 1e3, 1)} kB` : `${decimal(n / 1e6, 1)} MB`;
}

/** One unit for a whole table, so that its figures can be compared by eye. */
export interface DurationUnit {
  readonly name: string;
  format(seconds: number): string;
}

/** Microseconds if everything is below a millisecond, milliseconds to the microsecond otherwise. */
export function durationUnitFor(largestS: number): DurationUnit {
  return largestS < 1e-3
    ? { name: "µs", format: (seconds) => decimal(1e6 * seconds, 1) }
    : { name: "ms", format: (seconds) => decimal(1e3 * seconds, 3) };
}
