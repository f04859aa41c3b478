/** Worker threads under the preload: all are recorded, however they are made and end, by the one flusher of the process. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import {
  ANSWER,
  type Counts,
  expectWholeFiles,
  folder,
  portOf,
  preload,
  preloaded,
  recordedIn,
  sendRequests,
} from "../lib/preloaded.js";
import { type Program, startProgram } from "../lib/program.js";
import { countByLabel, filesIn, rowsIn } from "../lib/rows.js";
import { rowsSoFar } from "../lib/runtime.js";
import { until } from "../lib/until.js";

const seismo = pathToFileURL(join(import.meta.dirname, "../../dist/index.js")).href;

/** Records 100 durations under the name of its kind, and ends the way that is its kind's. */
const WORK = `
const { parentPort, receiveMessageOnPort, Worker, workerData } = require("node:worker_threads");
const { kind, memory } = workerData;
import(${JSON.stringify(seismo)}).then(({ series, timeIt }) => {
  const handle = series(kind);
  for (let i = 0; i < 100; i++) handle.stop(handle.start());
  if (kind === "nested") new Worker(__filename, { workerData: { kind: "innermost" } });
  if (kind === "blocked meanwhile") {
    Atomics.add(memory, 0, 1);
    Atomics.notify(memory, 0);
  }
  if (kind === "exits") process.exit();
  if (kind === "terminated") {
    parentPort.postMessage("recorded");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // hears nothing any more
  }
  if (kind === "pool") { // sleeps between tasks where no message reaches it, as piscina's threads do
    const task = timeIt("task")((n) => n + 1);
    for (let done = 0; ; ) {
      Atomics.wait(memory, 0, done);
      for (let next; (next = receiveMessageOnPort(parentPort)); done++) parentPort.postMessage(task(next.message));
    }
  }
  if (kind === "short-lived") setTimeout(() => {}, 5);
});
`;
const MAIN = `
const { once } = require("node:events");
const { SHARE_ENV, Worker } = require("node:worker_threads");
const { readFileSync } = require("node:fs");
const file = require("node:path").join(__dirname, "work.cjs");
const memory = new Int32Array(new SharedArrayBuffer(4));
const make = (kind, options) => new Worker(options?.eval ? readFileSync(file, "utf8") : file, { workerData: { kind, memory }, ...options });
const many = (n, kind) => Array.from({ length: n }, () => make(kind));
const ended = (workers) => Promise.all(workers.map((worker) => once(worker, "exit")));

async function run() {
  const early = many(3, "blocked meanwhile");
  while (Atomics.load(memory, 0) < early.length) Atomics.wait(memory, 0, Atomics.load(memory, 0));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300); // they end, or have ended
  Atomics.store(memory, 0, 0);
  await ended(early);
  await ended([
    ...many(8, "short-lived"),
    make("nested"),
    make("exits"),
    make("flags of its own", { execArgv: ["--no-warnings"] }),
    make("shared environment", { env: SHARE_ENV }),
    make("evaluated", { eval: true }),
  ]);
  const terminated = many(4, "terminated");
  for (const worker of terminated) worker.once("message", () => worker.terminate());
  await ended(terminated);
  const pool = make("pool");
  for (let i = 0; i < 20; i++) {
    pool.postMessage(i);
    Atomics.add(memory, 0, 1);
    Atomics.notify(memory, 0);
    await once(pool, "message");
  }
  await pool.terminate();
}
run().then(() => console.log("done"));
`;

/** Node does what `--import` says in threads that have a file only. */
test.each([
  ["--import", preload, []],
  ["--require", fileURLToPath(preload), ["evaluated"]],
])("however they are made, and however they end, nothing is lost: %s", async (flag, at, further) => {
  const cwd = folder({ "main.cjs": MAIN, "work.cjs": WORK });
  const program = startProgram(join(cwd, "main.cjs"), [], { cwd, env: { NODE_OPTIONS: `${flag}=${at}` } });
  expect(await program.ended).toEqual({ code: 0, signal: null, stdout: "done\n", stderr: "" });
  const once = ["nested", "innermost", "exits", "flags of its own", "shared environment", "pool", ...further];
  expect(countByLabel(rowsIn(join(cwd, "_monitoring")))).toEqual({
    ...Object.fromEntries(once.map((kind) => [kind, 100])),
    "blocked meanwhile": 300,
    "short-lived": 800,
    terminated: 400,
    task: 20,
  });
  expectWholeFiles(join(cwd, "_monitoring"));
});

