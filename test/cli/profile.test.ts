/** `seismo profile`, run as users run it: what it prints, where, and how it ends. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Profile } from "pprof-format";
import { functionTimes, parseProfile } from "seismo/analysis";
import { describe, expect, test } from "vitest";
import { runProgram, startProgram } from "../lib/program.js";
import { scratch } from "../lib/scratch.js";
import { v8Profile } from "../lib/v8-profile.js";

const root = join(import.meta.dirname, "../..");
const cli = join(root, "dist/cli.js");

/** A folder with a.cpuprofile, of 10 ms, and b.cpuprofile, of 2 ms. */
function folder(): string {
  const path = scratch();
  const stacks = [
    "main parse",
    "main parse",
    "main parse",
    "main parse",
    "main write",
    "main write",
    "main",
    "help parse",
  ];
  writeFileSync(join(path, "a.cpuprofile"), JSON.stringify(v8Profile(...stacks, "(idle)", "(idle)")));
  writeFileSync(join(path, "b.cpuprofile"), JSON.stringify(v8Profile("main parse", "other")));
  return path;
}
const seismo = (...args: string[]) => runProgram(cli, args, { cwd: folder() });
/** With that on standard input. */
function piped(input: string, ...args: string[]) {
  const program = startProgram(cli, args, { cwd: folder() });
  program.process.stdin!.end(input);
  return program.ended;
}
async function linesOf(...args: string[]): Promise<string[][]> {
  const { code, stdout, stderr } = await seismo(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").map((line) => line.trim().split(/ {2,}/));
}

describe("the table", () => {
  test("has self time, its share, the sum of shares, total time and its share, by self time", async () => {
    expect(await linesOf("profile", "a.cpuprofile")).toEqual([
      ["10.0 ms, 10 samples, the longest of 1.0 ms, by self"],
      ["self ms", "self%", "sum%", "total ms", "total%", "function"],
      ["5.0", "50.0%", "50.0%", "5.0", "50.0%", "parse", "/app/parse.js:1:1"],
      ["2.0", "20.0%", "70.0%", "2.0", "20.0%", "(idle)"],
      ["2.0", "20.0%", "90.0%", "2.0", "20.0%", "write", "/app/write.js:1:1"],
      ["1.0", "10.0%", "100.0%", "7.0", "70.0%", "main", "/app/main.js:1:1"],
      ["0.0", "0.0%", "100.0%", "1.0", "10.0%", "help", "/app/help.js:1:1"],
      [""],
    ]);
  });

  const names = async (...args: string[]) =>
    (await linesOf("profile", "a.cpuprofile", ...args)).slice(2).flatMap((row) => (row.length > 1 ? [row[5]] : []));

  test("is sorted, limited and filtered as asked", async () => {
    expect(await names("--sort", "total")).toEqual(["main", "parse", "(idle)", "write", "help"]);
    expect(await names("--sort", "name")).toEqual(["(idle)", "help", "main", "parse", "write"]);
    expect(await names("--limit", "2")).toEqual(["parse", "(idle)"]);
    expect(await names("--filter", "MAIN.js")).toEqual(["main"]);
  });

  test("says how much it leaves out", async () => {
    expect((await linesOf("profile", "a.cpuprofile", "--limit", "2")).at(-2)).toEqual(["2 of 5 shown"]);
  });

  test("without idle time takes shares of the rest", async () => {
    const [head, , ...rows] = await linesOf("profile", "a.cpuprofile", "--no-idle");
    expect(head).toEqual(["10.0 ms, 2.0 ms of them idle and left out, 10 samples, the longest of 1.0 ms, by self"]);
    expect(rows.map(([, share]) => share)).toEqual(["62.5%", "25.0%", "12.5%", "0.0%", undefined]);
  });

  test("tells the longest sample in a unit of its own, and one sample as one", async () => {
    const cwd = scratch();
    const profile = v8Profile("work");
    const headOf = async (samples: number, us: number) => {
      const timeDeltas = Array.from({ length: samples }, (_, i) => (i === 0 ? 0 : us));
      const spans = { samples: timeDeltas.map(() => 2), timeDeltas, endTime: profile.startTime + samples * us };
      writeFileSync(join(cwd, "some.cpuprofile"), JSON.stringify({ ...profile, ...spans }));
      return (await runProgram(cli, ["profile", "some.cpuprofile"], { cwd })).stdout.split("\n")[0];
    };
    expect(await headOf(100_000, 1000)).toBe("100.00 s, 100000 samples, the longest of 1.0 ms, by self");
    expect(await headOf(100, 49)).toBe("4.9 ms, 100 samples, the longest of 49 µs, by self");
    expect(await headOf(1, 2e6)).toBe("2000.0 ms, 1 sample, the longest of 2.00 s, by self");
  });

  test("gives the time before the first sample to (program), or to (root) where no sample found that", async () => {
    const cwd = scratch();
    const ownerOfLead = async (...stacks: string[]) => {
      const profile = v8Profile(...stacks);
      writeFileSync(
        join(cwd, "late.cpuprofile"),
        JSON.stringify({ ...profile, startTime: profile.startTime - 20_000, timeDeltas: [20_000, 1000] }),
      );
      const { stdout } = await runProgram(cli, ["profile", "late.cpuprofile", "-n", "1"], { cwd });
      return stdout.split("\n")[2]!.trim().split(/ {2,}/);
    };
    expect(await ownerOfLead("work", "(idle)")).toEqual(["20.0", "90.9%", "90.9%", "22.0", "100.0%", "(root)"]);
    expect(await ownerOfLead("work", "(program)")).toEqual(["21.0", "95.5%", "95.5%", "21.0", "95.5%", "(program)"]);
  });

  test.each([[[]], [["--json"]], [["--interactive"]]])(
    "of functions that are not there is an error, %j or not",
    async (options) => {
      expect(await piped("", "profile", "a.cpuprofile", "--filter", "nobody", ...options)).toMatchObject({
        code: 1,
        stdout: "",
        stderr: 'error: no function matches "nobody"\n',
      });
    },
  );

  test("adds files up", async () => {
    const [head, , first] = await linesOf("profile", "a.cpuprofile", "b.cpuprofile");
    expect([head, first]).toEqual([
      ["12.0 ms, 12 samples, the longest of 1.0 ms, by self"],
      ["6.0", "50.0%", "50.0%", "6.0", "50.0%", "parse", "/app/parse.js:1:1"],
    ]);
  });
});

describe("callers and callees", () => {
  test("are told with the time that is theirs", async () => {
    expect(await linesOf("profile", "a.cpuprofile", "--callers", "parse", "--callees", "main")).toEqual([
      ["callers of parse /app/parse.js:1:1, self 5.0 ms, total 5.0 ms"],
      ["self ms", "total ms", "total%", "caller"],
      ["4.0", "4.0", "80.0%", "main", "/app/main.js:1:1"],
      ["1.0", "1.0", "20.0%", "help", "/app/help.js:1:1"],
      [""],
      ["callees of main /app/main.js:1:1, self 1.0 ms, total 7.0 ms"],
      ["self ms", "total ms", "total%", "callee"],
      ["4.0", "4.0", "57.1%", "parse", "/app/parse.js:1:1"],
      ["2.0", "2.0", "28.6%", "write", "/app/write.js:1:1"],
      [""],
    ]);
  });

  test("are found by part of a name, or else of a location", async () => {
    const headOf = async (name: string) => (await linesOf("profile", "a.cpuprofile", "--callers", name))[0]![0];
    expect(await headOf("PARS")).toBe("callers of parse /app/parse.js:1:1, self 5.0 ms, total 5.0 ms");
    expect(await headOf("write.js:1")).toBe("callers of write /app/write.js:1:1, self 2.0 ms, total 2.0 ms");
  });

  test("of many functions are told of the first five in the order asked for, or of all without a limit", async () => {
    const cwd = scratch();
    const stacks = Array.from({ length: 8 }, (_, i) => [...new Array(i).fill(`work${i}`), `work${i} main${i}`]).flat();
    writeFileSync(join(cwd, "many.cpuprofile"), JSON.stringify(v8Profile(...stacks)));
    const told = async (...args: string[]) => {
      const { stdout } = await runProgram(cli, ["profile", "many.cpuprofile", ...args], { cwd });
      const found = [...stdout.matchAll(/^call\w+ of (\w+)/gm)].map(([, name]) => name);
      return [found.join(" "), stdout.trimEnd().split("\n").at(-1)];
    };
    const last = '5 of 8 functions shown that match "WORK", by';
    expect(await told("--callees", "WORK")).toEqual(["work7 work6 work5 work4 work3", `${last} self`]);
    expect(await told("--callees", "WORK", "--sort", "name")).toEqual([
      "work0 work1 work2 work3 work4",
      `${last} name`,
    ]);
    const all = "work7 work6 work5 work4 work3 work2 work1 work0";
    expect(await told("--callees", "WORK", "--limit", "0")).toEqual([all, expect.stringContaining("main0")]);
    expect(await told("--callers", "work3")).toEqual(["work3", expect.stringContaining("(root)")]);
  });

  test("of a function that none matches are an error", async () => {
    expect(await seismo("profile", "a.cpuprofile", "--callers", "nobody")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: 'error: no function matches "nobody"\n',
    });
  });
});

