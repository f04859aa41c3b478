/**
 * v8-profiler-next, installed once for each version of Node, and stand-ins for it that do not work.
 *
 * It is compiled when it is installed, which takes half a minute and needs Node's headers. Where that fails, tests hold
 * us to what we promise there, so they must know how it went.
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { scratch } from "../lib/scratch.js";

const root = join(import.meta.dirname, "../..");

export interface Installation {
  /** For NODE_PATH. */
  readonly path: string;
  /** Found by trying, without Seismo. `broken`: there, but it does not load in this Node. */
  readonly state: "works" | "broken" | "not installed";
}

export function installV8Profiler(): Installation {
  const folder = join(root, "build/peers", `v8-profiler-next-${process.versions.modules}`);
  const path = join(folder, "node_modules");
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(root, "test/peers/v8-profiler-next/package.json"), join(folder, "package.json"));
    try {
      // npm is run by the first Node on the PATH, and compiles for that
      const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
      execFileSync("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"], {
        cwd: folder,
        env: { ...process.env, PATH },
        encoding: "utf8",
        stdio: "pipe",
      });
    } catch (error) {
      console.warn(`v8-profiler-next cannot be installed here: ${lastLines((error as { stderr: string }).stderr)}`);
    }
  }
  if (!existsSync(join(path, "v8-profiler-next"))) return { path, state: "not installed" };
  try {
    run('const p = require("v8-profiler-next"); p.startProfiling("a", true); p.stopProfiling("a")', path);
    return { path, state: "works" };
  } catch (error) {
    console.warn(`v8-profiler-next does not work here: ${lastLines((error as { stderr: string }).stderr)}`);
    return { path, state: "broken" };
  }
}

function run(code: string, NODE_PATH: string): void {
  execFileSync(process.execPath, ["-e", code], { env: { ...process.env, NODE_PATH }, stdio: "pipe", encoding: "utf8" });
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-12).join("\n");
}

/** A folder for NODE_PATH in which v8-profiler-next consists of these files. */
export function standIn(files: Record<string, string>): string {
  const folder = scratch();
  mkdirSync(join(folder, "v8-profiler-next"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "v8-profiler-next", name), text);
  return folder;
}
