/** The adapters, each in an application of its framework, against a client that counts and keeps the time itself. */

import { once } from "node:events";
import { connect, constants } from "node:http2";
import autocannon from "autocannon";
import { beforeAll, describe, expect, test } from "vitest";
import { countByLabel, filesIn, rowsIn } from "../../lib/rows.js";
import { install } from "../frameworks/made.js";
import { examples, expectAgreement, type Reply } from "../frameworks/served.js";
import { type AppOptions, serveApp } from "./served-app.js";

beforeAll(() => install(examples), 600_000);

/** NestJS 12 is among the packages of the examples, 11 among this project's own. */
type App = [file: string, args: readonly string[], packages: "examples" | "own"];

const apps: readonly App[] = [
  ["express.js", ["express"], "examples"],
  ["express.js", ["express4"], "examples"],
  ["fastify.js", ["fastify"], "examples"],
  ["fastify.js", ["fastify4"], "examples"],
  ["koa.js", ["koa"], "examples"],
  ["koa.js", ["koa2"], "examples"],
  ["hono.js", [], "examples"],
  ["nestjs.js", ["express"], "examples"],
  ["nestjs.js", ["fastify"], "examples"],
  ["nestjs.js", ["express"], "own"],
  ["nestjs.js", ["fastify"], "own"],
];

/** A timer of 200 ms may be early by one, and the clock it goes by is another. */
const LEAST_SLOW_SECONDS = 0.198;

describe.each(apps)("%s %s %s", (file, args, packages) => {
  test("has exactly one row for each request under load, with the preload too", async () => {
    const served = await serveApp(file, args, { packages, preload: true, label: "from the adapter" });
    const paths = ["/users/41", "/shops/7/items/8?color=red", "/nothing/9"];
    const answered = [0, 0, 0];
    const { errors, timeouts, requests } = await autocannon({
      url: served.url.href,
      connections: 4,
      amount: 300,
      requests: paths.map((path, i) => ({ path, onResponse: () => void answered[i]!++ })),
    });
    expect({ errors, timeouts, total: requests.total }).toEqual({ errors: 0, timeouts: 0, total: 300 });
    expect(countByLabel(await served.stop())).toEqual({
      "from the adapter": answered[0],
      "/shops/:shop/items/:item [GET]": answered[1],
      "(unmatched) [GET]": answered[2],
    });
  });

  test("names each request by its route, has durations that agree with the client's, and what was abandoned", async () => {
    const served = await serveApp(file, args, { packages });
    const cases = [
      ["GET /", "/ [GET]"],
      ["GET /users/bob?a=b", "/users/:id [GET]"],
      ["POST /users/ann", "/users/:id [POST]"],
      ["GET /shops/bob/items/8", "/shops/:shop/items/:item [GET]"],
      ["GET /slow", "/slow [GET]"],
      ["GET /missing/bob", "/missing/:id [GET]"],
      ["GET /fails/bob", "/fails/:id [GET]"],
      ["GET /nothing/bob", "(unmatched) [GET]"],
      ["GET /shops/bob/nothing", "(unmatched) [GET]"],
      ["GET /slow", "/slow [GET]"],
    ] as const;
    const replies: Reply[] = [];
    for (const [request] of cases) {
      const [method, path] = request.split(" ");
      replies.push(await served.ask(path!, method));
    }
    await served.abandonHanging("/hang");
    const rows = await served.stop();

    expect(replies.map(({ status }) => status)).toEqual([
      200,
      200,
      expect.any(Number),
      200,
      200,
      404,
      500,
      404,
      404,
      200,
    ]);
    expect(rows.map(({ label }, i) => [cases[i]?.[0], label])).toEqual([
      ...cases,
      [undefined, "/hang [GET] (aborted)"],
    ]);
    expectAgreement(rows.slice(0, cases.length), replies);
    for (const { label, measurement } of rows) {
      if (label === "/slow [GET]") expect(measurement).toBeGreaterThanOrEqual(LEAST_SLOW_SECONDS);
    }
  });

  test("records every request that stood in line on a connection that closed", async () => {
    const served = await serveApp(file, args, { packages });
    await served.abandonPipelined(["/hang", "/users/5", "/hang", "/hang"], "hanging 3");
    await served.ask("/users/6");
    expect(countByLabel(await served.stop())).toEqual({
      "/hang [GET] (aborted)": 3,
      "/users/:id [GET] (aborted)": 1,
      "/users/:id [GET]": 1,
    });
  });
});

