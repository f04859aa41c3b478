/** Locations: where a function begins, as a reader of a terminal or a file system would write it. */

import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { FrameKey } from "./cpu-profile.js";

/** `file:///app/a%20b.js` as `/app/a b.js`; whatever is no URL of a file as it is. */
export function filePath(url: string): string {
  if (!url.startsWith("file:")) return url;
  try {
    return fileURLToPath(url);
  } catch {
    return url; // of another host, or of another system's making
  }
}

/**
 * Where a function begins, short: `src/server.ts:12:3`, `node_modules/express/lib/router.js:136:18`, `node:fs:2344:14`,
 * and "" for what has no source.
 *
 * @param directory  what paths are told relative to; outside of it they stay absolute
 * @example
 * import { shortLocation } from "seismo/analysis";
 * const frame = { name: "handle", url: "file:///app/src/server.js", line: 12, column: 3 };
 * console.log(shortLocation(frame, "/app")); // => src/server.js:12:3
 */
export function shortLocation({ url, line, column }: FrameKey, directory: string = process.cwd()): string {
  if (url === "") return "";
  const path = shortPath(filePath(url), directory);
  if (line === 0) return path;
  return column === 0 ? `${path}:${line}` : `${path}:${line}:${column}`;
}

function shortPath(path: string, directory: string): string {
  const packages = path.lastIndexOf("/node_modules/"); // the last: pnpm nests them
  if (packages !== -1) return path.slice(packages + 1);
  if (!isAbsolute(path)) return path;
  const short = relative(directory, path);
  return short === "" || short.startsWith("..") ? path : short;
}
