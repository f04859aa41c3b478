/** Reads what was recorded with a CSV reader that is not ours. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";

export interface Row {
  readonly timepoint: bigint;
  readonly measurement: number;
  readonly label: string;
  readonly pid: number;
}

/** Names of the files in a directory that have this prefix and extension, sorted. */
export function filesIn(directory: string, prefix = "", extension = ".csv"): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.startsWith(prefix) && name.endsWith(extension))
    .sort();
}

/** Rows of all files of a prefix, in order of file names. Throws for whatever is not whole. */
export function rowsIn(directory: string, prefix = "duration", extension = ".csv"): Row[] {
  return filesIn(directory, `${prefix}.`, extension).flatMap((name) =>
    rowsOf(readFileSync(join(directory, name), "utf8")),
  );
}

export function rowsOf(text: string): Row[] {
  if (!text.endsWith("\n")) throw new Error(`a file must end with a line end, got …${JSON.stringify(text.slice(-40))}`);
  const [header, ...lines] = parse(text) as string[][];
  if (header?.join() !== "Timepoint,Measurement,Label,PID") throw new Error(`no header, got ${header}`);
  return lines.map(([timepoint, measurement, label, pid]) => {
    if (!/^\d{19}$/.test(timepoint!)) throw new Error(`a timepoint must be 19 digits, got ${timepoint}`);
    if (measurement === "" || !Number.isFinite(Number(measurement))) throw new Error(`no measurement: ${measurement}`);
    return { timepoint: BigInt(timepoint!), measurement: Number(measurement), label: label!, pid: Number(pid) };
  });
}

/** How many rows there are under each label. */
export function countByLabel(rows: readonly Row[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { label } of rows) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