describe.each([apps[0]!, apps[2]!, apps[4]!, apps[6]!, apps[7]!, apps[8]!])("%s %s", (file, args) => {
  test("is recorded as the adapter has it, and not as what records all servers", async () => {
    const served = await serveApp(file, args, { outside: "from outside", label: "from the adapter", prefix: "web" });
    for (const path of ["/users/5", "/shops/5/items/6"]) await served.ask(path);
    await served.abandonHanging("/hang");
    expect(await served.stop()).toEqual([]);
    expect(countByLabel(rowsIn(served.directory, "web"))).toEqual({
      "from the adapter": 1,
      "/shops/:shop/items/:item [GET]": 1,
      "/hang [GET] (aborted)": 1,
    });
  });

  test("is served while nothing is recorded", async () => {
    const served = await serveApp(file, args, { off: true });
    expect((await served.ask("/users/5")).status).toBe(200);
    expect(await served.stop()).toEqual([]);
    expect(filesIn(served.directory)).toEqual([]);
  });
});

describe.each([apps[0]!, apps[1]!, apps[2]!, apps[4]!, apps[6]!])("%s %s within another", (file, args) => {
  const mounted = file === "koa.js" ? "/part/things/7" : "/shops/5/items/6";
  const template = file === "koa.js" ? "/part/things/:thing" : "/shops/:shop/items/:item";

  test("is recorded once, by the outermost", async () => {
    const served = await serveApp(file, args, { kind: "both", preload: true });
    for (const path of [mounted, "/users/5"]) await served.ask(path);
    expect((await served.stop()).map(({ label }) => label)).toEqual([`${template} [GET]`, "/users/:id [GET]"]);
  });

  test("is recorded alone where only it has an adapter", async () => {
    const served = await serveApp(file, args, { kind: "inner" });
    for (const path of [mounted, "/users/5", "/nothing"]) await served.ask(path);
    expect((await served.stop()).map(({ label }) => label)).toEqual(["inner"]);
  });

  test("is recorded alone by its adapter where the preload records the rest", async () => {
    const served = await serveApp(file, args, { kind: "inner", preload: true });
    for (const path of [mounted, "/users/5"]) await served.ask(path);
    expect((await served.stop()).map(({ label }) => label)).toEqual(["inner", "/users/:id [GET]"]);
  });
});

describe.each([apps[2]!, apps[4]!, apps[6]!])("%s %s over HTTP/2", (file, args) => {
  test.each([false, true])("has one row for each stream, the preload being there or not: %s", async (preload) => {
    const served = await serveApp(file, args, { kind: "http2", preload });
    const session = connect(served.url.origin);
    const ask = (path: string, method = "GET") => {
      const stream = session.request({ ":path": path, ":method": method }).on("error", () => {});
      return { stream: stream.resume(), ended: once(stream, "close") };
    };
    for (const [path, method] of [["/users/5"], ["/users/5", "HEAD"], ["/nothing"]]) await ask(path!, method).ended;
    const hanging = ask("/hang");
    await served.program.line("hanging 1");
    hanging.stream.close(constants.NGHTTP2_CANCEL);
    await hanging.ended;
    await ask("/users/6").ended; // sent later, so the server knows
    session.close();
    await once(session, "close");
    const labels = (await served.stop()).map(({ label }) => label);
    expect(labels).toEqual([
      "/users/:id [GET]",
      "/users/:id [HEAD]",
      "(unmatched) [GET]",
      "/hang [GET] (aborted)",
      "/users/:id [GET]",
    ]);
  });
});

