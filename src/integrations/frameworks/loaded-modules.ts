/** Loaded modules: what the program has required so far, and what of it comes from a package. */

import { createRequire } from "node:module";
import { sep } from "node:path";

const { cache } = createRequire(import.meta.url);

/**
 * What modules of CommonJS export whose file ends in one of `endings`, in every version that is loaded. An ESM program that
 * imports a package of CommonJS has it here too.
 */
export function loadedModules(endings: readonly string[]): unknown[] {
  const found: unknown[] = [];
  for (const path in cache) {
    const file = sep === "/" ? path : path.replaceAll(sep, "/");
    if (endings.some((ending) => file.endsWith(ending))) found.push(cache[path]?.exports);
  }
  return found;
}

/** Whether the text of a server's listener for requests has these words: how to know a framework by what it serves with. */
export function listensWith(server: NodeJS.EventEmitter | undefined, words: string): boolean {
  return (server?.listeners("request") ?? []).some((listener) =>
    Function.prototype.toString.call(listener).includes(words),
  );
}
