/** Documentation that runs: every `@example`, and every TypeScript block of README and docs, does what it says. */

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { built, runProgram } from "./lib/program.js";
import { scratch } from "./lib/scratch.js";

const root = join(import.meta.dirname, "..");
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
const folder = join(built, "examples");

interface Example {
  readonly name: string;
  readonly code: string;
}

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);
const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`);
const pages = ["README.md", ...docs.filter((name) => name.endsWith(".md"))];

const examples: Example[] = [...sources.flatMap(examplesOf), ...pages.flatMap(blocksOf)];

/** `@example` blocks of doc comments: everything up to the next tag or the end of the comment. */
function examplesOf(file: string): Example[] {
  const text = readFileSync(join(root, "src", file), "utf8");
  return [...text.matchAll(/^ *\* @example\n((?: *\*(?! @|\/).*\n)+)/gm)].map(([, block], i) => ({
    name: `src/${file} ${i + 1}`,
    code: block!.replace(/^ *\* ?/gm, ""),
  }));
}

function blocksOf(page: string): Example[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code], i) => ({
    name: `${page} ${i + 1}`,
    code: code!,
  }));
}

const fileOf = (name: string) => `${name.replace(/\W+/g, "-")}.ts`;

/** What `console.log(…); // => text` promises to print, line by line. */
const promised = (code: string) => [...code.matchAll(/console\.log\(.*\);? \/\/ => (.*)$/gm)].map(([, text]) => text!);

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, code } of examples) writeFileSync(join(folder, fileOf(name)), `${code}\nexport {};\n`);
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      rootDir: ".",
      outDir: "out",
      emitDeclarationOnly: false,
      declaration: false,
      isolatedDeclarations: false,
      noUnusedLocals: false,
      skipLibCheck: true, // frameworks' own have errors, among them and without the types of a browser
      typeRoots: [join(root, "node_modules/@types")],
    },
    include: ["*.ts"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  try {
    execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  } catch (error) {
    throw new Error(`examples do not compile:\n${(error as { stdout: string }).stdout}`);
  }
});

describe.each(examples)("$name", ({ name, code }) => {
  test("runs, and prints what it promises", async () => {
    const path = join(folder, "out", fileOf(name).replace(/ts$/, "js"));
    const { code: exitCode, stdout, stderr } = await runProgram(path, [], { cwd: scratch() });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const printed = stdout.split("\n").filter((line) => line !== "");
    if (promised(code).length > 0) expect(printed).toEqual(promised(code));
  });
});

test.each(["seismo", "seismo/analysis", "seismo/config", "seismo/http"])(
  "every public part of %s has an example that runs",
  async (door) => {
    const shown = examples.map(({ code }) => code).join("\n");
    const missing = Object.keys(await import(door)).filter((name) => !new RegExp(`\\b${name}\\b`).test(shown));
    expect(missing, inspect(missing)).toEqual([]);
  },
);
