/** The package, as others build it into theirs. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";
import { scratch } from "./lib/scratch.js";

const dist = join(import.meta.dirname, "../dist");

/** The code of a program that imports a door, and nothing from it. */
async function bundled(door: string): Promise<string> {
  const input = join(scratch(), "app.js");
  writeFileSync(input, `import ${JSON.stringify(join(dist, door))};`);
  const bundle = await rolldown({
    input,
    platform: "node",
    logLevel: "silent",
  });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  return output.map((chunk) => ("code" in chunk ? chunk.code : "")).join("");
}

test("a bundler keeps the preload, which is imported for what it does, and leaves out what nobody uses", async () => {
  expect(await bundled("preload.js")).toContain("seismo.preload");
  expect((await bundled("index.js")).length).toBeLessThan(1_000);
});
