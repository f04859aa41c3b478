/** Output: pieces of a result, to a file or to standard output, no faster than they are taken. */

import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { FAILED } from "./exit-codes.js";

/** Writes to the file named, which is overwritten if there is one, or to standard output. */
export async function output(
  command: Command,
  pieces: Iterable<string | Uint8Array>,
  path: string | undefined,
): Promise<void> {
  const source = Readable.from(pieces);
  if (path === undefined) {
    await pipeline(source, process.stdout, { end: false }); // whose errors are those of the whole command line
    return;
  }
  try {
    await pipeline(source, createWriteStream(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    command.error(`error: ${path} cannot be written: ${message}`, FAILED);
  }
}