describe.each([apps[7]!, apps[8]!, apps[9]!, apps[10]!])("%s %s %s", (file, args, packages) => {
  const serve = (options: AppOptions) => serveApp(file, args, { packages, ...options });
  const labelsOf = (rows: readonly { label: string }[]) => rows.map(({ label }) => label);

  test("names routes with their prefix and version, guards, pipes and middleware or not", async () => {
    const served = await serve({ kind: "versions" });
    const cases = [
      ["/api/users/bob", "/api/users/:id [GET]"],
      ["/api/guarded/bob", "/api/guarded/:id [GET]"],
      ["/api/shops/bob/items/notanumber", "/api/shops/:shop/items/:item [GET]"],
      ["/api/v2/second/bob", "/api/v2/second/:id [GET]"],
      ["/users/bob", "(unmatched) [GET]"],
    ] as const;
    for (const [path] of cases) await served.ask(path);
    expect(labelsOf(await served.stop())).toEqual(cases.map(([, label]) => label));
  });

  test("records requests that are rejected before they are routed", async () => {
    const served = await serve({});
    const path = args[0] === "fastify" ? "/users/bob" : "/users/17"; // Express itself does not know by then
    for (const header of ["rejected", "denied"]) {
      const response = await fetch(new URL(path, served.url), { headers: { [header]: "yes" } });
      expect(response.status).toBe(401);
    }
    const response = await fetch(new URL("/users/17", served.url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{",
    });
    expect(response.status).toBe(400);
    const labels = ["/users/:id [GET]", "/users/:id [GET]", "/users/:id [POST]"];
    expect(labelsOf(await served.stop())).toEqual(labels);
  });

  test("needs no options", async () => {
    const served = await serve({ kind: "plain" });
    await served.ask("/users/5");
    expect(labelsOf(await served.stop())).toEqual(["/users/:id [GET]"]);
  });

  test("records each request once where two modules import it", async () => {
    const served = await serve({ kind: "both" });
    await served.ask("/shops/5/items/6");
    expect(await served.stop()).toHaveLength(1);
  });
});

test.each(["examples", "own"] as const)(
  "NestJS on Express is recorded behind servers that the program makes: %s",
  async (packages) => {
    const served = await serveApp("nestjs.js", ["express"], {
      packages,
      kind: "own server",
      label: "from the adapter",
      preload: true,
    });
    await served.ask("/users/bob");
    await served.abandonHanging("/hang");
    const labels = ["from the adapter", "/hang [GET] (aborted)"];
    expect((await served.stop()).map(({ label }) => label)).toEqual(labels);
  },
);

test.each([
  ["fastify.js", "fastify", "examples"],
  ["fastify.js", "fastify4", "examples"],
  ["nestjs.js", "fastify", "examples"],
  ["nestjs.js", "fastify", "own"],
] as const)("%s records requests that are injected: %s %s", async (file, name, packages) => {
  const served = await serveApp(file, [name], { packages, inject: true });
  expect((await served.stop()).map(({ label }) => label)).toEqual(["/users/:id [GET]"]);
});

test("Hono: names the route that answered, or that a middleware kept a request from", async () => {
  const served = await serveApp("hono.js", []);
  const cases = [
    ["/users/me", "/users/me [GET]"],
    ["/users/you", "/users/:id [GET]"],
    ["/users/passed", "/users/:id [GET]"],
    ["/admin/things/bob", "/admin/things/:id [GET]"],
    ["/admin/things/bob?denied=1", "/admin/things/:id [GET]"],
    ["/admin/nothing?denied=1", "/admin/* [GET]"],
    ["/admin/nothing", "(unmatched) [GET]"],
  ] as const;
  for (const [path] of cases) await served.ask(path);
  expect((await served.stop()).map(({ label }) => label)).toEqual(cases.map(([, label]) => label));
});

test("a program of CommonJS has them all, and one that is mounted on another is recorded once", async () => {
  const flags = ["--disable-warning=ExperimentalWarning"]; // that modules can be required, which is not so new any more
  const served = await serveApp("commonjs.cjs", [], { flags });
  await served.program.line("recordRequests,seismo,SeismoRootModule");
  for (const path of ["/express/bob", "/koa/17"]) await served.ask(path);
  expect((await served.stop()).map(({ label }) => label)).toEqual(["/express/:id [GET]", "/koa/:id [GET]"]);
});
