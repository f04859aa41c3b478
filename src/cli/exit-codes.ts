/** Exit codes, as `command.error(message, …)` takes them. `seismo --help` documents them. */

/** A file cannot be read or written, or does not hold what was asked for. */
export const FAILED = { exitCode: 1, code: "seismo.failed" } as const;
/** The command line makes no sense. Commander's own complaints count as such. */
export const MISUSED = { exitCode: 2, code: "seismo.misused" } as const;
