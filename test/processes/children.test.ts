/** Child processes, however they are started, and commands that start the program: npm, npx, tsx, `node --watch`, `--test`. */

import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Counts,
  ESM_SERVER,
  expectWholeFiles,
  folder,
  portOf,
  preload,
  preloaded,
  recordedIn,
  SERVER,
  sendRequests,
} from "../lib/preloaded.js";
import { startCommand, startProgram } from "../lib/program.js";
import { filesIn } from "../lib/rows.js";

const root = join(import.meta.dirname, "../..");
const seismo = join(root, "dist/cli.js");

/** A server, and one more in each kind of child process, which end when this one does. */
const PARENT = `
const { fork, spawn } = require("node:child_process");
const file = require("node:path").join(__dirname, "child.cjs");
const quiet = { stdio: ["pipe", "inherit", "inherit"] };
fork(file, ["fork"]);
spawn(process.execPath, [file, "spawn"], quiet);
spawn('node "$FILE" shell', { shell: true, env: { ...process.env, FILE: file }, ...quiet });
require("node:http").createServer((request, response) => response.end(String(process.pid))).listen(0, "127.0.0.1", function () {
  console.log("parent " + this.address().port);
});
process.on("message", () => process.exit());
`;
const CHILD = `
const [kind] = process.argv.slice(2);
const server = require("node:http").createServer((request, response) => response.end(String(process.pid)));
server.listen(0, "127.0.0.1", () => console.log(kind + " " + server.address().port));
if (kind === "fork") process.on("disconnect", () => process.exit());
else process.stdin.on("close", () => process.exit()).resume();
`;
const KINDS = ["parent", "fork", "spawn", "shell"] as const;

describe("child processes", () => {
  async function requestsOf(options: { env?: NodeJS.ProcessEnv; flags?: string[] }) {
    const cwd = folder({ "parent.cjs": PARENT, "child.cjs": CHILD });
    const parent = startProgram(join(cwd, "parent.cjs"), [], { cwd, ...options });
    const answered: Record<string, Counts> = {};
    for (const kind of KINDS) {
      const port = await portOf(parent, new RegExp(`^${kind} \\d+$`));
      answered[kind] = withoutStatus(await sendRequests(port, 5));
    }
    parent.process.send("end");
    expect(await parent.ended).toMatchObject({ code: 0, stderr: "" }); // its streams closed: so its children have ended
    return { answered, directory: join(cwd, "_monitoring") };
  }

  test("are recorded like their parent by way of NODE_OPTIONS, each in files of its own", async () => {
    const { answered, directory } = await requestsOf({ env: preloaded });
    const all = Object.assign({}, ...Object.values(answered));
    expect(Object.keys(all)).toHaveLength(4);
    expect(recordedIn(directory)).toEqual(all);
    expectWholeFiles(directory);
  });

  test("inherit a flag if they are forked, not if they are spawned", async () => {
    const { answered, directory } = await requestsOf({ flags: ["--import", preload] });
    expect(recordedIn(directory)).toEqual({ ...answered.parent, ...answered.fork });
  });
});

/** These servers answer 200 to all. */
function withoutStatus(counts: Counts): Counts {
  return Object.fromEntries(
    Object.entries(counts).map(([pid, { "(unmatched) [GET]": missing, ...others }]) => [
      pid,
      { ...others, "/missing [GET]": missing! },
    ]),
  );
}

describe("a server that is started by", () => {
  const FILES = {
    "package.json": '{ "private": true, "scripts": { "start": "node server.cjs" } }',
    "server.cjs": SERVER,
    "server.mjs": ESM_SERVER,
    "server.ts": ESM_SERVER.replace("server =", "server: http.Server ="),
  };

  test.each([
    ["npm start", ["npm", "start"]],
    ["npx", ["npx", "--no-install", "-c", "node server.mjs"]],
    ["npx tsx", ["npx", "--no-install", "tsx", "server.ts"]],
    ["seismo run, in TypeScript", ["node", seismo, "run", "server.ts"]],
    ["seismo run -- npm start", ["node", seismo, "run", "--", "npm", "start"]],
  ])("%s is recorded, and what starts it is not", async (name, command) => {
    const cwd = folder(FILES);
    symlinkSync(join(root, "node_modules"), join(cwd, "node_modules"));
    const env = name.startsWith("seismo") ? {} : preloaded;
    const program = startCommand(command, { cwd, env });
    const counts = await sendRequests(await portOf(program), 5);
    const [pid] = Object.keys(counts);
    process.kill(Number(pid), "SIGTERM"); // the server itself: what a command does with signals is its own affair
    await program.ended;
    const directory = join(cwd, "_monitoring");
    expect(recordedIn(directory)).toEqual(counts);
    expectWholeFiles(directory);
    expect(filesIn(directory, "runtime").filter((file) => !file.includes(`-${pid}-`))).toEqual([]);
  });

  test("node --watch is recorded anew each time", async () => {
    const cwd = folder(FILES);
    const program = startCommand(["node", "--watch", "--import", preload, "server.cjs"], { cwd });
    const counts: Counts = {};
    await sendRequests(await portOf(program), 5, counts);
    const change = () => writeFileSync(join(cwd, "server.cjs"), SERVER.replace('"port', '"again port'));
    change();
    const changes = setInterval(change, 10_000); // the first may have come before Node watched
    const port = await portOf(program, /^again port \d+$/).finally(() => clearInterval(changes));
    await sendRequests(port, 5, counts);
    expect(Object.keys(counts)).toHaveLength(2);
    program.process.kill("SIGTERM");
    await program.ended;
    expect(recordedIn(join(cwd, "_monitoring"))).toEqual(counts);
    expectWholeFiles(join(cwd, "_monitoring"));
  });
});

test("node --test: tests that start servers are recorded, and pass as ever", async () => {
  const TEST = `
    import { once } from "node:events";
    import { createServer } from "node:http";
    import test from "node:test";
    test("a server", async () => {
      const server = createServer((request, response) => response.end()).listen(0, "127.0.0.1");
      await once(server, "listening");
      for (let i = 0; i < 7; i++) await (await fetch("http://127.0.0.1:" + server.address().port + "/users/" + i)).text();
      server.close();
      server.closeAllConnections();
    });
  `;
  const cwd = folder({ "one.test.mjs": TEST, "two.test.mjs": TEST });
  const { code, stderr, stdout } = await startCommand(["node", "--test"], { cwd, env: preloaded }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/pass 2$/m);
  const counts = Object.values(recordedIn(join(cwd, "_monitoring")));
  expect(counts).toEqual([{ "/users/:id [GET]": 7 }, { "/users/:id [GET]": 7 }]);
  expectWholeFiles(join(cwd, "_monitoring"));
});
