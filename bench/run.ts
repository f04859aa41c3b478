/**
 * Runner of the benchmarks.
 *
 *     npm run bench                         every question
 *     npm run bench -- sample time-it       those named
 *     npm run bench -- sample --rounds 3    fewer rounds, less to rely on
 *     npm run bench -- --help               what there is to ask
 *
 * Prints a table for each question, and saves it to `bench/results/<question>.md` and `.json`. A missed target is said
 * plainly, and is no failure: these are measurements. A variant that cannot be run is, and ends with code 1.
 */

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeMachine } from "./lib/machine.js";
import { installPeers } from "./lib/peers.js";
import type { Question } from "./lib/question.js";
import { absent, makeReport, missed, type Report, toMarkdown, toText } from "./lib/report.js";
import { endRunning, runRounds } from "./lib/rounds.js";

const DEFAULT_ROUNDS = 5;
const RESULTS = new URL("../../bench/results/", import.meta.url);

function questionNames(): string[] {
  return readdirSync(new URL(".", import.meta.url))
    .filter((file) => file.endsWith(".js") && file !== "run.js")
    .map((file) => file.slice(0, -".js".length))
    .sort();
}

async function load(name: string): Promise<Question> {
  return ((await import(new URL(`./${name}.js`, import.meta.url).href)) as { question: Question }).question;
}

async function help(names: readonly string[]): Promise<void> {
  console.log("npm run bench -- [question …] [--rounds N]\n");
  const width = Math.max(...names.map((name) => name.length));
  for (const name of names) console.log(`  ${name.padEnd(width)}  ${(await load(name)).asks}`);
  console.log(`\n--rounds N  how often each variant runs (default ${DEFAULT_ROUNDS}, unless a question has its own)`);
}

/** Measures, prints and saves. */
async function answer(name: string, rounds: number | undefined): Promise<Report> {
  const question = await load(name);
  console.log(`\n${name}: ${question.asks}`);
  if (question.needsPeers) installPeers();
  const machine = describeMachine();
  const count = rounds ?? question.rounds ?? DEFAULT_ROUNDS;
  const measured = await runRounds(name, question, count);
  const command = `npm run bench -- ${name}${rounds === undefined ? "" : ` --rounds ${rounds}`}`;
  const report = makeReport(name, question, measured, { command, machine, rounds: count });
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL(`${name}.md`, RESULTS), toMarkdown(report));
  writeFileSync(new URL(`${name}.json`, RESULTS), `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(`\n${toText(report)}`);
  return report;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  const names = questionNames();
  if (values.help) return help(names);
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`there is no question ${unknown}; there are ${names.join(", ")}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new Error(`--rounds must be a whole number above 0, got ${values.rounds}`);

  const endings: Record<"missed" | "skipped" | "failed", string[]> = { missed: [], skipped: [], failed: [] };
  for (const name of positionals.length > 0 ? positionals : names) {
    const named = (text: string) => `${name}: ${text}`;
    try {
      const report = await answer(name, rounds);
      endings.missed.push(...missed(report).map(named));
      endings.skipped.push(...absent(report.skipped).map(named));
      endings.failed.push(...absent(report.failed).map(named));
    } catch (error) {
      console.error((error as Error).message);
      endings.failed.push(named((error as Error).message));
    }
  }
  if (endings.missed.length === 0) console.log("\nNo target was missed.");
  else console.log(`\nTargets missed:\n  ${endings.missed.join("\n  ")}`);
  if (endings.skipped.length > 0) console.log(`Skipped, targets and all:\n  ${endings.skipped.join("\n  ")}`);
  if (endings.failed.length > 0) {
    console.error(`Failed:\n  ${endings.failed.join("\n  ")}`);
    process.exitCode = 1;
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    endRunning();
    process.exit(130);
  });
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
