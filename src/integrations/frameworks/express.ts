/**
 * Express 4 and 5, and what stands on them: the template of a request's route, found in the routers that led to it.
 *
 * The request keeps its route, and the path that was given for it, but not where its router is mounted: `baseUrl` holds
 * the actual path, ids included, and is taken back where an error goes up to the application's own handler. So the
 * application's tree of routers is walked, once, for the places of every route; and of those a request's URL fits one.
 *
 * What a router was mounted with is only known to later versions. For the others it is found out from the first URL that
 * comes by: Express 4 has a regular expression, whose groups are the parameters; Express 5 a function, which is tried on
 * the URL with one segment after the other replaced. What neither explains is an id for all we know, and there is no template.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { endOfPath, fits, fitUpTo, isCatchAll, joined, type PathPattern, pathPattern } from "./path-pattern.js";

export interface ExpressRequest extends IncomingMessage {
  readonly route?: Route | null;
  readonly app?: App;
  readonly baseUrl?: string;
  readonly originalUrl?: string;
}

type Path = string | RegExp | readonly Path[];

interface Route {
  readonly path?: Path;
  readonly methods?: { readonly _all?: boolean };
}

interface App {
  readonly parent?: App;
  readonly mountpath?: Path;
  /** Express 4, whose `router` throws. */
  readonly _router?: Router;
  readonly lazyrouter?: unknown;
  readonly router?: Router;
}

interface Router {
  readonly stack?: readonly Layer[];
}

interface Layer {
  readonly route?: Route;
  readonly handle?: Router & App;
  /** Express 5.3 and later. */
  readonly rawPath?: Path;
  readonly slash?: boolean;
  readonly matchers?: readonly Matcher[];
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  readonly keys?: readonly { readonly name: string | number }[];
}

type Matcher = (path: string) => false | { readonly path: string; readonly params: Record<string, unknown> };

/** Something a router is mounted at: a layer of the one above; or what an application, which has no layer, was mounted with. */
type Mount = Layer | PathPatternMount;
interface PathPatternMount {
  readonly template: string;
  readonly pattern: PathPattern;
}

/** A place a route is at, of which a URL has told. */
interface Place {
  readonly base: string;
  readonly pattern: PathPattern | undefined;
  readonly templates: readonly string[];
}

interface KnownRoute {
  /** The one template that a route has which is not below any mount. */
  only: string | undefined;
  readonly paths: readonly RoutePath[];
  readonly chains: Mount[][];
  readonly places: Place[];
  misses: number;
}

interface RoutePath {
  readonly text: string;
  readonly pattern: PathPattern | undefined;
}

const NOT_FOUND = 404;
const MOST_PLACES = 64;
const DEEPEST = 32;

const known = new WeakMap<Route, KnownRoute>();

/** Hot. */
export function expressRoute(request: ExpressRequest, response: ServerResponse): string | undefined {
  const { route } = request;
  if (route === null || typeof route !== "object" || route.path === undefined) return undefined;
  const its = known.get(route) ?? learn(route, request.app);
  const template = its.only !== undefined && !request.baseUrl ? its.only : templateOf(its, request);
  return response.statusCode === NOT_FOUND && template !== undefined && isOpen(route, template) ? undefined : template;
}

/** A route for whatever comes, as middleware is often given: having been there says nothing of a request that was not found. */
function isOpen({ methods }: Route, template: string): boolean {
  return isCatchAll(template) || (methods?._all === true && /(\*\w*\}?|\(\.\*\))$/.test(template));
}

function templateOf(its: KnownRoute, request: ExpressRequest): string | undefined {
  const { baseUrl } = request;
  const url = request.originalUrl ?? request.url ?? "";
  for (const place of its.places) {
    const isHere = baseUrl
      ? place.base === baseUrl || (place.pattern !== undefined && fits(place.pattern, baseUrl, baseUrl.length))
      : place.pattern !== undefined && isWhole(its, place.pattern, url);
    if (isHere) return chosen(its, place, url);
  }
  return found(its, request, url);
}

/** The route has as many templates in one place as it was given paths. */
function chosen(its: KnownRoute, { pattern, templates }: Place, url: string): string | undefined {
  if (templates.length === 1) return templates[0];
  const at = pattern ? fitUpTo(pattern, url, endOfPath(url)) : -1;
  if (at >= 0) {
    const rest = url.slice(at, endOfPath(url)) || "/";
    const fitting = its.paths.findIndex((path) => path.pattern !== undefined && fits(path.pattern, rest, rest.length));
    if (fitting >= 0) return templates[fitting];
  }
  return templates.join(" | ");
}

