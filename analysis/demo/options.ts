/** The demo's command line: what may be given, and what is refused. */

import { parseArgs } from "node:util";

export interface DemoOptions {
  readonly directory: string;
  readonly seconds: number;
}

/** What cannot be run as asked. The message is for the terminal, without a stack. */
export class UsageError extends Error {
  override name = "UsageError";
}

export const HELP = `Usage: npm run demo -- [options]

Puts a small web server under load, records every request with Seismo, and sums up the files.

  --directory DIR   where the files go; created if need be   (default: _monitoring)
  --seconds N       how long the load lasts, 1 to 3600       (default: 8)
  --help            this text

Ctrl-C ends the load early; what was recorded until then is summed up all the same.
NO_COLOR=1 switches colours off.
`;

/**
 * @returns undefined if help was asked for
 * @throws {UsageError} that names what was wrong
 */
export function parseOptions(args: readonly string[]): DemoOptions | undefined {
  const { directory, seconds, help } = parseStrictly(args);
  if (help) return undefined;
  if (directory === "") throw new UsageError("--directory must be a path, got an empty one");
  if (!/^\d{1,4}$/.test(seconds) || Number(seconds) < 1 || Number(seconds) > 3600) {
    throw new UsageError(`--seconds must be a whole number from 1 to 3600, got "${seconds}"`);
  }
  return { directory, seconds: Number(seconds) };
}

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        directory: { type: "string", default: "_monitoring" },
        seconds: { type: "string", default: "8" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    // Node's first sentence says what is wrong; the others explain "--", which is no use here.
    throw new UsageError((error as Error).message.split(/\.\s/)[0]);
  }
}
