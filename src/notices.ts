/** Notices: how Seismo speaks to whoever runs the program. Never by throwing, and never on stdout. */

import { writeSync } from "node:fs";

/** A process warning, that the host may listen for. */
export function warn(code: string, message: string): void {
  process.emitWarning(`seismo: ${message}`, { type: "SeismoWarning", code });
}

/** To stderr at once: while the process ends, nobody hears of warnings. */
export function complain(message: string): void {
  try {
    writeSync(2, `seismo: ${message}\n`);
  } catch {
    // no stderr, nobody to tell
  }
}
