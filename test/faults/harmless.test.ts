/** Watching does no harm: whatever the program throws, fakes, or is in the middle of. Each of these once did. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { OptionError, ProfilerError, start, stop } from "seismo";
import { afterEach, describe, expect, test, vi } from "vitest";
import { runProgram } from "../lib/program.js";
import { filesIn, rowsIn } from "../lib/rows.js";
import { seriesIn, valuesIn } from "../lib/runtime.js";
import { scratch } from "../lib/scratch.js";
import { until } from "../lib/until.js";

afterEach(async () => {
  vi.useRealTimers();
  await stop();
});

async function run(what: string, ...args: string[]) {
  const cwd = scratch();
  const ended = await runProgram("harmless.js", [what, ...args], { cwd });
  return { ...ended, directory: join(cwd, "m") };
}

describe("fake timers and a fake performance", () => {
  test("of before start() are no hindrance", async () => {
    const directory = scratch();
    vi.useFakeTimers();
    vi.stubGlobal("performance", {});
    const monitor = start({ directory, runtime: true, stalls: { stack: true } });
    await monitor.stop();
    vi.unstubAllGlobals();
    expect(valuesIn(rowsIn(directory, "runtime"), "heap used").length).toBeGreaterThan(0);
  });

  test("of after start() neither: turns of the loop are timed on, and a profile ends", async () => {
    const directory = scratch();
    const monitor = start({ directory, runtime: true, sampleIntervalMs: 10 });
    vi.useFakeTimers();
    vi.stubGlobal("performance", {});
    await monitor.profile({ seconds: 0.3 });
    await monitor.stop();
    vi.unstubAllGlobals();
    expect(valuesIn(rowsIn(directory, "runtime"), "event loop delay max").length).toBeGreaterThan(2);
  });
});

describe("a sampler", () => {
  test("that rejects after stop() is nobody's business any more", async () => {
    expect(await run("a sampler that rejects after stop()")).toMatchObject({ code: 0, stdout: '"alive"\n' });
  });

  test("that throws what cannot be shown is counted, and named", async () => {
    const { code, stdout, stderr, directory } = await run("samplers that throw what cannot be shown");
    expect({ code, stdout }).toEqual({ code: 0, stdout: '"alive"\n' });
    expect(stderr.match(/failed: an error that cannot be shown/g)).toHaveLength(4);
    expect(valuesIn(rowsIn(directory, "runtime"), "seismo sampler errors").at(-1)).toBeGreaterThanOrEqual(4);
  });

  test("that never answers is said to", async () => {
    const { stdout } = await run("a sampler that never answers");
    expect(JSON.parse(stdout)).toEqual([expect.stringContaining('"silent" failed: no answer for 10 rounds')]);
  });

  test("runs in the context it was added in, and keeps that no longer than itself", async () => {
    const { stdout } = await run("samplers of two requests");
    expect(JSON.parse(stdout)).toEqual({
      seen: ["request 1 in request 1", "request 2 in request 2"],
      collected: ["request 1"],
    });
  });

  test("may end itself, and is not called again meanwhile", async () => {
    const monitor = start({ directory: scratch() });
    let [calls, atOnce, most] = [0, 0, 0];
    const sampling = monitor.sample("ends itself", { intervalMs: 10 }, () => {
      calls++;
      most = Math.max(most, ++atOnce);
      if (calls > 1) sampling.stop();
      atOnce--;
    });
    await until(() => calls === 2);
    await monitor.stop();
    expect({ calls, most }).toEqual({ calls: 2, most: 1 });
  });
});

describe("a profile that cannot be written", () => {
  test("does not hold up stop(), however seldom there is a flush", async () => {
    const { code, stdout } = await run("a directory that cannot be written, a profile, and seldom a flush");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).ms).toBeLessThan(5_000);
  });

  test("is told to who waits for it, where the program's own thread writes, too", async () => {
    const { code, stdout } = await run("the same without a thread");
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"code":"ERR_SEISMO_PROFILER"}\n"alive"\n' });
  });
});

test("a profile does not make an idle event loop look busy, or blocked", async () => {
  const { directory, stdout } = await run("an idle time with a profile");
  const { waitedMs } = JSON.parse(stdout) as { waitedMs: number };
  const rows = rowsIn(directory, "runtime");
  // but for what it really had to wait, on a machine that is not its own: in all, and in each rest of 10 ms of the 3 s
  const stalledMs = valuesIn(rows, "event loop stall").reduce((sum, s) => sum + s * 1e3, 0);
  expect(stalledMs).toBeLessThanOrEqual(waitedMs > 200 ? waitedMs : 0);
  for (const share of valuesIn(rows, "event loop utilization")) expect(share).toBeLessThan(0.5); // once, it was 0.95
  const medians = valuesIn(rows, "event loop delay p50").sort((a, b) => a - b);
  expect(medians[medians.length >> 1]).toBeLessThan(0.01 + waitedMs / 300 / 1e3); // once, 0.02
});

// at different stages of the look: to begin takes some 30 ms, each look 20
test.each([150, 190, 230, 300])(
  "a process that ends %i ms into a stall that is looked at says nothing, and does not wait",
  async (ms) => {
    const { code, stderr } = await run("an end in the middle of a stall that is looked at", String(ms));
    expect({ code, stderr }).toEqual({ code: 3, stderr: "" });
  },
);

test("a stall that is cut short by the end of the process still has its stack", async () => {
  const { directory } = await run("an end in the middle of a stall that is looked at", "1500");
  const [name] = filesIn(directory, "stall.", ".txt");
  expect(readFileSync(join(directory, name!), "utf8")).toContain("at spin (file://");
});

test("children that have ended take no descriptor along", async () => {
  const { stdout, directory } = await run("children that come and go");
  expect(JSON.parse(stdout)).toEqual([]);
  expect(seriesIn(rowsIn(directory, "runtime"), "process tree rss").length).toBeGreaterThan(10);
});

test("there is no profile after stop()", async () => {
  const monitor = start({ directory: scratch() });
  await monitor.stop();
  expect(() => monitor.profiler.start()).toThrow(ProfilerError);
  await expect(monitor.profile({ seconds: 1 })).rejects.toThrow("stopped");
});

test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGPROF", "SIGSEGV", "SIGKILL", "SIGNOTHING", "toString", 5])(
  "%s is no signal to profile on",
  (signal) => {
    expect(() => start({ directory: scratch(), profiler: { signal } as never })).toThrow(OptionError);
  },
);
