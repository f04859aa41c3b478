/** Templates of routes, case by case, in every framework, and in two versions of it: what the label of each request is. */

import { beforeAll, describe, expect, test } from "vitest";
import { install } from "./made.js";
import { examples, serveApp } from "./served.js";

beforeAll(() => install(examples), 600_000);

/** Each request, in turn, and its label. */
type Cases = readonly (readonly [request: string, label: string])[];

async function expectLabels(file: string, args: readonly string[], cases: Cases): Promise<void> {
  const served = await serveApp(file, args);
  for (const [request] of cases) {
    const [method, path, body] = request.split(" ");
    await served.ask(path!, method, body);
  }
  const rows = await served.stop();
  expect(rows.map(({ label }, i) => [cases[i]?.[0], label])).toEqual(cases);
}

describe.each(["express", "express4"])("%s", (name) => {
  const isFour = name === "express4";
  test("names a route by what it and its routers were given, and never by what was asked for", () =>
    expectLabels(
      "express.js",
      [name],
      [
        ["GET /", "/ [GET]"],
        ["GET /plain/42?a=b", "/plain/:id [GET]"],
        ["GET /one/5", "/one/:a [GET]"],
        ["GET /two/6", "/two/:b [GET]"],
        ["GET /expression/77", "/^\\/expression\\/(\\d+)$/ [GET]"],
        ["GET /flights/LAX-SFO", "/flights/:from-:to [GET]"],
        ["GET /slash", "/slash [GET]"],
        ["GET /wild/a/b", isFour ? "/wild/* [GET]" : "/wild/*rest [GET]"],
        ["GET /users/42", "/users/:user [GET]"],
        ["GET /users/bob/posts/7?a=b", "/users/:user/posts/:post [GET]"],
        ["GET /USERS/ann/Posts/8/", "/users/:user/posts/:post [GET]"],
        ["GET /users/users/posts/posts", "/users/:user/posts/:post [GET]"],
        ["GET /users/%41/posts/%2F", "/users/:user/posts/:post [GET]"],
        ["GET /teams/bob/members/posts/3", "/teams/:team/members/posts/:post [GET]"],
        ["GET /users/bob/deep/ann/leaf/joe", "/users/:user/deep/:deep/leaf/:leaf [GET]"],
        ["GET /first/posts/1", "/first/posts/:post [GET]"],
        ["GET /second/bob/posts/1", "/second/:key/posts/:post [GET]"],
        ["GET /option/bob/leaf/1", isFour ? "/option/:o/leaf/:leaf [GET]" : "/option{/:o}/leaf/:leaf [GET]"],
        ["GET /inner/bob/thing/1", "/inner/:inner/thing/:thing [GET]"],
        ["GET /inner/bob/in/ann/leaf/1", "/inner/:inner/in/:region/leaf/:leaf [GET]"],
        ["GET /api/posts/1", "/api/posts/:post [GET]"],
        ["HEAD /plain/42", "/plain/:id [HEAD]"],
      ],
    ));

  test("knows the route when an error has gone up to the application", () =>
    expectLabels(
      "express.js",
      [name],
      [
        ["GET /users/bob/fails/1", "/users/:user/fails/:what [GET]"],
        ["GET /teams/bob/members/fails/1", "/teams/:team/members/fails/:what [GET]"],
        ["GET /users/bob/deep/ann/leaf/joe?fail=1", "/users/:user/deep/:deep/leaf/:leaf [GET]"],
        ["GET /inner/bob/thing/1", "/inner/:inner/thing/:thing [GET]"],
        ["GET /inner/bob/fails/1", "/inner/:inner/fails/:what [GET]"],
        ["GET /inner/bob/in/ann/leaf/joe?fail=1", "/inner/:inner/in/:region/leaf/:leaf [GET]"],
      ],
    ));

  test("makes do with the path where a mount cannot be told, and has one label for what is not there", () =>
    expectLabels(
      "express.js",
      [name],
      [
        ["GET /re-42/posts/17", "/re-42/posts/:id [GET]"],
        ["GET /group-42/posts/17", "/group-42/posts/:id [GET]"],
        ["GET /closure/leaf/17", "/closure/leaf/:id [GET]"],
        ["GET /nothing/42", "(unmatched) [GET]"],
        ["GET /users/42/nothing", "(unmatched) [GET]"],
        ["GET /users/42/passes/1", "(unmatched) [GET]"],
      ],
    ));

  test("finds a router that is mounted once more, later", () =>
    expectLabels(
      "express.js",
      [name],
      [
        ["GET /users/bob/posts/7", "/users/:user/posts/:post [GET]"],
        ["GET /mount", "/mount [GET]"],
        ["GET /later/ann/posts/7", "/later/:later/posts/:post [GET]"],
      ],
    ));
});

