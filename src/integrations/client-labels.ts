/**
 * Client labels: which series an outgoing call belongs to. `→ api.example.com/users/:id [GET]`: host, template of the path, verb.
 *
 * Neither queries nor credentials enter a label. Hosts and paths may be anybody's choice, where a program fetches what it
 * is told to, so what is kept of them is bounded: in number, and in length.
 */

import type { LabelTable } from "../index.js";
import { BoundedLabels } from "./bounded-labels.js";
import { LabelFunction } from "./label-function.js";
import { pathTemplate } from "./path-template.js";
import { verbOf } from "./verbs.js";

/** A call of this program to a server, when it has ended. */
export interface ClientCall {
  /** Whom it went to, with the port if that is not the default: "api.example.com", "127.0.0.1:8080", "[::1]:8080". */
  readonly host: string;
  /** The verb; "UPGRADE" where a connection was asked to change its protocol, as for a WebSocket. */
  readonly method: string;
  /** As it was sent, ids, query and all. Whatever of it comes into a label stays in files. */
  readonly path: string;
  /** The status of the response; nothing if none came. */
  readonly status: number | undefined;
}

/** Names the series of a call that has ended. */
export type ClientLabelOf = (call: ClientCall) => string | undefined;

/** How a call ended. */
export type Outcome = 0 | 1 | 2;
/** With the whole response. */
export const COMPLETE = 0;
/** The program gave it up. */
export const ABORTED = 1;
/** No response came, or not all of it. */
export const FAILED = 2;
const SUFFIXES = ["", " (aborted)", " (failed)"] as const;

/** Calls whose label is remembered, and the greatest length of one: a slice of a text keeps all of it in memory. */
const MOST_REMEMBERED = 1_000;
const LONGEST_REMEMBERED = 256;
const LONGEST_HOST = 255;
const INVALID_HOST = "(invalid host)";
const UNKNOWN = "→ (unknown) [OTHER]";

/** Ids of the labels of one call, one for each outcome. Those not asked for yet are -1. */
type Ids = [number, number, number];

export class ClientLabels {
  readonly #labels: LabelTable;
  readonly #labelFunction: LabelFunction<Parameters<ClientLabelOf>> | undefined;
  readonly #bounded: BoundedLabels;
  /** By origin, verb and path. */
  readonly #known = new Map<string, Map<string, Map<string, Ids>>>();
  #remembered = 0;

  constructor(labels: LabelTable, labelOf?: ClientLabelOf) {
    this.#labels = labels;
    this.#labelFunction = labelOf && new LabelFunction(labelOf, "calls");
    this.#bounded = new BoundedLabels(labels);
  }

  /**
   * Hot.
   * @param origin  "http://host:port", "host:port" where that is the default one or no protocol knows better, or "unix:/path"
   * @param target  the path, or the target in absolute form that a proxy is asked for
   */
  idOf(outcome: Outcome, origin: string, method: string, target: string, status: number | undefined): number {
    try {
      return this.#idOf(outcome, origin, method, target, status);
    } catch {
      return this.#labels.idOf(`${UNKNOWN}${SUFFIXES[outcome]}`); // its fields are the program's, too: it may have emptied them
    }
  }

  #idOf(outcome: Outcome, origin: string, method: string, target: string, status: number | undefined): number {
    if (this.#labelFunction !== undefined) {
      const host = hostOf(origin, target);
      const label = this.#labelFunction.ask({ host, method: verbOf(method), path: target, status });
      if (label !== undefined) return this.#labels.idOf(label + SUFFIXES[outcome]);
    }
    const queryAt = target.indexOf("?");
    const path = queryAt < 0 ? target : target.slice(0, queryAt);
    const ids = this.#known.get(origin)?.get(method)?.get(path) ?? this.#remember(origin, method, path, target.length);
    const id = ids[outcome];
    return id < 0 ? this.#make(ids, outcome, origin, method, path) : id;
  }

  #remember(origin: string, method: string, path: string, length: number): Ids {
    const ids: Ids = [-1, -1, -1];
    if (length + origin.length + method.length > LONGEST_REMEMBERED) return ids;
    if (++this.#remembered > MOST_REMEMBERED) {
      this.#known.clear(); // those that come often are soon back
      this.#remembered = 1;
    }
    const byMethod = this.#known.get(origin) ?? new Map<string, Map<string, Ids>>();
    const byPath = byMethod.get(method) ?? new Map<string, Ids>();
    this.#known.set(origin, byMethod);
    byMethod.set(method, byPath);
    byPath.set(path, ids);
    return ids;
  }

  #make(ids: Ids, outcome: Outcome, origin: string, method: string, path: string): number {
    const verb = verbOf(method);
    const template = verb === "CONNECT" ? "" : pathTemplate(path);
    const label = `→ ${hostOf(origin, path)}${template} [${verb}]${SUFFIXES[outcome]}`;
    const id = this.#bounded.idOf(label);
    if (!this.#bounded.isFull) ids[outcome] = id; // else its series may be made yet
    return id;
  }
}

/** The host in an origin; what a proxy is asked for is in the target. */
function hostOf(origin: string, target: string): string {
  if (origin.startsWith("unix:")) return /^[\w./-]{1,255}$/.test(origin.slice(5)) ? origin : INVALID_HOST;
  const isForProxy = target.charCodeAt(0) !== 0x2f && target.slice(0, 16).includes("://");
  const text = isForProxy ? target : origin;
  const scheme = text.slice(0, 16).indexOf("://");
  const from = scheme < 0 ? 0 : scheme + 3;
  let to = text.indexOf("/", from);
  if (to < 0) to = text.length;
  const at = text.lastIndexOf("@", to);
  const authority = text.slice(at >= from ? at + 1 : from, to);
  if (authority.length > LONGEST_HOST || !/^[\w.:[\]-]+$/.test(authority)) return INVALID_HOST;
  return withoutDefaultPort(authority.toLowerCase(), scheme === 5 ? ":443" : scheme === 4 ? ":80" : "");
}

export function withoutDefaultPort(authority: string, port: string): string {
  return port !== "" && authority.endsWith(port) ? authority.slice(0, -port.length) : authority;
}
