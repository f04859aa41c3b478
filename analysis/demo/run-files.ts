/** Which files of a monitoring directory belong to one run of one process, and how large they are. */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

export interface RunFile {
  readonly name: string;
  readonly path: string;
  /** What comes before the first dot: `duration`, `gauge`, … */
  readonly prefix: string;
  readonly isPublished: boolean;
  readonly bytes: number;
}

/** `<prefix>.<UTC stamp>-<pid>-<run>-<n>.csv`, and `.tmp` while it grows. */
const NAME = /^(?<prefix>[\w-]+)\.\d{8}T\d{9}Z-(?<pid>\d+)-\w+-\d+\.(?<extension>csv|tmp)$/;

/** Names in the directory; none if there is no such directory. */
export function namesIn(directory: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(directory));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return new Set(); // Seismo makes it, or says why not
    throw error;
  }
}

/**
 * The files of process `pid` that were not there before it started, by name. An earlier process may have had the same
 * PID, and another one may be writing to the same directory now; so both are asked for.
 */
export function filesOf(pid: number, directory: string, before: ReadonlySet<string>): RunFile[] {
  const files: RunFile[] = [];
  for (const name of [...namesIn(directory)].sort()) {
    const { prefix, pid: itsPid, extension } = NAME.exec(name)?.groups ?? {};
    if (itsPid !== String(pid) || before.has(name)) continue;
    const path = join(directory, name);
    // a file that was growing when we listed it may have been renamed since
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats) files.push({ name, path, prefix, isPublished: extension === "csv", bytes: stats.size });
  }
  return files;
}
