/** Stalling: a program that blocks its event loop when told to, for so long: `stalling.js DIRECTORY computing|waiting`. */

import { start } from "seismo";

const [directory, block] = process.argv.slice(2) as [string, "computing" | "waiting"];
const monitor = start({ directory, runtime: true });
const cell = new Int32Array(new SharedArrayBuffer(4));
let hasStalled = false;

function stall(ms: number): void {
  hasStalled = true;
  if (block === "waiting") Atomics.wait(cell, 0, 0, ms);
  else for (const end = performance.now() + ms; performance.now() < end; );
}

process.on("message", (message: number | "ask" | "end") => {
  if (typeof message === "number") stall(message);
  else if (message === "ask") {
    process.send!(hasStalled ? "answer after the stall" : "answer");
    hasStalled = false;
  } else void monitor.stop().then(() => process.disconnect());
});
process.send!("ready");
