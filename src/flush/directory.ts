/** The monitoring directory: made when it is needed, and made again when somebody has removed it. */

import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a directory, and its parents, unless it is there.
 *
 * Not by `mkdirSync(path, { recursive: true })`: below /proc, where making anything fails with ENOENT, that one tries
 * for ever (seen on Node 20 and 26).
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path || existsSync(parent)) throw error;
    makeDirectory(parent);
    makeDirectory(path);
  }
}
