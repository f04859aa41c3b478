/** The settings `http` and `client`: what of HTTP the preload records, and how its labels are made. */

import { OptionError, refuseUnknown, switched } from "../errors.js";
import { GAUGE_PREFIX, requirePrefix } from "../format/file-name.js";
import type { ClientLabelOf, LabelOf } from "../http.js";

/** How requests that a server answers are recorded. */
export interface HttpSettings {
  /**
   * The label of a request, asked for when its response ends. For undefined, and if it throws, the label is the usual one:
   * route and verb. Only in files that are JavaScript or TypeScript.
   */
  readonly label?: LabelOf | undefined;
  /** Prefix of the files that take the samples. @default "duration" */
  readonly prefix?: string | undefined;
}

/** How requests that the program itself makes are recorded. */
export interface ClientSettings {
  /**
   * The label of a call, asked for when it has ended. For undefined, and if it throws, the label is the usual one: host,
   * path and verb. Only in files that are JavaScript or TypeScript.
   */
  readonly label?: ClientLabelOf | undefined;
  /** Prefix of the files that take the samples. @default "client" */
  readonly prefix?: string | undefined;
}

/** @throws {OptionError} */
export function requireHttp(setting: "http" | "client", value: unknown): void {
  const { label, prefix, ...unknown } = (switched(setting, value) ?? {}) as HttpSettings & ClientSettings;
  refuseUnknown(setting, ["label", "prefix"], unknown);
  if (label !== undefined && typeof label !== "function") {
    throw new OptionError(
      `${setting}.label`,
      "a function, which only files of JavaScript or TypeScript can hold",
      label,
    );
  }
  if (prefix === undefined) return;
  requirePrefix(prefix, `${setting}.prefix`);
  if (prefix === GAUGE_PREFIX) throw new OptionError(`${setting}.prefix`, "one of durations", prefix);
}
