/**
 * The package as it is installed, in `node_modules`, and a program that is started with one of its flags: it prints, ends
 * and looks from inside as without.
 */

import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectWholeFiles, folder } from "../lib/preloaded.js";
import { startProgram } from "../lib/program.js";
import { countByLabel, filesIn, rowsIn } from "../lib/rows.js";
import { until } from "../lib/until.js";

const root = join(import.meta.dirname, "../..");

/** A folder with these files in it, and with the package: its files, and what it depends on. */
function installed(files: Record<string, string>): string {
  const path = folder(files);
  const target = join(path, "node_modules/seismo");
  mkdirSync(target, { recursive: true });
  const { files: shipped, dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const name of ["package.json", ...shipped]) cpSync(join(root, name), join(target, name), { recursive: true });
  for (const name of [...Object.keys(dependencies), "vitest"]) {
    symlinkSync(join(root, "node_modules", name), join(path, "node_modules", name));
  }
  return path;
}

const WAYS: readonly [name: string, flags: string[], nodeOptions?: string][] = [
  ["--import", ["--import", "seismo/preload"]],
  ["--require", ["--require", "seismo/preload"]],
  ["-r and --import", ["-r", "seismo/preload", "--import", "seismo/preload"]],
  ["--import twice", ["--import", "seismo/preload", "--import=seismo/preload"]],
  ["a flag and NODE_OPTIONS", ["--import", "seismo/preload"], "--import=seismo/preload"],
];

const TELL = `
  const server = http.createServer((request, response) => response.end());
  server.listen(0, "127.0.0.1", () => {
    http.get({ port: server.address().port, path: "/once", agent: false }, (response) => {
      response.resume().on("end", () => {
        server.close();
        setTimeout(() => {
          const seen = [process.getActiveResourcesInfo(), Object.keys(globalThis)];
          process.exitCode = 7;
          console.log(JSON.stringify(seen));
        }, 200); // by then there is a thread of ours
      });
    });
  });
`;
const PROGRAMS = {
  "tell.cjs": `const http = require("node:http"); ${TELL}`,
  "tell.mjs": `import http from "node:http"; ${TELL}`,
};

describe.each(Object.keys(PROGRAMS))("%s", (name) => {
  test("without a flag and with each of them, it prints and ends the same, and is recorded once", async () => {
    const cwd = installed(PROGRAMS);
    const run = (flags: string[], env: NodeJS.ProcessEnv) =>
      startProgram(join(cwd, name), [], { cwd, flags, env }).ended;
    const bare = await run([], {});
    expect(bare).toMatchObject({ code: 7, signal: null, stderr: "" });
    for (const [way, flags, NODE_OPTIONS] of WAYS) {
      const SEISMO_DIRECTORY = way.replaceAll(" ", "_");
      const ended = await run(flags, { SEISMO_DIRECTORY, ...(NODE_OPTIONS && { NODE_OPTIONS }) });
      expect({ way, ...ended }).toEqual({ way, ...bare });
      expect({ way, ...countByLabel(rowsIn(join(cwd, SEISMO_DIRECTORY))) }).toEqual({ way, "/once [GET]": 1 });
      expectWholeFiles(join(cwd, SEISMO_DIRECTORY));
    }
  });
});

test.each([
  ["an uncaught error", `setTimeout(() => { throw new Error("mine"); }, 150);`],
  ["a rejection that nobody handles", `setTimeout(() => Promise.reject(new Error("mine")), 150);`],
  ["process.exit()", `setTimeout(() => process.exit(5), 150);`],
  ["process.abort()", `setTimeout(() => process.abort(), 150);`],
  ["a signal to itself", `setTimeout(() => process.kill(process.pid, "SIGHUP"), 150); setInterval(() => {}, 1_000);`],
  ["an await that never settles", `setTimeout(() => {}, 150); await new Promise(() => {});`],
])("ends by %s as without the flag", async (_, text) => {
  const cwd = installed({ "app.mjs": text });
  const [bare, flagged] = await Promise.all(
    [[], ["--import", "seismo/preload"]].map((flags) => startProgram(join(cwd, "app.mjs"), [], { cwd, flags }).ended),
  );
  const withoutAddresses = (text: string) => text.replace(/0x[0-9a-f]+|\[\d+\]/gi, "");
  const { code, signal, stdout } = bare!;
  expect(flagged).toMatchObject({ code, signal, stdout });
  if (signal !== "SIGABRT") expect(withoutAddresses(flagged!.stderr)).toBe(withoutAddresses(bare!.stderr));
  expect(filesIn(join(cwd, "_monitoring")).length === 0).toBe(signal === "SIGABRT");
});

