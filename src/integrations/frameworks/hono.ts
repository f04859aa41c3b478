/**
 * Hono on Node: its routers' `match` tells which routes matched a path. Which request the path is of, it does not say; but
 * the adapter of Node asks for the match in the turn in which the request began, so it is the last one that began,
 * if verb and path are the same.
 *
 * The routers of an ESM program are in no cache that can be read on Node 20. But a module that is imported again, by the
 * same URL, is the same: so they are imported, if a server listens with what `@hono/node-server` makes, which is to
 * say that Hono is loaded already. The import takes no more than a few microtasks, and so is over before the first request
 * of a connection has been read.
 */

import { subscribe } from "node:diagnostics_channel";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { Server } from "node:net";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { listensWith, loadedModules } from "./loaded-modules.js";
import { endOfPath, isCatchAll } from "./path-pattern.js";

export const HONO_MATCH: unique symbol = Symbol.for("seismo.hono") as never;

/** What matched, in the order it is run: a handler, and the route it belongs to. */
type Matched = readonly (readonly [readonly [handler: unknown, route: HonoRoute], ...unknown[]])[];
type MatchResult = readonly [Matched, ...unknown[]];
type Match = (method: string, path: string) => MatchResult;

interface HonoRoute {
  readonly path: string;
  /** "ALL" for what `use()` was given. */
  readonly method: string;
}

export interface HonoRequest extends IncomingMessage {
  [HONO_MATCH]?: MatchResult;
}

interface Router {
  match?: Match;
  buildAllMatchers?: (this: Router) => unknown;
}

const ROUTERS = ["smart-router", "reg-exp-router", "trie-router", "linear-router", "pattern-router"];
const REQUIRED = ROUTERS.map((name) => `/dist/cjs/router/${name}/router.js`);
const ADAPTER = "fetchCallback";
const NOT_FOUND = 404;

const hooked = new WeakSet<object>();
let current: HonoRequest | undefined;
let isListening = false;
let hasImported = false;

export function findHono(server: Server | undefined): void {
  const required = loadedModules(REQUIRED);
  hookAll(required);
  if (hasImported || !listensWith(server, ADAPTER)) return;
  hasImported = true;
  if (required.length === 0 || createRequire(import.meta.url).main === undefined) importRouters().catch(() => {});
}

/** Of the one version that the program itself would import. */
async function importRouters(): Promise<void> {
  const root = packageOf("hono");
  if (root === undefined) return;
  const files = ROUTERS.map((name) => join(root, "dist/router", name, "router.js")).filter((file) => existsSync(file));
  // each when it is there: those that the program has not loaded have to be read first
  await Promise.all(files.map(async (file) => hookAll([await import(pathToFileURL(file).href)])));
}

/** The folder of a package, as the program's main module sees it. */
function packageOf(name: string): string | undefined {
  for (const from of [process.argv[1], join(process.cwd(), "main.js")]) {
    if (from === undefined) continue;
    try {
      const main = existsSync(from) ? realpathSync(from) : from;
      let folder = dirname(createRequire(main).resolve(name));
      while (folder !== dirname(folder)) {
        const manifest = join(folder, "package.json");
        if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name === name) return folder;
        folder = dirname(folder);
      }
    } catch {
      // not from there
    }
  }
  return undefined;
}

function hookAll(modules: readonly unknown[]): void {
  for (const module of modules) {
    for (const exported of Object.values(module ?? {})) {
      const prototype = (exported as { prototype?: Router } | undefined)?.prototype;
      if (prototype) hook(prototype);
    }
  }
}

function hook(router: Router): void {
  if (hooked.has(router)) return;
  const { match, buildAllMatchers } = router;
  if (match === undefined && buildAllMatchers === undefined) return;
  hooked.add(router);
  listen();
  if (match !== undefined) {
    router.match = function (this: Router, method, path) {
      const result = match.call(this, method, path);
      // the first match leaves a faster one on the router itself
      if (Object.hasOwn(this, "match") && this.match) this.match = noting(this.match);
      note(method, path, result);
      return result;
    };
  } else if (buildAllMatchers !== undefined) {
    // `match` is a field here, not a method: what it calls is what can be hooked, and it then assigns the faster one
    router.buildAllMatchers = function (this: Router) {
      const matchers = buildAllMatchers.call(this);
      const slow = this.match;
      const define = (descriptor: PropertyDescriptor) =>
        Object.defineProperty(this, "match", { configurable: true, enumerable: true, ...descriptor });
      define({ get: () => slow, set: (fast: Match) => void define({ writable: true, value: noting(fast) }) });
      return matchers;
    };
  }
}

function noting(match: Match): Match {
  return function (this: unknown, method, path) {
    const result = match.call(this, method, path);
    note(method, path, result);
    return result;
  };
}

function listen(): void {
  if (isListening) return;
  isListening = true;
  subscribe("http.server.request.start", (message) => {
    current = (message as { request: HonoRequest }).request;
  });
}

/** Hot, and within the program's turn. */
function note(method: string, path: string, result: MatchResult): void {
  const request = current;
  if (request === undefined) return;
  current = undefined;
  try {
    const isSameVerb = request.method === method || (request.method === "HEAD" && method === "GET");
    if (isSameVerb && isPathOf(request.url as string, path)) request[HONO_MATCH] = result;
  } catch {
    // a frozen request
  }
}

function isPathOf(url: string, path: string): boolean {
  const end = endOfPath(url);
  if (end === path.length && url.startsWith(path)) return true;
  if (end === path.length + 1 && url.charCodeAt(path.length) === 47 && url.startsWith(path)) return true; // not strict
  return url.includes("%") && sameDecoded(url.slice(0, end), path);
}

function sameDecoded(path: string, decoded: string): boolean {
  try {
    return decodeURI(path) === decoded;
  } catch {
    return false;
  }
}

/**
 * Hot. The first route that is no middleware, as the first that answers is the last that runs; or, where nothing but
 * middleware matched, the one that guards the smallest part of the site.
 */
export function honoRoute([matched]: MatchResult, { statusCode }: ServerResponse): string | undefined {
  let guarded: string | undefined;
  for (let i = 0; i < matched.length; i++) {
    const { path, method } = matched[i]![0][1];
    if (method === "ALL" && path.endsWith("*")) guarded = path;
    else return statusCode === NOT_FOUND && isCatchAll(path) ? undefined : path;
  }
  return guarded === undefined || statusCode === NOT_FOUND || isCatchAll(guarded) ? undefined : guarded;
}