test.each(["fastify", "fastify4"])("%s names the routes of requests that are rejected before their handler", (name) =>
  expectLabels(
    "fastify.js",
    [name],
    [
      ["GET /users/5?a=b", "/users/:id [GET]"],
      ["GET /users/5?denied=1", "/users/:id [GET]"],
      ["POST /users/5 {}", "/users/:id [POST]"],
      ["POST /users/5 {", "/users/:id [POST]"],
      ["HEAD /users/5", "/users/:id [HEAD]"],
      ["GET /fails/5", "/fails/:what [GET]"],
      ["GET /shops/bob", "/shops/:shop [GET]"],
      ["GET /shops/bob/items/ann/a/b", "/shops/:shop/items/:item/* [GET]"],
      ["DELETE /users/5", "(unmatched) [DELETE]"],
      ["GET /nothing/5", "(unmatched) [GET]"],
      ["GET /shops/bob/nothing", "(unmatched) [GET]"],
    ],
  ),
);

test.each(["koa", "koa2"])("%s names the route that was run, or that a middleware of its router kept it from", (name) =>
  expectLabels(
    "koa.js",
    [name],
    [
      ["GET /api/users/me", "/api/users/me [GET]"],
      ["GET /api/users/5", "/api/users/:id [GET]"],
      ["GET /api/users/next", "/api/users/:id [GET]"],
      ["GET /api/nested/bob/guarded/own?denied=1", "/api/nested/:nested/guarded/own [GET]"],
      ["HEAD /api/users/5", "/api/users/:id [HEAD]"],
      ["GET /api/fails/5", "/api/fails/:what [GET]"],
      ["GET /api/nested/bob/things/ann", "/api/nested/:nested/things/:thing [GET]"],
      ["GET /api/nested/bob/guarded/ann", "/api/nested/:nested/guarded/:thing [GET]"],
      ["GET /api/nested/bob/guarded/ann?denied=1", "/api/nested/:nested/guarded/:thing [GET]"],
      ["GET /part/mounted/bob", "/part/mounted/:id [GET]"],
      ["GET /whole/part/mounted/17", "/whole/part/mounted/:id [GET]"],
      ["GET /files/a/b", "/files/*rest [GET]"],
      ["DELETE /api/nested/bob/things/ann", "(unmatched) [DELETE]"],
      ["GET /nothing/5", "(unmatched) [GET]"],
    ],
  ),
);

test.each(["smart", "reg-exp", "trie", "quick", "tiny"])(
  "Hono's %s router names the route, and not its middleware",
  (name) =>
    expectLabels(
      "hono.js",
      [name],
      [
        ["GET /users/5?a=b", "/users/:id [GET]"],
        ["GET /users/bob", "/users/:id [GET]"],
        ["GET /users/me", name === "reg-exp" ? "/users/:id [GET]" : "/users/me [GET]"],
        ["GET /users/%41%2f", "/users/:id [GET]"],
        ["GET /caf%C3%A9/bob", "/café/:name [GET]"],
        ["HEAD /users/bob", "/users/:id [HEAD]"],
        ["GET /admin/things/bob", "/admin/things/:id [GET]"],
        ["GET /admin/things/bob?denied=1", "/admin/things/:id [GET]"],
        ["GET /shops/bob/items/ann", "/shops/:shop/items/:item [GET]"],
        ["GET /fails/bob", "/fails/:what [GET]"],
        ["GET /slow/bob", "/slow/:id [GET]"],
        ["GET /admin/nothing", "(unmatched) [GET]"],
        ["GET /nothing/5", "(unmatched) [GET]"],
      ],
    ),
);

test("a match that Hono makes in a later turn is not taken for that of another request", async () => {
  const served = await serveApp("hono.js", ["late"]);
  const other = fetch(new URL("/admin/things/17", served.url)); // answered when both have come in
  await Promise.all([served.ask("/users/17"), other.then((response) => response.text())]);
  const rows = await served.stop();
  expect(rows.map(({ label }) => label).sort()).toEqual(["/admin/things/:id [GET]", "/users/:id [GET]"]);
});

test.each(["express", "fastify"])(
  "NestJS on %s names routes with their prefix and version, guards and pipes or not",
  (name) =>
    expectLabels(
      "nestjs.js",
      [name],
      [
        ["GET /api/v1/owners/bob/cats/5", "/api/v1/owners/:owner/cats/:id [GET]"],
        ["GET /api/v1/owners/bob/cats/five", "/api/v1/owners/:owner/cats/:id [GET]"],
        ["GET /api/v1/owners/bob/cats/guarded/five", "/api/v1/owners/:owner/cats/guarded/:id [GET]"],
        ["GET /api/v1/owners/bob/cats/fails/five", "/api/v1/owners/:owner/cats/fails/:id [GET]"],
        ["GET /api/v2/owners/bob/cats/second/five", "/api/v2/owners/:owner/cats/second/:id [GET]"],
        ["GET /api/v3/nothing", "(unmatched) [GET]"],
        ["GET /nothing", "(unmatched) [GET]"],
      ],
    ),
);

test("two versions of each in one process, of CommonJS, are all known", () => {
  const names = ["express", "express4", "koa", "koa2", "hono", "hono4.3", "fastify", "fastify4"];
  return expectLabels(
    "several.cjs",
    [],
    [...names, ...names].map((name) => [`GET /${name}/users/bob`, `/${name}/users/:id [GET]`] as const),
  );
});

test("whatever is found on a request, nothing throws, and its path is taken", () =>
  expectLabels(
    "hostile.js",
    [],
    [...Array.from({ length: 8 }, (_, i) => [`GET /routes/${i + 1}`, "/routes/:id [GET]"] as const)],
  ));
