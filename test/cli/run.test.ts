/** `seismo run`: the program is run, recorded, and otherwise as if `seismo run` were not there. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Ended, type Program, type ProgramOptions, startProgram } from "../lib/program.js";
import { scratch } from "../lib/scratch.js";
import { until } from "../lib/until.js";

const root = join(import.meta.dirname, "../..");
const cli = join(root, "dist/cli.js");
const preload = pathToFileURL(join(root, "dist/preload.js")).href;
const canReplaceItself = "execve" in process;
const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript);

/** Tells how it was run, and ends with the code it is asked for. */
const TELL = `
  const settings = Object.entries(process.env).filter(([name]) => name.startsWith("SEISMO_"));
  const { NODE_OPTIONS: nodeOptions } = process.env;
  console.log(JSON.stringify({ args: process.argv.slice(2), execArgv: process.execArgv, nodeOptions, pid: process.pid,
    parent: process.ppid, file: process.argv[1], settings: Object.fromEntries(settings) }));
  process.exitCode = Number(process.env.END_WITH ?? 0);
`;

function folder(files: Record<string, string> = {}): string {
  const path = realpathSync(scratch());
  for (const [name, text] of Object.entries({ "tell.cjs": TELL, ...files })) writeFileSync(join(path, name), text);
  return path;
}

/** `seismo run`, as a shell starts it: not as a fork of this process, with a channel to it. */
function start(args: readonly string[], options: ProgramOptions): Program {
  const within = ["env", "-u", "NODE_CHANNEL_FD", ...(options.within ?? [])];
  return startProgram(cli, ["run", ...args], { ...options, within });
}
const run = (args: readonly string[], options: ProgramOptions): Promise<Ended> => start(args, options).ended;

/** Runs it, and reads what the program tells of itself. */
async function told(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd: string = folder()) {
  const { code, stdout, stderr } = await run(args, { cwd, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return { cwd, ...JSON.parse(stdout) };
}

const complaint = async (...args: string[]) => {
  const { code, stdout, stderr } = await run(args, { cwd: folder() });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^error: .* \(see seismo run --help\)\n$/);
  return stderr;
};

describe("a file", () => {
  test("is run by this Node with the preload, and gets what follows it, whatever that is", async () => {
    const args = ["--help", "-d", "x", "--", "a b", "", "--set"];
    const program = await told(["-d", "out", "tell.cjs", ...args]);
    expect(program.args).toEqual(args);
    expect(program.execArgv).toEqual(["--import", preload]);
    expect(program.file).toBe(join(program.cwd, "tell.cjs"));
    expect(program.nodeOptions).toBeUndefined();
  });

  test("is recorded, and seismo run is not", async () => {
    const cwd = folder();
    const { pid } = await told(["tell.cjs"], {}, cwd);
    const recordings = readdirSync(join(cwd, "_monitoring"));
    expect(recordings.length).toBeGreaterThan(0);
    expect(recordings.filter((name) => !name.includes(`-${pid}-`))).toEqual([]);
  });

  test("keeps the NODE_OPTIONS there are", async () => {
    const nodeOptions = "--no-deprecation --max-old-space-size=200";
    expect((await told(["tell.cjs"], { NODE_OPTIONS: nodeOptions })).nodeOptions).toBe(nodeOptions);
  });

  test("may be named as Node lets it be named", async () => {
    const cwd = folder({ "app.js": TELL, "package.json": '{ "main": "./app.js" }' });
    for (const name of ["app", "./app.js", ".", join(cwd, "app.js")]) {
      expect((await told([name], {}, cwd)).file.startsWith(cwd)).toBe(true);
    }
  });

  test("that is not there is wrong usage, and so is nothing at all", async () => {
    expect(await complaint("missing.js")).toContain(
      "no file missing.js; a command goes after --: seismo run -- missing.js",
    );
    expect(await complaint()).toContain("nothing to run: name a FILE, or a COMMAND after --");
    expect(await complaint("--")).toContain("nothing to run");
  });

  test.runIf(canReplaceItself)("takes the place of seismo run", async () => {
    const program = start(["tell.cjs"], { cwd: folder() });
    expect(JSON.parse((await program.ended).stdout).pid).toBe(program.pid);
  });
});

describe("a command", () => {
  test("is run with the preload in NODE_OPTIONS, behind what is there", async () => {
    const options = "--no-deprecation --title='a b'";
    const program = await told(["--", process.execPath, "tell.cjs", "--", "-d"], { NODE_OPTIONS: options });
    expect(program.args).toEqual(["--", "-d"]);
    expect(program.execArgv).toEqual([]);
    expect(program.nodeOptions).toBe(`${options} --import=${preload}`);
  });

  test("is looked for in PATH", async () => {
    const { stdout } = await run(["--", "echo", "it", "--works"], { cwd: folder() });
    expect(stdout).toBe("it --works\n");
  });

  test.each([
    [["-d", "x"], "nosuchcommand", 127, "error: nosuchcommand is not found\n"],
    [[], "/", 126, /^error: \/ cannot be run: .*EACCES\n$/],
  ])("%j %s ends as in a shell if it cannot be run", async (options, name, code, message) => {
    const ended = await run([...options, "--", name], { cwd: folder() });
    expect(ended).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(message) });
  });
});

