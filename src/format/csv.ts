/**
 * The CSV grammar, in one place: what a file of samples looks like, byte by byte.
 *
 *     Timepoint,Measurement,Label,PID
 *     1607092101580206000,0.237,/v2/notify [POST],5659
 *
 * RFC 4180 with LF line ends: no blanks after commas, no BOM, UTF-8, a label quoted only when it holds a comma, a
 * quote, CR or LF. How numbers become digits, fast, is in `row-encoder.ts`; `docs/csv-format.md` is the prose.
 */

import { createRequire } from "node:module";
import type { stringify } from "csv-stringify/sync";

export const CSV_HEADER = "Timepoint,Measurement,Label,PID\n";

/** Loaded when a label needs it, which few do: most programs never pay for it. */
const csvStringify = (): typeof stringify =>
  (createRequire(import.meta.url)("csv-stringify/sync") as { stringify: typeof stringify }).stringify;
let loaded: typeof stringify | undefined;

/** Without any of these a field stands as it is. */
const SPECIAL = /[",\r\n]/;

/** A label as one CSV field. Lone surrogates become U+FFFD when the text is turned into bytes. */
export function csvField(label: string): string {
  if (!SPECIAL.test(label)) return label;
  loaded ??= csvStringify();
  return loaded([[label]], { record_delimiter: "", quoted_match: /[\r\n]/ });
}