test("files of those that are terminated at once do not stay open", async () => {
  const MANY = `
    const { Worker } = require("node:worker_threads");
    const file = require("node:path").join(__dirname, "work.cjs");
    let left = 15;
    const next = () => {
      if (left-- === 0) return console.log("ended") ?? setInterval(() => {}, 1_000);
      const worker = new Worker(file);
      worker.once("message", () => worker.terminate());
      worker.once("exit", next);
    };
    next();
  `;
  const AT_ONCE = `
    const { series } = require(${JSON.stringify(fileURLToPath(seismo))});
    const handle = series("terminated");
    for (let i = 0; i < 100; i++) handle.stop(handle.start());
    require("node:worker_threads").parentPort.postMessage("recorded");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // its loop has not turned since it was made
  `;
  const cwd = folder({ "main.cjs": MANY, "work.cjs": AT_ONCE });
  const directory = join(cwd, "_monitoring");
  const env = { ...preloaded, SEISMO_PRESET: "minimal" };
  const program = startProgram(join(cwd, "main.cjs"), [], { cwd, env });
  await program.line("ended");
  await until(() => filesIn(directory, "duration").length === 15); // long before they are a minute old
  expect(countByLabel(rowsIn(directory))).toEqual({ terminated: 1_500 });
  expect(filesIn(directory, "", ".tmp")).toEqual([]);
});

/** A server in each of 4 threads; and all threads of libuv's pool, which come with the first call that needs one. */
const SERVERS = `
const { isMainThread, Worker, workerData: number = 0 } = require("node:worker_threads");
const server = require("node:http").createServer(${ANSWER});
server.listen(0, "127.0.0.1", () => require("node:fs").writeSync(1, "thread " + (number ?? 0) + " port " + server.address().port + "\\n"));
if (isMainThread) {
  for (let i = 1; i <= 3; i++) new Worker(__filename, { workerData: i });
  require("node:fs").stat(".", () => {});
  if (process.env.BLOCK) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
`;

const threadsOf = ({ pid }: Program) =>
  readdirSync(`/proc/${pid}/task`).map((task) => readFileSync(`/proc/${pid}/task/${task}/comm`, "utf8").trim());

describe("servers in worker threads", () => {
  async function serve(env: NodeJS.ProcessEnv) {
    const cwd = folder({ "servers.cjs": SERVERS });
    const program = startProgram(join(cwd, "servers.cjs"), [], { cwd, env });
    const portOfThread = (number: number) => portOf(program, new RegExp(`^thread ${number} port \\d+$`));
    return { program, portOfThread, directory: join(cwd, "_monitoring") };
  }

  test("are recorded, each thread's requests in files of its own; the flusher's thread records nothing", async () => {
    const { program, portOfThread, directory } = await serve(preloaded);
    const counts: Counts = {};
    for (const number of [0, 1, 2, 3]) await sendRequests(await portOfThread(number), 5, counts);
    expect(Object.keys(counts)).toEqual([String(program.pid)]);
    program.process.kill("SIGTERM");
    expect(await program.ended).toMatchObject({ signal: "SIGTERM", stderr: "" });
    expect(recordedIn(directory)).toEqual(counts);
    expectWholeFiles(directory);
    expect(filesIn(directory, "duration")).toHaveLength(4);
    const threads = Object.keys(countByLabel(rowsIn(directory, "runtime"))).flatMap((label) =>
      [...label.matchAll(/ \(worker (\d+)\)$/g)].map(([, id]) => id),
    );
    expect(new Set(threads).size).toBe(3);
  });

  test.each([
    ["at once", ""],
    ["and are written while the main thread is blocked, from its first line on", "for ever"],
  ])("share one flusher: %s", async (_, BLOCK) => {
    const counts: Record<string, number> = {};
    const named: Record<string, number> = {};
    for (const [kind, env] of Object.entries({ bare: { NODE_OPTIONS: "--import=data:text/javascript," }, preloaded })) {
      const { program, portOfThread, directory } = await serve({ ...env, BLOCK });
      for (const number of BLOCK ? [1, 2, 3] : [0, 1, 2, 3]) await portOfThread(number);
      if (kind === "preloaded") {
        const recorded = () =>
          new Set(rowsSoFar(directory, "runtime").flatMap(({ label }) => / \(worker \d+\)$/.exec(label) ?? []));
        await until(() => recorded().size === 3);
      }
      const threads = threadsOf(program);
      counts[kind] = threads.length;
      named[kind] = threads.filter((name) => name === "seismo flusher").length;
      program.process.kill("SIGKILL");
      await program.ended;
    }
    expect(counts.preloaded! - counts.bare!).toBe(1);
    expect([0, 1]).toContain(named.preloaded); // Node names threads from 24 on
  });
});
