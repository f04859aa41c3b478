/** Scratch: an empty directory for the files of one run, in memory or on a disk. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MEMORY = "/dev/shm";

export function makeScratch(on: "memory" | "disk" = "memory"): string {
  return mkdtempSync(join(on === "memory" && existsSync(MEMORY) ? MEMORY : tmpdir(), "seismo-bench-"));
}

export function removeScratch(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