/** Whether a place, and one of the route's paths below it, make up the URL: for when `baseUrl` has been taken back. */
function isWhole(its: KnownRoute, base: PathPattern, url: string): boolean {
  const end = endOfPath(url);
  const at = fitUpTo(base, url, end);
  if (at < 0) return false;
  const rest = url.slice(at, end) || "/";
  return its.paths.some(({ pattern }) => pattern === undefined || fits(pattern, rest, rest.length));
}

/** Tries every way to the route on the URL; and if none leads there, looks whether there are new ones. */
function found(its: KnownRoute, request: ExpressRequest, url: string): string | undefined {
  const { baseUrl, app } = request;
  let place = placeOf(its, url, baseUrl);
  if (place === undefined && isPowerOfTwo(++its.misses)) {
    walkFrom(app);
    place = placeOf(its, url, baseUrl);
  }
  if (place === undefined) return undefined;
  if (its.places.length < MOST_PLACES) its.places.push(place);
  return chosen(its, place, url);
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}

function placeOf(its: KnownRoute, url: string, baseUrl: string | undefined): Place | undefined {
  const path = url.slice(0, endOfPath(url));
  for (const chain of its.chains) {
    // the URL, or where the program has rewritten it, what the routers took it for
    const base = mountedAt(chain, path) ?? (baseUrl ? mountedAt(chain, `${baseUrl}/`) : undefined);
    if (base === undefined) continue;
    const pattern = pathPattern(base);
    if (!baseUrl && !(pattern && isWhole(its, pattern, url))) continue;
    if (baseUrl && pattern && !fits(pattern, baseUrl, baseUrl.length)) continue;
    return { base, pattern, templates: its.paths.map(({ text }) => joined(base, text)) };
  }
  return undefined;
}

// What routes there are

function learn(route: Route, app: App | undefined): KnownRoute {
  walkFrom(app);
  let its = known.get(route);
  if (its === undefined) {
    its = knownRoute(route);
    known.set(route, its);
    // a router without an application: not mounted, as far as what it was given fits the whole of a URL
    if (!app && its.paths.every(({ pattern }) => pattern)) its.chains.push([]);
  }
  return its;
}

function knownRoute(route: Route): KnownRoute {
  const paths = pathsOf(route.path as Path).map((text) => ({ text, pattern: pathPattern(text) }));
  return { only: undefined, paths, chains: [], places: [], misses: 0 };
}

function pathsOf(path: Path): string[] {
  return Array.isArray(path) ? (path.flat(DEEPEST) as Path[]).map(String) : [String(path)];
}

/** An application that is mounted on another is not to be found from there, but knows where it is itself. */
function walkFrom(app: App | undefined): void {
  if (!app) return;
  const mounts = mountsOf(app, 0);
  if (mounts) for (const mount of mounts) walk(routerOf(app), mount, 0);
  if (app.parent) walkFrom(topOf(app));
}

function topOf(app: App): App {
  let top = app;
  for (let i = 0; i < DEEPEST && top.parent; i++) top = top.parent;
  return top;
}

/** The ways to an application, of which each is a row of mounts; undefined where one cannot be told. */
function mountsOf(app: App, depth: number): Mount[][] | undefined {
  if (!app.parent || depth > DEEPEST) return [[]];
  const above = mountsOf(app.parent, depth + 1);
  if (!above) return undefined;
  return pathsOf(app.mountpath ?? "/").flatMap((template) => {
    const pattern = pathPattern(template);
    return pattern ? above.map((mounts) => [...mounts, { template, pattern }]) : [];
  });
}

function routerOf(app: App): Router | undefined {
  return app._router ?? (app.lazyrouter === undefined ? app.router : undefined);
}

function walk(router: Router | undefined, mounts: Mount[], depth: number): void {
  if (!Array.isArray(router?.stack) || depth > DEEPEST) return;
  for (const layer of router.stack as Layer[]) {
    if (layer.route) {
      enter(layer.route, mounts);
    } else if (typeof layer.handle === "function") {
      const handle = layer.handle as Router & App;
      const below = Array.isArray(handle.stack) ? handle : isApp(handle) ? routerOf(handle) : undefined;
      if (below) walk(below, isSlash(layer) ? mounts : [...mounts, layer], depth + 1);
    }
  }
}

/** An application that a router, and not another application, uses. */
function isApp(handle: object): boolean {
  return "handle" in handle && "set" in handle && "mountpath" in handle;
}

function isSlash(layer: Layer): boolean {
  return layer.slash === true || layer.regexp?.fast_slash === true;
}

