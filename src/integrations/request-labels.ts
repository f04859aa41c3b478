/**
 * Request labels: which series a request belongs to. `/users/:id [GET]`: the template of its route and its verb.
 *
 * The template is what the framework knows; else, what `path-template.ts` makes of the path; except for what was not found,
 * which has one label for all. Query strings never enter a label. Whoever sends requests chooses the paths, so what is
 * kept of them is bounded: in number, and in length.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { LabelTable } from "../index.js";
import { BoundedLabels } from "./bounded-labels.js";
import { LabelFunction } from "./label-function.js";
import { pathTemplate } from "./path-template.js";
import { routeOf, urlOf } from "./route.js";
import { isVerb, OTHER_VERB, verbOf } from "./verbs.js";

/** Names the series of a request whose response has ended. */
export type LabelOf = (request: IncomingMessage, response: ServerResponse) => string | undefined;

/** What there is to know of a request that no framework has seen. */
export interface Exchange {
  readonly verb: string | undefined;
  readonly url: string | undefined;
  readonly status: number | undefined;
  readonly isAborted: boolean;
}

const UNMATCHED = "(unmatched)";
/** The path of a request to which the program has done what nobody foresaw. */
const UNKNOWN = "(unknown)";
const NOT_FOUND = 404;
const ABORTED = " (aborted)";
/** Paths whose label is remembered, and their greatest length: a slice of a text keeps all of it in memory. */
const MOST_REMEMBERED = 1_000;
const LONGEST_REMEMBERED = 256;
/** Hashes of paths that were seen, of which each may displace another. A power of two. */
const SEEN = 1_024;

export class RequestLabels {
  readonly #labels: LabelTable;
  readonly #labelFunction: LabelFunction<Parameters<LabelOf>> | undefined;
  readonly #ended: LabelsByVerb;
  readonly #aborted: LabelsByVerb;

  constructor(labels: LabelTable, labelOf?: LabelOf) {
    this.#labels = labels;
    this.#labelFunction = labelOf && new LabelFunction(labelOf, "requests");
    const ofPaths = new BoundedLabels(labels);
    this.#ended = new LabelsByVerb(labels, ofPaths, "");
    this.#aborted = new LabelsByVerb(labels, ofPaths, ABORTED);
  }

  /** Hot. The id of the label of a request that was answered. */
  idOf(request: IncomingMessage, response: ServerResponse): number {
    return this.#idOf(request, response, this.#ended);
  }

  /** The same, of one whose connection closed before. */
  idOfAborted(request: IncomingMessage, response: ServerResponse): number {
    return this.#idOf(request, response, this.#aborted);
  }

  idOfExchange({ verb = "GET", url, status, isAborted }: Exchange): number {
    const labels = isAborted ? this.#aborted : this.#ended;
    return status === NOT_FOUND ? labels.ofRoute(verb, UNMATCHED) : labels.ofUrl(verb, url);
  }

  /** The id of a label that names a path, and something else than a verb. */
  idOfPath(url: string | undefined, what: string): number {
    return this.#ended.ofUrl(what, url);
  }

  /** Of connections that were handed through: to whom, the client decides. */
  idOfTunnel(): number {
    return this.#ended.ofRoute("CONNECT", "(tunnel)");
  }

  #idOf(request: IncomingMessage, response: ServerResponse, labels: LabelsByVerb): number {
    if (this.#labelFunction !== undefined) {
      const label = this.#labelFunction.ask(request, response);
      if (label !== undefined) return this.#labels.idOf(labels === this.#aborted ? label + ABORTED : label);
    }
    try {
      const verb = request.method as string;
      const route = routeOf(request, response);
      if (route !== undefined) return labels.ofRoute(verb, route);
      if (response.statusCode === NOT_FOUND) return labels.ofRoute(verb, UNMATCHED);
      return labels.ofUrl(verb, urlOf(request));
    } catch {
      return labels.ofRoute(OTHER_VERB, UNKNOWN); // the objects are the program's, too: it may have taken one away
    }
  }
}

/** Ids of labels by verb, and then by route or path. */
class LabelsByVerb {
  readonly #labels: LabelTable;
  readonly #ofPaths: BoundedLabels;
  readonly #suffix: string;
  readonly #routes = new Map<string, Map<string, number>>();
  readonly #paths = new Map<string, Map<string, number>>();
  /** A path is remembered when it comes again: of a million that come once, none lives longer than its request. */
  readonly #seen = new Int32Array(SEEN);
  #remembered = 0;

  constructor(labels: LabelTable, ofPaths: BoundedLabels, suffix: string) {
    this.#labels = labels;
    this.#ofPaths = ofPaths;
    this.#suffix = suffix;
  }

  /** Hot. */
  ofRoute(verb: string, route: string): number {
    return this.#routes.get(verb)?.get(route) ?? this.#addRoute(verb, route);
  }

  /** Hot. Programs are known to put a parsed URL in its place. */
  ofUrl(verb: string, url: unknown): number {
    if (typeof url !== "string") return this.ofRoute(verb, UNKNOWN);
    const queryAt = url.indexOf("?");
    const path = queryAt < 0 ? url : url.slice(0, queryAt);
    return this.#paths.get(verb)?.get(path) ?? this.#addPath(verb, path, url.length);
  }

  #addRoute(verb: string, route: string): number {
    if (!isVerb(verb)) return this.ofRoute(verbOf(verb), route);
    const id = this.#labels.idOf(`${route} [${verb}]${this.#suffix}`);
    const ids = this.#routes.get(verb);
    if (!ids) this.#routes.set(verb, new Map([[route, id]]));
    else if (ids.size < MOST_REMEMBERED) ids.set(route, id);
    return id;
  }

  #addPath(verb: string, path: string, urlLength: number): number {
    if (!isVerb(verb)) return this.ofUrl(verbOf(verb), path);
    const id = this.#ofPaths.idOf(`${pathTemplate(path)} [${verb}]${this.#suffix}`);
    if (urlLength > LONGEST_REMEMBERED || !this.#comesAgain(path)) return id;
    if (++this.#remembered > MOST_REMEMBERED) {
      this.#paths.clear(); // those that come often are soon back
      this.#remembered = 1;
    }
    const ids = this.#paths.get(verb);
    if (ids) ids.set(path, id);
    else this.#paths.set(verb, new Map([[path, id]]));
    return id;
  }

  /** Whether a path has been seen not long ago. A guess: one with the same hash will do. */
  #comesAgain(path: string): boolean {
    let hash = path.length;
    for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193); // FNV-1a
    const slot = (hash ^ (hash >>> 16)) & (SEEN - 1);
    if (this.#seen[slot] === hash) return true;
    this.#seen[slot] = hash;
    return false;
  }
}
