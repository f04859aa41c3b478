/** Prints whether the inspector is loaded: after importing Seismo, with a profiler made, and with one started. */

import { CpuProfiler } from "seismo";

const loaded = () =>
  (process as unknown as { moduleLoadList: string[] }).moduleLoadList.includes("NativeModule inspector");
const imported = loaded();
const profiler = new CpuProfiler(async () => undefined, { engine: "inspector" });
const made = loaded();
profiler.start();
console.log(JSON.stringify({ imported, made, started: loaded() }));
