/**
 * Koa with its router: `createContext` of every application class leaves the context on the request, where it is asked,
 * when the response has ended, which of the routes that matched was run.
 *
 * `ctx._matchedRoute`, which is meant for this, names a middleware of the router where that one answered, and of two
 * routes that match the later one, in some versions. So the layers that matched are looked at.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { loadedModules } from "./loaded-modules.js";
import { endOfPath, fits, isCatchAll, joined, pathPattern } from "./path-pattern.js";

export const KOA_CONTEXT: unique symbol = Symbol.for("seismo.koa") as never;

interface Layer {
  readonly path: unknown;
  readonly methods: readonly string[];
}

export interface KoaContext {
  /** Layers of every router whose path matched, in the order they are run. */
  readonly matched?: readonly Layer[];
  /** Path of the layer that was run last. */
  readonly routerPath?: unknown;
  readonly _matchedRoute?: unknown;
  /** Where `koa-mount` has put the application that answered. */
  readonly mountPath?: unknown;
  readonly originalUrl?: unknown;
}

export interface KoaRequest extends IncomingMessage {
  [KOA_CONTEXT]?: KoaContext;
}

interface Koa {
  createContext(this: unknown, request: KoaRequest, response: ServerResponse): KoaContext;
}

const NOT_FOUND = 404;
const hooked = new WeakSet<object>();

export function findKoa(): void {
  // whatever the package's folder is called: two versions in one program have aliases
  for (const exported of loadedModules(["/lib/application.js"])) {
    const prototype = (exported as { prototype?: Koa } | undefined)?.prototype;
    if (prototype && typeof prototype.createContext === "function" && "callback" in prototype) hook(prototype);
  }
}

function hook(koa: Koa): void {
  if (hooked.has(koa)) return;
  hooked.add(koa);
  const original = koa.createContext;
  koa.createContext = function createContext(request, response) {
    const context = original.call(this, request, response);
    try {
      request[KOA_CONTEXT] = context;
    } catch {
      // a frozen request
    }
    return context;
  };
}

/** Hot. */
export function koaRoute(context: KoaContext, request: IncomingMessage, response: ServerResponse): string | undefined {
  const path = pathOf(context, request.method as string);
  if (path === undefined) return undefined;
  if (typeof path === "string" && context.mountPath === undefined) {
    return response.statusCode === NOT_FOUND && isCatchAll(path) ? undefined : path === "" ? "/" : path;
  }
  return mounted(context, typeof path === "string" ? path : String(path));
}

function pathOf({ matched, routerPath, _matchedRoute }: KoaContext, method: string): unknown {
  if (matched === undefined) return typeof _matchedRoute === "string" ? _matchedRoute : undefined;
  let first: Layer | undefined;
  for (const layer of matched) {
    if (!layer.methods.includes(method)) continue; // a middleware, or a route of another verb
    if (layer.path === routerPath) return routerPath;
    first ??= layer;
  }
  return first?.path; // a middleware of the router answered: this is what it guards
}

const mounts = new Map<string, Map<string, string>>();
const MOST_MOUNTS = 1_000;

/** With the prefix, which the router does not know of. Of applications mounted within others, only the last prefix is known. */
function mounted({ mountPath, originalUrl }: KoaContext, path: string): string | undefined {
  if (mountPath === undefined) return path;
  if (typeof mountPath !== "string" || typeof originalUrl !== "string") return undefined;
  let paths = mounts.get(mountPath);
  if (paths === undefined) {
    if (mounts.size >= MOST_MOUNTS) return undefined;
    paths = new Map();
    mounts.set(mountPath, paths);
  }
  let template = paths.get(path);
  if (template === undefined) {
    template = joined(mountPath, path);
    if (paths.size < MOST_MOUNTS) paths.set(path, template);
  }
  const pattern = pathPattern(template);
  return pattern && fits(pattern, originalUrl, endOfPath(originalUrl)) ? template : undefined;
}
