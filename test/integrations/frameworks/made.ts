/** What a test needs and takes long to make: made once, whichever test comes first, and again when its sources have changed. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { until } from "../../lib/until.js";

/** Installs a package's dependencies. */
export function install(folder: string): Promise<void> {
  return make(join(folder, "node_modules/.made-for-tests"), [join(folder, "package-lock.json")], () => {
    execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, stdio: "pipe" });
  });
}

/**
 * @param stamp  a file within what is made, that keeps the hash of what it was made of
 * @param sources  files and folders
 */
export async function make(stamp: string, sources: readonly string[], how: () => void): Promise<void> {
  const hash = createHash("sha256");
  for (const source of sources.flatMap(filesBelow)) hash.update(relative(stamp, source)).update(readFileSync(source));
  const wanted = hash.digest("hex");
  const isMade = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (isMade()) return;
  const turn = join(dirname(dirname(stamp)), ".made-for-tests"); // of two tests that come at the same time, one waits
  await until(() => takesTurn(turn), 600_000);
  try {
    if (isMade()) return;
    how();
    writeFileSync(stamp, wanted);
  } finally {
    rmSync(turn, { force: true });
  }
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path, { recursive: true, encoding: "utf8" }).sort();
  return names.map((name) => join(path, name)).filter((each) => statSync(each).isFile());
}

function takesTurn(path: string): boolean {
  try {
    const file = openSync(path, "wx");
    writeFileSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch {
    if (isLeftOver(path)) rmSync(path, { force: true });
    return false;
  }
}

/** Whoever took the turn was killed in the middle. */
function isLeftOver(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return pid > 0 && !process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