test("a program may begin a recording of its own, and end before the one of the flag has", async () => {
  const text = `
    require("seismo").start({ directory: "own" });
    require("seismo").timeIt("work")(() => {})();
    process.exit(3);
  `;
  const cwd = installed({ "app.cjs": text });
  const ended = await startProgram(join(cwd, "app.cjs"), [], { cwd, flags: ["--import", "seismo/preload"] }).ended;
  expect(ended).toEqual({ code: 3, signal: null, stdout: "", stderr: "" });
  expect(countByLabel(rowsIn(join(cwd, "own")))).toEqual({ work: 1 });
});

test("streams that the program does not use are not opened: a pipe would be non-blocking for its children, too", async () => {
  const cwd = installed({ "silent.mjs": "setInterval(() => {}, 1_000)" });
  const flagsOf = ({ pid }: { pid: number }) =>
    [1, 2].map((fd) => /flags:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))![1]);
  const [bare, flagged] = [[], ["--import", "seismo/preload"]].map((flags) =>
    startProgram(join(cwd, "silent.mjs"), [], { cwd, flags, env: { SEISMO_ROTATE_AGE_MS: "50" } }),
  );
  await until(() => filesIn(join(cwd, "_monitoring"), "runtime").length > 0); // so the thread is up
  expect(flagsOf(flagged!)).toEqual(flagsOf(bare!));
});

test("leaves nothing active that Jest would take for an open handle", async () => {
  // as jest --detectOpenHandles looks at it: what was made and not destroyed, unless it says that it keeps nothing alive
  const LOOK = `
    const { createHook } = require("node:async_hooks");
    const { setFlagsFromString } = require("node:v8");
    const NOT_LOOKED_AT = /^(?:PROMISE|TIMERWRAP|ELDHISTOGRAM|PerformanceObserver|TickObject|Immediate)$/;
    const active = new Map();
    createHook({
      init(id, type, _, resource) {
        const known = "hasRef" in resource && new WeakRef(resource);
        if (!NOT_LOOKED_AT.test(type)) active.set(id, [type, () => !known || known.deref()?.hasRef()]);
      },
      destroy: (id) => active.delete(id),
    }).enable();
    (async () => {
      const { start, stop, timeIt } = require("seismo");
      start({ runtime: true });
      timeIt("work")(() => {})();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await stop();
      setFlagsFromString("--expose-gc");
      const gc = require("node:vm").runInNewContext("gc");
      for (let i = 0; i < 3; i++) {
        gc();
        await new Promise(setImmediate);
      }
      const left = [...active.values()].filter(([, isActive]) => isActive()).map(([type]) => type);
      console.log("left: " + left.join());
    })();
  `;
  const cwd = installed({ "look.cjs": LOOK });
  const ended = await startProgram(join(cwd, "look.cjs"), [], { cwd }).ended;
  expect(ended).toEqual({ code: 0, signal: null, stdout: "left: \n", stderr: "" });
});

test("Vitest's users see nothing of it: neither of the flag, nor of start() and stop() in a test", async () => {
  const TEST = `
    import { createServer } from "node:http";
    import { start, stop, timeIt } from "seismo";
    import { expect, test } from "vitest";
    test("a server", async () => {
      const server = createServer((request, response) => response.end());
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      await (await fetch("http://127.0.0.1:" + server.address().port + "/once")).text();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    test("start and stop", async () => {
      start({ directory: "own", runtime: true });
      timeIt("work")(() => {})();
      const { prefixes } = await stop();
      expect(prefixes.duration.written).toBe(1);
    });
  `;
  const cwd = installed({ "app.test.mjs": TEST, "vitest.config.mjs": "export default { test: { watch: false } };" });
  for (const env of [{}, { NODE_OPTIONS: "--import=seismo/preload" }]) {
    const vitest = join(cwd, "node_modules/vitest/vitest.mjs");
    const { code, stdout, stderr } = await startProgram(vitest, ["run"], { cwd, env }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/Tests .*2 passed/);
  }
  expect(countByLabel(rowsIn(join(cwd, "own")))).toEqual({ work: 2 });
  expect(countByLabel(rowsIn(join(cwd, "_monitoring")))).toEqual({ "/once [GET]": 1 });
});
