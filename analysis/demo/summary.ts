/**
 * Summary: from CSV files back to numbers, with a CSV reader that knows nothing of Seismo.
 *
 * How numbers become text is in `table.ts`.
 */

import { createReadStream } from "node:fs";
import { parse } from "csv-parse";

/** What is known of one label. Durations in seconds, other values in their own unit. */
export interface LabelSummary {
  readonly label: string;
  readonly count: number;
  /** Samples per second of the span of all files read. 0 if that span is empty. */
  readonly ratePerS: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Summary {
  readonly rows: number;
  /** From the first to the last timepoint. */
  readonly spanS: number;
  /** In the order of their labels. */
  readonly labels: readonly LabelSummary[];
}

/** @throws if a file cannot be read, or is not in Seismo's format */
export async function summarize(paths: readonly string[]): Promise<Summary> {
  const measurements = new Map<string, number[]>();
  let rows = 0;
  let firstNs: bigint | undefined;
  let lastNs = 0n;
  for (const path of paths) {
    const records: AsyncIterable<Record<string, string>> = createReadStream(path).pipe(parse({ columns: true }));
    for await (const { Timepoint, Measurement, Label } of records) {
      const timeNs = BigInt(Timepoint); // ns since 1970 do not fit a number
      const measurement = Number(Measurement);
      if (Measurement === "" || Number.isNaN(measurement))
        throw new Error(`${path}: "${Measurement}" is no measurement`);
      const known = measurements.get(Label);
      if (known) known.push(measurement);
      else measurements.set(Label, [measurement]);
      if (firstNs === undefined || timeNs < firstNs) firstNs = timeNs;
      if (timeNs > lastNs) lastNs = timeNs;
      rows++;
    }
  }
  const spanS = Number(lastNs - (firstNs ?? lastNs)) / 1e9;
  const labels = [...measurements].map(([label, values]) => summarizeLabel(label, values, spanS));
  return { rows, spanS, labels: labels.sort((a, b) => (a.label < b.label ? -1 : 1)) };
}

function summarizeLabel(label: string, values: readonly number[], spanS: number): LabelSummary {
  const sorted = Float64Array.from(values).sort();
  return {
    label,
    count: sorted.length,
    ratePerS: spanS > 0 ? sorted.length / spanS : 0,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    p50: percentile(sorted, 50),
    p90: percentile(sorted, 90),
    p99: percentile(sorted, 99),
    max: sorted[sorted.length - 1],
  };
}

/**
 * The value that `p` percent of the samples lie at or below, interpolated linearly between ranks.
 * Source: Hyndman & Fan, "Sample Quantiles in Statistical Packages" (1996), method 7: R's and NumPy's default.
 *
 * @param sorted  one or more samples, ascending; the order is not checked
 * @param p       percentile, 0-100
 * @returns       in the unit of the samples
 */
function percentile(sorted: Float64Array, p: number): number {
  const rank = ((sorted.length - 1) * p) / 100;
  const below = Math.floor(rank);
  return sorted[below] + (rank - below) * (sorted[Math.ceil(rank)] - sorted[below]);
}
