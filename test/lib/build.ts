/** Builds the package, and the programs that tests run, before any test. */

import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "../..");
const { resolve } = createRequire(import.meta.url);
const tsc = join(dirname(resolve("typescript/package.json")), "bin/tsc");
const rolldown = join(dirname(resolve("rolldown/package.json")), "bin/cli.mjs");

export default function build(): void {
  rmSync(join(root, "build/test"), { recursive: true, force: true });
  execFileSync(process.execPath, [rolldown, "-c", "--logLevel", "warn"], { cwd: root, stdio: "inherit" });
  for (const project of ["tsconfig.json", "test/programs/tsconfig.json", "test/programs/legacy/tsconfig.json"]) {
    execFileSync(process.execPath, [tsc, "-p", join(root, project)], { stdio: "inherit" });
  }
}
