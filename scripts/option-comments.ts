/** What the doc comments of an interface say of its options, so that pages and schemas need not say it again. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface OptionComment {
  readonly text: string;
  /** As in `@default`, which may be words. */
  readonly byDefault: string | undefined;
}

const root = join(import.meta.dirname, import.meta.dirname.includes("build") ? "../.." : "..");

/**
 * @param owner  an interface of this file, which may extend another one of it
 * @throws {Error} for an option that the interface does not have, or that has no comment
 */
export function commentOf(file: string, owner: string, option: string): OptionComment {
  const source = readFileSync(join(root, "src", file), "utf8");
  const declaration = new RegExp(`export interface ${owner}(?: extends (\\w+))?[^{]*\\{\\n([\\s\\S]*?)\\n\\}`);
  const [, parent, body = ""] = declaration.exec(source) ?? [];
  const comments = body.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)\?:/g);
  for (const [, comment, name] of comments) {
    if (name !== option) continue;
    const [text, byDefault] = comment!
      .replace(/\s*\n\s*\*\s?/g, " ")
      .split("@default")
      .map((part) => part.trim());
    return { text: text!, byDefault };
  }
  if (parent !== undefined) return commentOf(file, parent, option);
  throw new Error(`src/${file}: no comment of ${owner}.${option}`);
}
