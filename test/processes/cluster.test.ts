/** A cluster, started with the flag: what each of its processes answers is in files of that process. */

import { join } from "node:path";
import { expect, test } from "vitest";
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
  untilRecorded,
} from "../lib/preloaded.js";
import { startProgram } from "../lib/program.js";
import { filesIn } from "../lib/rows.js";
import { until } from "../lib/until.js";

/** Three workers; one that is killed is replaced; one is disconnected when its PID is sent. */
const CLUSTER = `
import cluster from "node:cluster";
import { createServer } from "node:http";
if (cluster.isPrimary) {
  let isKnown = false;
  cluster.on("listening", ({ process: { pid } }, { port }) => {
    if (!isKnown) console.log("port " + port);
    isKnown = true;
    console.log("up " + pid);
  });
  cluster.on("exit", ({ process: { pid } }, code, signal) => {
    console.log("ended " + pid + " " + (signal ?? code));
    if (signal === "SIGKILL") cluster.fork();
  });
  process.on("message", (pid) => {
    Object.values(cluster.workers).find((worker) => worker.process.pid === pid).disconnect();
  });
  for (let i = 0; i < 3; i++) cluster.fork();
} else createServer(${ANSWER}).listen(0, "127.0.0.1");
`;

test.each([
  ["as a flag", { flags: ["--import", preload] }],
  ["in NODE_OPTIONS", { env: preloaded }],
])("workers are killed, replaced, disconnected and left by their primary: %s", async (_, options) => {
  const cwd = folder({ "cluster.mjs": CLUSTER });
  const directory = join(cwd, "_monitoring");
  const program = startProgram(join(cwd, "cluster.mjs"), [], { cwd, ...options });
  const counts: Counts = {};
  const workers = new Set<number>();
  const seen: string[] = [];
  const untilUp = async () => {
    const line = await program.line(new RegExp(`^up (?!(?:${[...seen, 0].join("|")})$)`));
    seen.push(line.slice(3));
    workers.add(Number(line.slice(3)));
    return Number(line.slice(3));
  };
  const port = await portOf(program);
  const [killed, disconnected] = [await untilUp(), await untilUp(), await untilUp()];
  await sendRequests(port, 15, counts);
  expect(Object.keys(counts).map(Number).sort()).toEqual([...workers].sort()); // each has had its share

  await untilRecorded(directory, counts, killed);
  process.kill(killed, "SIGKILL");
  await program.line(`ended ${killed} SIGKILL`);
  await untilUp();
  await sendRequests(port, 15, counts);
  expect(Object.keys(counts)).toHaveLength(4);

  program.process.send(disconnected);
  await program.line(`ended ${disconnected} 0`);
  await sendRequests(port, 10, counts);

  program.process.kill("SIGTERM");
  expect(await program.ended).toMatchObject({ signal: "SIGTERM", stderr: "" });
  const areGone = () => filesIn(directory, "duration", ".tmp").every((name) => name.includes(`-${killed}-`));
  await until(areGone); // its workers end when they hear of it

  expect(recordedIn(directory)).toEqual(counts);
  expectWholeFiles(directory, [killed]);
  // the primary, which hands connections on, has answered none; but it is a process like the rest
  expect(filesIn(directory, "runtime").some((name) => name.includes(`-${program.pid}-`))).toBe(true);
});