test.each([["a file"], ["a command"]])("paths that need quotes elsewhere need none: %s", async (kind) => {
  const at = join(folder(), `it's 100% "Größe"`);
  mkdirSync(at);
  cpSync(join(root, "dist"), join(at, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(at, "package.json"));
  symlinkSync(join(root, "node_modules"), join(at, "node_modules"));
  writeFileSync(join(at, "tell it.cjs"), TELL);
  const program = kind === "a file" ? ["tell it.cjs"] : ["--", process.execPath, "tell it.cjs"];
  const env = { NODE_OPTIONS: "--no-deprecation" };
  const { code, stdout, stderr } = await startProgram(join(at, "dist/cli.js"), ["run", ...program], { cwd: at, env })
    .ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout).file).toBe(join(at, "tell it.cjs"));
  expect(readdirSync(join(at, "_monitoring")).length).toBeGreaterThan(0);
});

describe("options become variables", () => {
  const settings = async (args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const { cwd, settings } = await told([...args, "tell.cjs"], env);
    return JSON.parse(JSON.stringify(settings).replaceAll(cwd, ""));
  };
  /** What the preload tells child processes, whatever was asked for. */
  const INHERITED = { SEISMO_INHERITED_DIRECTORY: "/_monitoring" };

  test("each of its own", async () => {
    expect(await settings(["-d", "out", "-p", "minimal", "--profiler", "--no-runtime", "--client"])).toEqual({
      SEISMO_DIRECTORY: "/out",
      SEISMO_INHERITED_DIRECTORY: "/out",
      SEISMO_PRESET: "minimal",
      SEISMO_PROFILER: "true",
      SEISMO_RUNTIME: "false",
      SEISMO_CLIENT: "true",
    });
    expect(await settings(["-c", "none"])).toEqual({ ...INHERITED, SEISMO_CONFIG: "none" });
  });

  test("which go before those there are", async () => {
    expect(await settings(["--no-runtime"], { SEISMO_RUNTIME: "true", SEISMO_HTTP: "off" })).toEqual({
      ...INHERITED,
      SEISMO_RUNTIME: "false",
      SEISMO_HTTP: "off",
    });
  });

  test("a configuration file by its whole path", async () => {
    const cwd = folder({ "own.json": '{ "directory": "elsewhere" }' });
    expect((await told(["-c", "own.json", "tell.cjs"], {}, cwd)).settings).toEqual({
      SEISMO_CONFIG: join(cwd, "own.json"),
      SEISMO_INHERITED_DIRECTORY: join(cwd, "elsewhere"), // as the preload tells child processes
    });
  });

  test("--set sets any setting, or parts of one", async () => {
    const sets = ["capacity=100", "stalls.stack=true", "runtime.gc.intervalMs=50", "stalls.thresholdMs=20", "http=off"];
    expect(await settings([...sets, "runtime.memory=false"].flatMap((each) => ["--set", each]))).toEqual({
      ...INHERITED,
      SEISMO_CAPACITY: "100",
      SEISMO_HTTP: "off",
      SEISMO_STALLS: '{"stack":true,"thresholdMs":20}',
      SEISMO_RUNTIME: '{"gc":{"intervalMs":50},"memory":false}',
    });
    expect(await settings(["-s", "profiler.signal=SIGUSR2"])).toEqual({
      ...INHERITED,
      SEISMO_PROFILER: '{"signal":"SIGUSR2"}',
    });
  });

  test.each([
    [["--set", "capcity=1"], "error: --set capcity=1: a setting must be spelt \"capacity\", got 'capcity'"],
    [["--set", "capacity=0"], "error: --set capacity=0: capacity must be an integer from 1 to 16777216, got 0"],
    [
      ["--set", "signals=maybe"],
      "error: --set signals=maybe: must be true or false (1 or 0, on or off, yes or no), got",
    ],
    [["--set", "capacity"], "error: --set takes KEY=VALUE, got capacity"],
    [["--set", "runtime.gcs=1"], "error: --set runtime.gcs=1: an option of runtime must be one of gc, process"],
    [["--set", "stalls=1", "--set", "stalls.stack=1"], "error: --set stalls.stack=1: stalls is set already"],
    [["--set", "runtime.gc=1", "--set", "runtime.gc.x=1"], "error: --set runtime.gc.x=1: runtime.gc.x is set already"],
    [["--profiler", "--set", "profiler=off"], "error: --set profiler=off: profiler is set already"],
    [["--preset", "nope"], "error: option '-p, --preset <NAME>' argument 'nope' is invalid."],
    [["--directory", ""], "error: option '-d, --directory <PATH>' argument '' is invalid. It must be a path."],
    [["--nope"], "error: unknown option '--nope'"],
  ])("%j is wrong usage", async (args, message) => {
    expect(await complaint(...args, "tell.cjs")).toContain(message);
  });
});

