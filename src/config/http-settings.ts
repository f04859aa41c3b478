/** The settings `http` and `client`: what of HTTP the preload records, and how its labels are made. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { OptionError, refuseUnknown, switched } from "../errors.js";
import { requirePrefix } from "../format/file-name.js";

/** How requests that a server answers are recorded. */
export interface HttpSettings {
  /**
   * The label of a request, asked for when its response ends. For undefined, and if it throws, the label is the usual one:
   * route and verb. Only in files that are JavaScript or TypeScript.
   */
  readonly label?: ((request: IncomingMessage, response: ServerResponse) => string | undefined) | undefined;
  /** Prefix of the files that take the samples. @default "duration" */
  readonly prefix?: string | undefined;
}

/** How requests that the program itself makes are recorded. */
export interface ClientSettings {
  /** The label of a request, by its method and address. For undefined, and if it throws, it is the usual one. */
  readonly label?: ((method: string, url: URL) => string | undefined) | undefined;
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
  if (prefix !== undefined) requirePrefix(prefix, `${setting}.prefix`);
}