describe("as JSON", () => {
  test.each([["--json"], ["--format=json"]])("%s prints all functions, with callers and callees", async (option) => {
    const { stdout } = await seismo("profile", "a.cpuprofile", option);
    const { files, ...times } = JSON.parse(stdout);
    expect(files).toEqual(["a.cpuprofile"]);
    expect(times.durationUs).toBe(10_000);
    expect(times.functions).toHaveLength(5);
    expect(times.functions[0]).toMatchObject({ name: "parse", url: "file:///app/parse.js", line: 1, selfUs: 5000 });
    expect(times.functions[0].callers).toMatchObject([
      { name: "main", totalUs: 4000 },
      { name: "help", totalUs: 1000 },
    ]);
  });

  test("holds the functions asked for", async () => {
    const functions = async (...args: string[]) =>
      JSON.parse((await seismo("profile", "a.cpuprofile", "--json", ...args)).stdout).functions.map(
        ({ name }: { name: string }) => name,
      );
    expect(await functions("--limit", "1", "--sort", "name")).toEqual(["(idle)"]);
    expect(await functions("--callers", "main", "--callees", "main")).toEqual(["main"]);
  });
});

describe("conversions", () => {
  test("go to standard output, or to the file named, and overwrite it", async () => {
    const cwd = folder();
    const first = await runProgram(cli, ["profile", "a.cpuprofile", "--format", "collapsed"], { cwd });
    expect(first.stdout).toContain("main (/app/main.js:1:1);parse (/app/parse.js:1:1) 4000\n");
    writeFileSync(join(cwd, "out"), "x".repeat(100_000));
    const second = await runProgram(cli, ["profile", "a.cpuprofile", "--format", "collapsed", "-o", "out"], { cwd });
    expect([second.code, second.stdout]).toEqual([0, ""]);
    expect(readFileSync(join(cwd, "out"), "utf8")).toBe(first.stdout);
  });

  test("to pprof, speedscope and cpuprofile read back", async () => {
    const cwd = folder();
    for (const format of ["pprof", "speedscope", "cpuprofile"]) {
      const { code } = await runProgram(cli, ["profile", "a.cpuprofile", "--format", format, "-o", format], { cwd });
      expect(code).toBe(0);
    }
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
    const pprof = Profile.decode(gunzipSync(readFileSync(join(cwd, "pprof"))));
    expect(sum(pprof.sample.map(({ value }) => Number(value[1])))).toBe(10_000_000);
    expect(sum(JSON.parse(readFileSync(join(cwd, "speedscope"), "utf8")).profiles[0].weights)).toBe(10_000);
    expect(functionTimes([parseProfile(readFileSync(join(cwd, "cpuprofile"), "utf8"))])).toEqual(
      functionTimes([parseProfile(readFileSync(join(cwd, "a.cpuprofile"), "utf8"))]),
    );
  });

  test("that cannot be written say so", async () => {
    const { code, stderr } = await seismo("profile", "a.cpuprofile", "--format", "pprof", "-o", "no/such/folder");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^error: no\/such\/folder cannot be written: ENOENT.*\n$/),
    ]);
  });
});