function enter(route: Route, mounts: Mount[]): void {
  let its = known.get(route);
  if (its === undefined) {
    its = knownRoute(route);
    known.set(route, its);
  }
  const isNew = !its.chains.some(
    (chain) => chain.length === mounts.length && chain.every((mount, i) => mount === mounts[i]),
  );
  if (isNew) its.chains.push(mounts);
  const isOnly = its.chains.length === 1 && mounts.length === 0 && its.paths.length === 1;
  its.only = isOnly ? joined("", its.paths[0]!.text) : undefined;
}

// What a router is mounted at

/** The template of where a row of mounts leads to, for a path that begins there. */
function mountedAt(chain: readonly Mount[], path: string): string | undefined {
  let template = "";
  let rest = path;
  for (const mount of chain) {
    const mounted = mountedOn(mount, rest);
    if (mounted === undefined) return undefined;
    template += mounted.template.replace(/\/$/, "");
    rest = rest.slice(mounted.length);
    if (!rest.startsWith("/")) rest = `/${rest}`;
  }
  return template;
}

interface Mounted {
  readonly template: string;
  /** Of the path, how much was taken. */
  readonly length: number;
}

function mountedOn(mount: Mount, path: string): Mounted | undefined {
  if ("pattern" in mount) {
    const length = fitUpTo(mount.pattern, path, path.length);
    return length < 0 ? undefined : { template: mount.template, length };
  }
  if (isSlash(mount)) return { template: "", length: 0 };
  if (mount.regexp !== undefined) return matchedGroups(mount.regexp, mount.keys ?? [], path);
  for (const [i, matcher] of (mount.matchers ?? []).entries()) {
    const match = matcher(path);
    if (match === false || (path[match.path.length] ?? "/") !== "/") continue;
    const given = Array.isArray(mount.rawPath) ? mount.rawPath[i] : mount.rawPath;
    const { length } = match.path.replace(/\/$/, "");
    const template = given === undefined ? probed(matcher, match.path, match.params) : textOf(given);
    if (template !== undefined) return { template, length };
  }
  return undefined;
}

/** Of a regular expression there is no telling what in the path it stands for. */
function textOf(path: Path): string | undefined {
  return typeof path === "string" ? joined("", path) : undefined;
}

/** Express 4: what the groups took is a parameter; the rest must be said by the expression, word for word. */
function matchedGroups(regexp: RegExp, keys: NonNullable<Layer["keys"]>, path: string): Mounted | undefined {
  const match = new RegExp(regexp.source, `${regexp.flags.replace(/[dgy]/g, "")}d`).exec(path);
  if (match === null || !match.indices || match.index !== 0) return undefined;
  const said = regexp.source.replace(/\\(.)/g, "$1");
  const words = (from: number, to: number) => {
    const spelt = path
      .slice(from, to)
      .split("/")
      .map((word) => {
        const at = said.toLowerCase().indexOf(word.toLowerCase());
        return at < 0 ? undefined : said.slice(at, at + word.length);
      });
    return spelt.includes(undefined) ? undefined : spelt.join("/");
  };
  let template = "";
  let at = 0;
  for (let i = 1; i < match.length; i++) {
    const group = match.indices[i];
    if (group === undefined || group[0] < at) continue;
    const name = keys[i - 1]?.name;
    const before = words(at, group[0]);
    if (typeof name !== "string" || before === undefined) return undefined;
    template += `${before}:${name}`;
    at = group[1];
  }
  const { length } = match[0].replace(/\/$/, "");
  const after = words(at, Math.max(at, length));
  return after === undefined ? undefined : { template: template + after, length };
}

const PROBE = "seismo-probe";

/** Express 5: a segment that can be any other is a parameter, and its name is what then has that other value. */
function probed(matcher: Matcher, path: string, params: Record<string, unknown>): string | undefined {
  if (matcher.name === "regexpMatcher") return undefined;
  const segments = path.replace(/^\/|\/$/g, "").split("/");
  const named = new Set<string>();
  const template = segments.map((segment, i) => {
    const other = `/${segments.with(i, PROBE).join("/")}`;
    const match = matcher(other);
    if (match === false || match.path.replace(/\/$/, "") !== other) return segment;
    const [name] = Object.entries(match.params).find(([, value]) => value === PROBE) ?? [];
    if (name !== undefined) named.add(name);
    return name === undefined ? undefined : `:${name}`;
  });
  const areAllNamed = Object.keys(params).every((name) => named.has(name));
  return areAllNamed && !template.includes(undefined) ? `/${template.join("/")}` : undefined;
}
