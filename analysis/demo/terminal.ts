/** The terminal: what is said, in colour where that is wanted, until nobody reads any more. */

const { stdout } = process;
/** Node's own answer, which heeds NO_COLOR, FORCE_COLOR and TERM=dumb. */
const hasColors = stdout.isTTY && stdout.hasColors();
let isClosed = false;

export const bold = (text: string): string => (hasColors ? `\x1b[1m${text}\x1b[22m` : text);
export const dim = (text: string): string => (hasColors ? `\x1b[2m${text}\x1b[22m` : text);

/** Writes a line. Once the reader has gone away, as `head` does, it says nothing. */
export function say(line = ""): void {
  if (!isClosed) stdout.write(`${line}\n`);
}

/** Calls back when the reader goes away. */
export function onReaderGone(callback: () => void): void {
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    isClosed = true;
    callback();
  });
}