describe("the prompt", () => {
  const ask = (...commands: string[]) => piped(commands.join("\n"), "profile", "a.cpuprofile", "--interactive");
  async function asked(...commands: string[]) {
    const { code, stdout, stderr } = await ask(...commands);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.trimEnd().split("\n");
  }

  test("prints the tables that the options print", async () => {
    const { stdout } = await seismo("profile", "a.cpuprofile", "--sort", "total", "--limit", "3", "--no-idle");
    const { stdout: callers } = await seismo("profile", "a.cpuprofile", "--callers", "parse");
    expect(await asked("sort total", "idle off", "stats 3", "callers parse", "")).toEqual([
      "sorted by total",
      "idle time off",
      ...stdout.trimEnd().split("\n"),
      ...callers.trimEnd().split("\n"),
    ]);
  });

  test("limits the one table that is asked for with a limit", async () => {
    const whole = await asked("stats", "callees main");
    expect(whole).toHaveLength(7 + 4);
    expect(await asked("stats 1", "stats", "callees main")).toEqual([...whole.slice(0, 3), "1 of 5 shown", ...whole]);
  });

  test("filters until it is told not to", async () => {
    expect(await asked("filter parse", "filter")).toEqual(["1 function", "5 functions"]);
  });

  test("keeps its filter rather than take one that lets nothing through", async () => {
    const { code, stdout } = await ask("filter parse", "filter nobody", "stats");
    expect(code).toBe(1);
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      "1 function",
      'no function matches "nobody": the filter stays as it was',
      '10.0 ms, 10 samples, the longest of 1.0 ms, by self, with "parse"',
    ]);
  });

  test.each([
    [0, ["sort name", "stats"]],
    [1, ["callers nobody", "stats"]],
    [2, ["dance", "stats"]],
    [2, ["sort age", "callers nobody", "quit"]],
    [2, ["stats many", "exit"]],
    [0, ["quit", "dance"]],
  ])("ends with %i when a pipe said %j", async (code, commands) => {
    expect(await ask(...commands)).toMatchObject({ code, stderr: "" });
  });

  test.runIf(process.platform === "linux" && existsSync("/usr/bin/script"))(
    "completes commands and what they take on a terminal, where mistakes are no failure",
    async () => {
      const within = ["sh", "-c", 'exec script -qec "$*" /dev/null', "sh"];
      const program = startProgram(cli, ["profile", "a.cpuprofile", "-i"], { cwd: folder(), within });
      await program.line(/help tells/);
      const conversation: [string, RegExp][] = [
        ["so\t", /profile> .*sort$/],
        [" t\t", /profile> .*sort total$/],
        ["\r", /^sorted by total\r$/],
        ["dance\r", /^there is no command dance/],
      ];
      for (const [typed, shown] of conversation) {
        program.process.stdin!.write(typed);
        await program.line(shown);
      }
      program.process.stdin!.write("quit\r");
      expect((await program.ended).code).toBe(0);
    },
  );

  test("answers what it does not understand, and goes on", async () => {
    const { stdout } = await ask(
      "",
      "dance",
      "sort age",
      "stats many",
      "callers",
      "callees nobody",
      "idle",
      "sort name",
    );
    expect(stdout.trimEnd().split("\n")).toEqual([
      "there is no command dance; help lists them",
      'sort takes self, total, name, not "age"',
      "stats takes a number of lines, not many",
      "callers takes the name of a function",
      'no function matches "nobody"',
      'idle takes on or off, not ""',
      "sorted by name",
    ]);
  });

  test("ends at quit, at exit and at the end of its input", async () => {
    expect(await asked("quit", "sort name")).toEqual([""]);
    expect(await asked("exit", "sort name")).toEqual([""]);
    expect(await asked()).toEqual([""]);
  });

  test("names every command in its help", async () => {
    const help = (await asked("help")).join("\n");
    for (const command of ["stats", "sort", "filter", "idle", "callers", "callees", "help", "quit", "exit"]) {
      expect(help).toContain(command);
    }
  });
});

