/**
 * Errors: everything Seismo throws on purpose, and the checks that throw at set-up.
 *
 * Errors are thrown by set-up calls only (`start()`, constructors, decorators). Once `start()` has returned, nothing
 * of ours throws into the host: failures are counted, and warned about once through `process.emitWarning`.
 */

import { inspect } from "node:util";

/**
 * Base of every error thrown on purpose. `code` is part of the API; the wording of `message` is not.
 *
 * @example
 * import { DurationRecorder, SeismoError } from "seismo";
 * try {
 *   new DurationRecorder({ open: false }).stats();
 * } catch (error) {
 *   console.log(error instanceof SeismoError && error.code); // => ERR_SEISMO_CLOSED
 * }
 */
export class SeismoError extends Error {
  override name = "SeismoError";
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * An option, or an argument of a set-up call, that cannot be used. The message names it, what was expected, what was given.
 *
 * @example
 * import { DurationRecorder, OptionError } from "seismo";
 * try {
 *   new DurationRecorder({ capacity: 0 });
 * } catch (error) {
 *   console.log(error instanceof OptionError && error.code); // => ERR_SEISMO_OPTION
 * }
 */
export class OptionError extends SeismoError {
  override name = "OptionError";
  constructor(option: string, expected: string, got: unknown, options?: ErrorOptions) {
    super("ERR_SEISMO_OPTION", `${option} must be ${expected}, got ${inspect(got, { maxStringLength: 200 })}`, options);
  }
}

/**
 * The monitoring directory cannot be created or written. `cause` is the error of the file system.
 *
 * @example
 * import { DirectoryError, start } from "seismo";
 * try {
 *   start({ directory: "/dev/null/monitoring" });
 * } catch (error) {
 *   console.log(error instanceof DirectoryError && error.directory); // => /dev/null/monitoring
 * }
 */
export class DirectoryError extends SeismoError {
  override name = "DirectoryError";
  readonly directory: string;
  constructor(directory: string, reason: string, options?: ErrorOptions) {
    super(
      "ERR_SEISMO_DIRECTORY",
      `directory must be a folder Seismo can write to, got ${inspect(directory)}: ${reason}`,
      options,
    );
    this.directory = directory;
  }
}

/**
 * A CPU profile that cannot be begun, ended or written: one is under way already, none is, or what takes it is missing
 * or broken. Where somebody else's error is behind it, that is the `cause`.
 *
 * @example
 * import { CpuProfiler, ProfilerError } from "seismo";
 * try {
 *   await new CpuProfiler(async () => undefined).stop();
 * } catch (error) {
 *   console.log(error instanceof ProfilerError && error.code); // => ERR_SEISMO_PROFILER
 * }
 */
export class ProfilerError extends SeismoError {
  override name = "ProfilerError";
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_SEISMO_PROFILER", message, options);
  }
}

/** What an error says; for whatever the host's code may throw, which is anything. Never throws itself. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "an error that cannot be shown";
  }
}

export function requireInteger(option: string, value: unknown, least: number, most: number): asserts value is number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw new OptionError(option, `an integer from ${least} to ${most}`, value);
  }
}

export function requireBoolean(option: string, value: unknown): asserts value is boolean {
  if (typeof value !== "boolean") throw new OptionError(option, "true or false", value);
}

/** Options arrive from JavaScript too, where a string or null in their place would be read as "no options". */
export function requireObject(name: string, value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null) throw new OptionError(name, "an object", value);
}

/** Options of something that can be off, `false`, or on, `true`, without any. */
export function switched(option: string, value: unknown): object | undefined {
  if (value === undefined || value === false) return undefined;
  if (value === true) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new OptionError(option, "true, false or an object of options", value);
  }
  return value;
}

/** A misspelt option would be a wrong measurement later, so it is refused by name. */
export function refuseUnknown(owner: string, known: readonly string[], unknown: object): void {
  const [name] = Object.keys(unknown);
  if (name === undefined) return;
  const near = known.find((option) => option.toLowerCase() === name.toLowerCase());
  const expected = near ? `spelt "${near}"` : `one of ${known.join(", ")}`;
  throw new OptionError(`an option of ${owner}`, expected, name);
}
