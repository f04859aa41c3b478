/**
 * Child: runs one variant of one question, in this process alone, and prints its outcome as one line of JSON.
 *
 *     node build/bench/lib/child.js sample "series handle"
 *
 * The runner gives a directory as third argument; by hand there is no need to.
 */

import { type Figures, type Outcome, type Question, Skipped } from "./question.js";
import { makeScratch, removeScratch } from "./scratch.js";

const [questionName, variantName, givenDirectory] = process.argv.slice(2);
const { question } = (await import(new URL(`../${questionName}.js`, import.meta.url).href)) as { question: Question };
const variant = question.variants.find(({ name }) => name === variantName);
if (!variant || !("run" in variant)) {
  const names = question.variants.filter((each) => "run" in each).map(({ name }) => name);
  throw new Error(`${questionName} has no variant ${variantName} to run here; it has ${names.join(", ")}`);
}

const directory = givenDirectory ?? makeScratch(variant.filesOn);
const notes: string[] = [];
try {
  const figures: Figures = await variant.run({ directory, note: (text) => void notes.push(text) });
  print({ figures, notes });
} catch (error) {
  if (!(error instanceof Skipped)) throw error;
  print({ skipped: error.message });
} finally {
  if (!givenDirectory) removeScratch(directory);
}

function print(outcome: Outcome): void {
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