describe("exit codes:", () => {
  test.each<[number, string[], RegExp]>([
    [1, ["profile", "none.cpuprofile"], /^error: none\.cpuprofile: cannot be read: there is no such file\n$/],
    [1, ["profile", "a.cpuprofile", "."], /^error: \.: cannot be read: it is a directory\n$/],
    [1, ["profile", cli], /^error: .*cli\.js: must be JSON: .*\n$/],
    [2, ["profile"], /^error: missing required argument 'FILE'/],
    [2, ["profile", "a.cpuprofile", "--sort", "age"], /^error: .*--sort/],
    [2, ["profile", "a.cpuprofile", "--limit", "-1"], /^error: .*--limit/],
    [2, ["profile", "a.cpuprofile", "--limt", "1"], /^error: unknown option '--limt' \(Did you mean --limit\?\)/],
    [2, ["profile", "a.cpuprofile", "--format", "svg"], /^error: .*--format.*svg/],
    [2, ["profile", "-", "-"], /^error: standard input, -, can be read once only/],
    [2, ["profile", "-", "-i"], /^error: standard input, -, cannot be used with --interactive/],
    [
      2,
      ["profile", "a.cpuprofile", "--format", "pprof", "--limit", "1"],
      /^error: --limit is for tables and JSON, not/,
    ],
    [2, ["profile", "a.cpuprofile", "--format", "pprof", "--no-idle"], /^error: --no-idle is for tables and JSON, not/],
    [2, ["profile", "a.cpuprofile", "--format", "pprof", "--json"], /^error: --json and --format pprof differ/],
    [2, ["profile", "a.cpuprofile", "b.cpuprofile", "--format", "cpuprofile"], /^error: .* takes one FILE, got 2/],
    [2, ["profile", "a.cpuprofile", "-i", "--callers", "x"], /^error: --callers cannot be used with --interactive/],
    [2, ["dance"], /^error: unknown command 'dance'/],
    [2, [], /^Usage: seismo /],
  ])("%i for %j", async (code, args, message) => {
    const ended = await seismo(...args);
    expect(ended.stderr).toMatch(message);
    expect(ended).toMatchObject({ code, stdout: "" });
    if (args.length === 0) return; // which prints the help itself
    const pointer = code === 1 ? "" : ` (see seismo${args[0] === "profile" ? " profile" : ""} --help)`;
    expect(ended.stderr).toMatch(/^.*\n$/); // one line
    expect(ended.stderr.endsWith(`${pointer}\n`)).toBe(true);
    expect(ended.stderr.includes("--help")).toBe(pointer !== "");
  });

  test("0 for help and version", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(await seismo("--version")).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
    for (const args of [["--help"], ["help"], ["profile", "--help"], ["help", "profile"]]) {
      const { code, stdout, stderr } = await seismo(...args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/Exit codes: 0 [\s\S]*\nExamples:\n {2}\$ /);
    }
  });
});

