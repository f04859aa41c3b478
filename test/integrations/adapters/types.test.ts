/** Types, as a program has them that has one framework, or none, and checks the declarations of its packages, too. */

import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../../lib/program.js";
import { scratch } from "../../lib/scratch.js";

const root = join(import.meta.dirname, "../../..");
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

const ofMiddleware = (door: string) => `
  import { createServer } from "node:http";
  import { type HttpServerOptions, type LabelOf, recordRequests } from "seismo/${door}";
  const label: LabelOf = (request, response) => (response.statusCode === 404 ? request.url : undefined);
  const options: HttpServerOptions = { label, prefix: "web" };
  export const middleware = recordRequests(options);
  export const server = createServer();
  // @ts-expect-error: misspelt
  recordRequests({ lable: label });
`;

const programs = {
  express: [ofMiddleware("express"), []],
  "express, with its types": [
    `${ofMiddleware("express")}
    import express, { Router } from "express";
    express().use(middleware).use("/below", middleware);
    Router().get("/", middleware);`,
    ["express", "@types/express"],
  ],
  koa: [ofMiddleware("koa"), []],
  fastify: [
    `import fastify from "fastify";
    import { recordRequests } from "seismo/fastify";
    await fastify().register(recordRequests);
    fastify({ http2: true }).register(recordRequests, { prefix: "web", label: ({ method }) => method });
    // @ts-expect-error: misspelt
    fastify().register(recordRequests, { lable: () => "x" });`,
    ["fastify"],
  ],
  hono: [
    `${ofMiddleware("hono")}
    import { Hono } from "hono";
    new Hono<{ Bindings: { own: string } }>().use(middleware).use("/below/*", middleware);`,
    ["hono"],
  ],
  nestjs: [
    `import { Module } from "@nestjs/common";
    import { SeismoModule } from "seismo/nestjs";
    @Module({ imports: [SeismoModule, SeismoModule.forRoot(), SeismoModule.forRoot({ label: () => "x" })] })
    export class AppModule {}
    // @ts-expect-error: misspelt
    SeismoModule.forRoot({ lable: () => "x" });`,
    ["@nestjs/common", "rxjs", "reflect-metadata"],
  ],
} as const;

test.each(Object.entries(programs))(
  "a program with no other framework compiles: %s",
  async (_name, [code, packages]) => {
    const cwd = scratch();
    const installed = join(cwd, "node_modules");
    cpSync(join(root, "dist"), join(installed, "seismo/dist"), { recursive: true });
    cpSync(join(root, "package.json"), join(installed, "seismo/package.json"));
    for (const name of ["@types/node", ...packages]) {
      mkdirSync(dirname(join(installed, name)), { recursive: true });
      symlinkSync(join(root, "node_modules", name), join(installed, name));
    }
    writeFileSync(join(cwd, "package.json"), '{ "type": "module" }');
    writeFileSync(join(cwd, "main.ts"), code);
    const compilerOptions = {
      target: "es2022",
      module: "nodenext",
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      experimentalDecorators: true,
      types: ["node"],
    };
    writeFileSync(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.ts"] }));
    const { code: exitCode, stdout } = await runProgram(tsc, ["-p", cwd], { cwd });
    expect(stdout).toBe("");
    expect(exitCode).toBe(0);
  },
);

test("no door loads a framework, and each one's declarations name none but its own", () => {
  const own: Record<string, readonly string[]> = {
    express: [],
    koa: [],
    fastify: ["fastify"],
    hono: ["hono"],
    nestjs: ["@nestjs/common"],
  };
  for (const [door, frameworks] of Object.entries(own)) {
    expect(packagesBelow(`${door}.d.ts`), door).toEqual(frameworks);
    expect(
      packagesBelow(`${door}.js`).filter((name) => !/^(csv-stringify|pidusage)/.test(name)),
      door,
    ).toEqual([]);
  }
});

/** Packages that a file of `dist` imports, and all that it imports from there. */
function packagesBelow(file: string, seen = new Set<string>()): string[] {
  const path = join(root, "dist", file);
  if (seen.has(path)) return [];
  seen.add(path);
  const text = readFileSync(path, "utf8");
  const code = file.endsWith(".d.ts") ? text.replace(/\/\*[\s\S]*?\*\//g, "") : text; // examples import what they like
  const names = [...code.matchAll(/\b(?:from|import) ?\(?"([^"]+)"/g)].map(([, name]) => name!);
  const packages = names.flatMap((name) => {
    if (name.startsWith("node:") || name.startsWith("seismo")) return [];
    if (!name.startsWith(".")) return [name];
    const target = join(dirname(file), name);
    return packagesBelow(file.endsWith(".d.ts") ? target.replace(/\.js$/, ".d.ts") : target, seen);
  });
  return [...new Set(packages)];
}
