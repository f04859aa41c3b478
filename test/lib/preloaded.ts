/**
 * Programs that are recorded by the preload alone, as their users write them, and a client outside that counts.
 *
 * Every server of theirs answers with the PID of its process, so the client knows what each must have recorded.
 */

import { mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "vitest";
import type { Program } from "./program.js";
import { filesIn, rowsOf } from "./rows.js";
import { rowsSoFar } from "./runtime.js";
import { scratch } from "./scratch.js";
import { until } from "./until.js";

const root = join(import.meta.dirname, "../..");

export const preload: string = pathToFileURL(join(root, "dist/preload.js")).href;
/** What is set so that every process and thread has the flag. */
export const preloaded: NodeJS.ProcessEnv = { NODE_OPTIONS: `--import=${preload}` };

/** A function for `createServer`, as text. */
export const ANSWER = `(request, response) => {
  response.statusCode = request.url === "/missing" ? 404 : 200;
  response.end(String(process.pid));
}`;
export const SERVER = `
const server = require("node:http").createServer(${ANSWER});
server.listen(0, "127.0.0.1", () => console.log("port " + server.address().port));
`;
export const ESM_SERVER = SERVER.replace('require("node:http")', "http").replace(/^/, 'import http from "node:http";');

/** A folder with these files in it. */
export function folder(files: Readonly<Record<string, string>> = {}): string {
  const path = realpathSync(scratch());
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

export async function portOf(program: Program, line = /^port \d+$/): Promise<number> {
  return Number(/\d+$/.exec(await program.line(line))![0]);
}

/** By PID, and then by label. */
export type Counts = Record<string, Record<string, number>>;

/** Sends so many requests of each kind, to whichever process answers, and adds what came back to the counts. */
export async function sendRequests(port: number, each: number, counts: Counts = {}): Promise<Counts> {
  const kinds = [
    ["GET", (i: number) => `/users/${1_000 + i}?from=test`, "/users/:id [GET]"],
    ["POST", () => "/orders", "/orders [POST]"],
    ["GET", () => "/missing", "(unmatched) [GET]"],
  ] as const;
  const agent = new Agent({ keepAlive: false });
  for (let i = 0; i < each; i++) {
    const answers = await Promise.all(kinds.map(([method, path]) => send({ port, method, path: path(i), agent })));
    for (const [k, pid] of answers.entries()) count(counts, pid, kinds[k]![2]);
  }
  return counts;
}

function send(options: { port: number; method: string; path: string; agent: Agent }): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", ...options }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (data: string) => {
        text += data;
      });
      response.on("end", () => resolve(text));
    })
      .on("error", reject)
      .end();
  });
}

function count(counts: Counts, pid: string | number, label: string): void {
  counts[pid] ??= {};
  counts[pid][label] = (counts[pid][label] ?? 0) + 1;
}

/** What the files in a directory have by now, those that still grow too. */
export function recordedIn(directory: string): Counts {
  const counts: Counts = {};
  for (const { pid, label } of rowsSoFar(directory, "duration")) count(counts, pid, label);
  return counts;
}

export function untilRecorded(directory: string, counts: Counts, ...pids: readonly (string | number)[]): Promise<void> {
  const asText = (all: Counts) => JSON.stringify(pids.map((pid) => Object.entries(all[pid] ?? {}).sort()));
  return until(() => asText(recordedIn(directory)) === asText(counts));
}

/**
 * Files of requests are whole, and each file has rows of one process: the one in its name. (One of the runtime may grow again
 * between the last flush and the signal's effect.)
 */
export function expectWholeFiles(directory: string, unfinished: readonly (string | number)[] = []): void {
  const pidOf = (name: string) => /-(\d+)-[0-9a-z]{6}-\d{4}\.\w+$/.exec(name)![1]!;
  expect(
    filesIn(directory, "duration", ".tmp").filter((name) => !unfinished.map(String).includes(pidOf(name))),
  ).toEqual([]);
  for (const name of filesIn(directory)) {
    const pids = new Set(rowsOf(readFileSync(join(directory, name), "utf8")).map(({ pid }) => String(pid)));
    expect([...pids]).toEqual([pidOf(name)]);
  }
}
