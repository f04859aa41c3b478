/**
 * Whole file: text that is published all at once, or not at all, and never in the place of another.
 *
 * It is written under a `.tmp` name and then linked to the first name that is free. To rename it, as is done with series
 * files, would replace a file of that name; they have a random part, these are to be found by who looks for them.
 */

import { closeSync, existsSync, linkSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { GROWING_EXTENSION, newRunId } from "../format/file-name.js";
import { makeDirectory } from "./directory.js";
import { writeAll } from "./series-file.js";

/** Plain data: it crosses to the flusher's thread. */
export interface WholeFile {
  /** Names are `<stem><extension>`, `<stem>.2<extension>`, `<stem>.3<extension>`, … */
  readonly stem: string;
  readonly extension: string;
  readonly text: string;
}

/**
 * Returns the path of the file, and its number.
 * @param from  the first number that may be free
 * @throws whatever the file system throws; then there is no file
 */
export function publishWhole(
  directory: string,
  { stem, extension, text }: WholeFile,
  from = 1,
): { path: string; n: number } {
  makeDirectory(directory);
  const growing = join(directory, `${stem}-${newRunId()}${GROWING_EXTENSION}`);
  const fd = openSync(growing, "wx");
  try {
    try {
      writeAll(fd, Buffer.from(text), 0);
    } finally {
      closeSync(fd);
    }
    for (let n = from; ; n++) {
      const path = join(directory, `${stem}${n === 1 ? "" : `.${n}`}${extension}`);
      if (claim(growing, path)) return { path, n };
    }
  } finally {
    rmSync(growing, { force: true });
  }
}

/** Gives the file that name, unless another has it. */
function claim(growing: string, path: string): boolean {
  try {
    linkSync(growing, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
  }
  // A file system without links, which says so in many ways: all that is left is to look first.
  if (existsSync(path)) return false;
  renameSync(growing, path);
  return true;
}
