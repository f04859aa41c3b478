/** However a process ends, every sample is in a published file, and the process ends as it would have without us. */

import { describe, expect, test } from "vitest";
import { runProgram, startProgram } from "../lib/program.js";
import { countByLabel, filesIn, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";

/** Ways to end, and samples recorded until then. */
const ways: Record<string, number> = {
  "natural end": 1000,
  "exit code set": 1000,
  "process.exit at once": 1000,
  "process.exit in a timer": 1000,
  "process.exit in a promise": 1000,
  "process.exit in an exit listener": 1001,
  "exit listener of the host throws": 1000, // the one sample that was recorded right before the throw is lost
  "exit listener added later records": 1001,
  "uncaught exception": 1000,
  "uncaught exception later": 1000,
  "unhandled rejection": 1000,
  "uncaught exception, handled by the host": 1001,
  "stack overflow": 1000,
};

const signalWays: Record<string, number> = {
  "signal, no listener": 1000,
  "signal, host exits with code 5": 1000,
  "signal, host listens once, drains and exits": 1001,
  "signal, host ignores it": 1000,
  "signal, host cleans up and sends it again": 1001,
  "signal, signal-exit listens": 1000,
};

describe.each(Object.entries(ways))("%s", (way, samples) => {
  test("keeps every sample and ends as without Seismo", async () => {
    const cwd = scratch();
    const without = await runProgram("ending.js", ["off", way], { cwd });
    const withIt = await runProgram("ending.js", ["m", way], { cwd });
    expect({ ...withIt, stderr: firstLine(withIt.stderr) }).toEqual({ ...without, stderr: firstLine(without.stderr) });
    expectAll(`${cwd}/m`, samples);
  });
});

describe.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s", (signal) => {
  test.each(Object.entries(signalWays))("%s", async (way, samples) => {
    const cwd = scratch();
    const [without, withIt] = await Promise.all([
      endBySignal("off", way, signal, cwd),
      endBySignal("m", way, signal, cwd),
    ]);
    expect(withIt).toEqual(without);
    expectAll(`${cwd}/m`, samples);
  });
});

async function endBySignal(directory: string, way: string, signal: NodeJS.Signals, cwd: string) {
  const program = startProgram("ending.js", [directory, way], { cwd });
  await program.line("ready");
  program.process.kill(signal);
  return program.ended;
}

function firstLine(text: string): string | undefined {
  return text.split("\n").find((line) => line.includes("Error"));
}

function expectAll(directory: string, samples: number): void {
  expect(filesIn(directory, "", ".tmp")).toEqual([]);
  expect(countByLabel(rowsIn(directory))).toEqual({ call: samples });
  expect(countByLabel(rowsIn(directory, "gauge"))).toEqual({ value: 1 });
}
