/**
 * PM2 loads the program by a file of its own, in a process that it spawns (fork mode), or forks as a cluster's worker
 * (cluster mode). The one gets the program's environment and working directory; the other those of PM2, and the program's as
 * JSON in `pm2_env`, to be set by that file. This does the same.
 */

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Counts,
  ESM_SERVER,
  expectWholeFiles,
  folder,
  portOf,
  preload,
  recordedIn,
  SERVER,
  sendRequests,
} from "../lib/preloaded.js";
import { startProgram } from "../lib/program.js";
import { filesIn } from "../lib/rows.js";
import { until } from "../lib/until.js";

const LOAD = `
const { pm_exec_path: path } = process.env;
process.title = "node " + path;
if (path.endsWith(".mjs")) import(require("node:url").pathToFileURL(path));
else require("node:module")._load(path, null, true);
`;
const FILES = {
  "pm2/lib/ProcessContainerFork.js": LOAD,
  "pm2/lib/ProcessContainer.js": `
    const settings = JSON.parse(process.env.pm2_env);
    for (const name in settings) process.env[name] = settings[name];
    delete process.env.pm2_env;
    process.chdir(settings.pm_cwd);
    ${LOAD}
  `,
  "pm2/bin/pm2-runtime": `
    const { spawn } = require("node:child_process");
    const cluster = require("node:cluster");
    const { join } = require("node:path");
    const { mode, node_args, env } = JSON.parse(process.argv[2]);
    const lib = (name) => join(__dirname, "../lib", name);
    let children;
    if (mode === "fork") {
      const args = [...node_args, lib("ProcessContainerFork.js")];
      const options = { env: { ...process.env, ...env }, cwd: env.pm_cwd, detached: true, stdio: ["pipe", "pipe", "inherit", "ipc"] };
      children = [spawn(process.execPath, args, options)];
      children[0].stdout.pipe(process.stdout);
    } else {
      cluster.setupPrimary({ exec: lib("ProcessContainer.js") });
      cluster.settings.execArgv = node_args;
      children = [1, 2].map(() => cluster.fork({ pm2_env: JSON.stringify(env) }).process);
    }
    let left = children.length;
    for (const child of children) child.on("exit", () => --left || process.exit(0));
    process.on("SIGINT", () => { for (const { pid } of children) process.kill(pid, "SIGINT"); });
  `,
  "app/server.cjs": SERVER,
  "app/server.mjs": ESM_SERVER,
};

describe.each([
  ["fork", "server.cjs"],
  ["fork", "server.mjs"],
  ["cluster", "server.cjs"],
  ["cluster", "server.mjs"],
])("in %s mode, %s", (mode, file) => {
  test("each process is recorded where its settings say, and PM2 is not", async () => {
    const root = folder(FILES);
    const app = join(root, "app");
    // numbers of PM2's configuration file are numbers in JSON; a relative directory is the program's
    const env = { pm_exec_path: join(app, file), pm_cwd: app, SEISMO_DIRECTORY: "m", SEISMO_FLUSH_INTERVAL_MS: 50 };
    const asked = JSON.stringify({ mode, node_args: [`--import=${preload}`], env });
    const pm2 = startProgram(join(root, "pm2/bin/pm2-runtime"), [asked], {
      cwd: root,
      flags: ["--import", preload],
    });
    const port = await portOf(pm2);
    const counts: Counts = {};
    await until(() => pm2.stdout().match(/^port/gm)?.length === (mode === "fork" ? 1 : 2));
    await sendRequests(port, 10, counts);
    expect(Object.keys(counts)).toHaveLength(mode === "fork" ? 1 : 2);
    pm2.process.kill("SIGINT");
    expect(await pm2.ended).toMatchObject({ code: 0, stderr: "" });
    const directory = join(app, "m");
    expect(recordedIn(directory)).toEqual(counts);
    expectWholeFiles(directory);
    expect(filesIn(directory).filter((name) => name.includes(`-${pm2.pid}-`))).toEqual([]);
    expect(filesIn(join(root, "_monitoring"))).toEqual([]);
  });
});

test("a variable pm2_env that is not PM2's does no harm", async () => {
  const cwd = folder({ "app.cjs": "" });
  for (const pm2_env of ["not JSON", "null", "7", '{"pm_cwd":7,"SEISMO_RUNTIME":null}']) {
    const { code, stderr } = await startProgram(join(cwd, "app.cjs"), [], {
      cwd,
      flags: ["--import", preload],
      env: { pm2_env },
    }).ended;
    expect({ pm2_env, code, stderr }).toEqual({ pm2_env, code: 0, stderr: "" });
  }
  expect(filesIn(join(cwd, "_monitoring"), "runtime").length).toBeGreaterThan(3);
});