describe("standard input, as -,", () => {
  const json = JSON.stringify(v8Profile("main parse", "main"));

  test("is a FILE like any other", async () => {
    const { code, stdout, stderr } = await piped(json, "profile", "-", "a.cpuprofile");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^12\.0 ms, 12 samples/);
    expect(JSON.parse((await piped(json, "profile", "--json", "-")).stdout)).toMatchObject({
      files: ["-"],
      durationUs: 2000,
    });
  });

  test("is called by its name when it is no profile", async () => {
    expect(await piped("", "profile", "-")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: standard input: must be JSON: .*\n$/),
    });
  });
});

test.runIf(existsSync("/dev/full"))("a standard output that takes nothing is one line of error", async () => {
  const within = ["sh", "-c", 'exec "$0" "$@" >/dev/full'];
  const { code, stderr } = await runProgram(cli, ["profile", "a.cpuprofile"], { cwd: folder(), within });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: standard output cannot be written: ENOSPC.*\n$/)]);
});

test.each([
  ["a table", ["--limit", "0"]],
  ["a conversion", ["--format", "speedscope"]],
])("a reader that has seen enough of %s is no failure", async (_, options) => {
  const cwd = scratch();
  const stacks = Array.from({ length: 5000 }, (__, i) => `function${i}`);
  writeFileSync(join(cwd, "many.cpuprofile"), JSON.stringify(v8Profile(...stacks)));
  const child = spawn(process.execPath, [cli, "profile", "many.cpuprofile", ...options], { cwd });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const [code] = await once(child, "close");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("what is printed holds no colours, and the working directory is not told", async () => {
  const cwd = folder();
  const profile = v8Profile("work");
  profile.nodes[1]!.callFrame.url = `file://${cwd}/src/work.js`;
  writeFileSync(join(cwd, "c.cpuprofile"), JSON.stringify(profile));
  const { stdout } = await runProgram(cli, ["profile", "c.cpuprofile"], { cwd, env: { FORCE_COLOR: "1" } });
  expect(stdout).toContain("  src/work.js:1:1\n");
  expect(stdout).not.toContain("\u001b");
});
