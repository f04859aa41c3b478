/** Pages made from code say what the code says. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BUILT_IN_SERIES } from "seismo";
import { expect, test } from "vitest";
import { configurationPage } from "../scripts/configuration-page.js";
import { seriesPage } from "../scripts/series-page.js";

test("docs/series.md is the table of series: if not, npm run docs", () => {
  expect(readFileSync(join(import.meta.dirname, "../docs/series.md"), "utf8")).toBe(seriesPage(BUILT_IN_SERIES));
});

test("docs/configuration.md is the table of settings: if not, npm run docs", () => {
  expect(readFileSync(join(import.meta.dirname, "../docs/configuration.md"), "utf8")).toBe(configurationPage());
});

test("every series has a label of its own, and counters are what is cumulative", () => {
  const labels = BUILT_IN_SERIES.map(({ label }) => label);
  expect(new Set(labels).size).toBe(labels.length);
  for (const { kind, cumulative } of BUILT_IN_SERIES) expect(cumulative).toBe(kind === "counter");
});