/** Both ways to run a file. */
const LINES = [
  ["a file", (file: string) => [file]],
  ["a command", (file: string) => ["--", process.execPath, file]],
] as const;

describe("the program's end is its own", () => {
  test.each(LINES)("%s: its exit code", async (_, line) => {
    const env = { END_WITH: "42" };
    expect(await run([...line("tell.cjs")], { cwd: folder(), env })).toMatchObject({
      code: 42,
      stderr: "",
    });
  });

  const DIES = "process.kill(process.pid, process.argv[2]); setInterval(() => {}, 1000);";
  test.each(
    LINES.flatMap(([kind, line]) => ["SIGKILL", "SIGTERM", "SIGABRT"].map((signal) => [kind, signal, line] as const)),
  )("%s: %s", async (_, signal, line) => {
    const cwd = folder({ "dies.cjs": DIES });
    const ended = await run([...line("dies.cjs"), signal], {
      cwd,
      within: ["sh", "-c", 'ulimit -c 0; exec "$0" "$@"'],
    });
    expect(ended).toMatchObject({ code: null, signal, stdout: "", stderr: "" });
  });

  test("a signal that Node does not die of", async () => {
    const ended = await run(["--", "sh", "-c", "kill -PIPE $$"], { cwd: folder() });
    expect([ended.code, ended.signal]).toEqual([128 + 13, null]);
  });
});

const forked: typeof start = (args, options) => startProgram(cli, ["run", ...args], options);

describe("signals sent to seismo run reach the program, once", () => {
  const COUNTS = `
    const heard = [];
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2"]) {
      process.on(signal, () => { heard.push(signal); console.log("heard " + signal); });
    }
    process.on("SIGUSR1", () => { console.log(heard.join(" ")); process.exit(5); });
    console.log("ready");
    setInterval(() => {}, 1000);
  `;
  test.each([
    ...LINES.map(([kind, line]) => [kind, line, start] as const),
    ["a file, where seismo run was forked", LINES[0][1], forked] as const,
  ])("%s", async (_, line, begin) => {
    const program = begin(["--set", "signals=off", ...line("counts.cjs")], { cwd: folder({ "counts.cjs": COUNTS }) });
    await program.line("ready");
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2"] as const) {
      process.kill(program.pid, signal);
      await program.line(`heard ${signal}`);
    }
    process.kill(program.pid, "SIGUSR1");
    const { code, stdout } = await program.ended;
    expect([code, stdout.trim().split("\n").at(-1)]).toEqual([5, "SIGTERM SIGINT SIGHUP SIGUSR2"]);
  });
});

const hasTerminals = spawnSync("script", ["--version"]).status === 0;

describe.runIf(hasTerminals)("at a terminal", () => {
  const COUNTS = `
    let heard = 0;
    process.on("SIGINT", () => console.log("heard " + ++heard));
    process.on("SIGCONT", () => console.log("goes on"));
    process.on("SIGUSR2", () => { console.log("in all " + heard); process.exit(); });
    console.log("terminal " + process.stdin.isTTY + process.stdout.isTTY + process.stderr.isTTY + " pid " + process.pid);
    setInterval(() => {}, 1000);
  `;

  /** `seismo run` on a terminal of its own, in a shell with job control; keys are sent by writing. */
  function atTerminal(args: readonly string[], cwd: string) {
    const quoted = [process.execPath, cli, "run", "--set", "signals=off", ...args].map((arg) => `'${arg}'`).join(" ");
    const { NODE_OPTIONS: _, VITEST: __, ...env } = process.env;
    const shell = ["-qec", `set -m; ${quoted} || { echo shell again; fg; }`, "/dev/null"];
    const child = spawn("script", shell, { cwd, env: { ...env, SHELL: "/bin/sh" } });
    onTestFinished(() => void child.kill("SIGKILL"));
    let screen = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      screen += text;
    });
    return { child, screen: () => screen, ended: once(child, "close") };
  }

  test.each(LINES)("%s has the terminal, and hears Ctrl+C once", async (_, line) => {
    const { child, screen, ended } = atTerminal(line("counts.cjs"), folder({ "counts.cjs": COUNTS }));
    await until(() => /pid \d+\r?\n/.test(screen()));
    expect(screen()).toContain("terminal truetruetrue");
    child.stdin.write("\x03");
    await until(() => screen().includes("heard 1"));
    child.stdin.write("\x03");
    await until(() => screen().includes("heard 2"));
    process.kill(Number(/pid (\d+)/.exec(screen())![1]), "SIGUSR2");
    await ended;
    expect(/in all (\d+)/.exec(screen())?.[1]).toBe("2");
  });

  test.each(LINES)("%s is stopped by Ctrl+Z, so that the shell is there again, and goes on by fg", async (_, line) => {
    const { child, screen, ended } = atTerminal(line("counts.cjs"), folder({ "counts.cjs": COUNTS }));
    await until(() => /pid \d+\r?\n/.test(screen()));
    child.stdin.write("\x1a");
    await until(() => screen().includes("shell again"));
    await until(() => screen().includes("goes on")); // and has the terminal: a shell hands that over first
    child.stdin.write("\x03");
    await until(() => screen().includes("heard 1"));
    process.kill(Number(/pid (\d+)/.exec(screen())![1]), "SIGUSR2");
    await ended;
  });
});

describe("a program in TypeScript", () => {
  const TYPED = `enum Answer { Yes = 42 } const answer: number = Answer.Yes; console.log(answer);`;
  const STRIPPABLE = `const answer: number = 42; console.log(answer);`;

  test("is run by tsx, where that is installed beside it", async () => {
    const cwd = folder({ "app.ts": TYPED });
    symlinkSync(join(root, "node_modules"), join(cwd, "node_modules"));
    const { code, stdout, stderr } = await run(["app.ts"], { cwd });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "42\n", stderr: "" });
  });

  test.runIf(stripsTypes)("or else by Node", async () => {
    const cwd = folder({ "app.ts": STRIPPABLE });
    expect(await run(["app.ts"], { cwd })).toMatchObject({ code: 0, stdout: "42\n" });
  });

  test.skipIf(stripsTypes)("is refused where nothing runs it, with the ways out", async () => {
    const cwd = folder({ "app.ts": STRIPPABLE });
    const { code, stderr } = await run(["app.ts"], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("app.ts: install tsx, use Node 22.18 or later, or compile it (see seismo run --help)");
  });
});

test("messages between a program and whoever forked seismo run pass through", async () => {
  const cwd = folder({
    "echo.cjs": 'process.on("message", (message) => process.send({ got: message }, () => process.disconnect()));',
  });
  const program = forked(["echo.cjs"], { cwd });
  program.process.send({ a: [1] });
  const [answer] = await once(program.process, "message");
  expect(answer).toEqual({ got: { a: [1] } });
  expect((await program.ended).code).toBe(0);
});

test("standard input and output are the program's", async () => {
  const cwd = folder({ "cat.cjs": "process.stdin.pipe(process.stdout);" });
  const program = start(["cat.cjs"], { cwd });
  program.process.stdin!.end("through\n");
  expect(await program.ended).toMatchObject({ code: 0, stdout: "through\n", stderr: "" });
});

test.runIf(existsSync("/proc/self/fdinfo"))("pipes are left as they were: blocking, for whoever writes next", () => {
  const flagsAfter = (...args: string[]) => {
    const piping = '{ { "$@"; grep -h flags /proc/self/fdinfo/1 /proc/self/fdinfo/2; } 2>&1; } | cat';
    return spawnSync("sh", ["-c", piping, "sh", process.execPath, ...args], { cwd: folder(), encoding: "utf8" }).stdout;
  };
  const flags = /(flags:\t\d+\n){2}$/;
  const [direct] = flags.exec(flagsAfter("tell.cjs"))!;
  expect(flags.exec(flagsAfter(cli, "run", "tell.cjs"))?.[0]).toBe(direct);
  expect(flags.exec(flagsAfter(cli, "run", "--", process.execPath, "tell.cjs"))?.[0]).toBe(direct);
});

describe("--verbose", () => {
  test("tells where the files will be, on standard error", async () => {
    const cwd = folder({ "seismo.config.json": '{ "preset": "minimal" }' });
    const { stderr } = await run(["-v", "-d", "out", "tell.cjs"], { cwd });
    expect(stderr).toBe(
      `seismo: recording to ${join(cwd, "out")}, preset minimal, ${join(cwd, "seismo.config.json")}\n`,
    );
  });

  test("tells that nothing will be", async () => {
    const { stderr } = await run(["-v", "tell.cjs"], {
      cwd: folder(),
      env: { SEISMO_ENABLED: "0" },
    });
    expect(stderr).toBe("seismo: recording is off: environment SEISMO_ENABLED\n");
  });
});
