/**
 * HTTP server: a duration for every request that a server of this process answers, or fails to.
 *
 *     request.start ──▶ a token on the response ──▶ response.finish ───────▶ "/users/:id [GET]"
 *                                               └─▶ the connection closes ─▶ "/users/:id [GET] (aborted)"
 *
 * Node tells of both ends on diagnostics channels, which patch nothing and cost some 20 ns each. That a response will never
 * be finished it tells nobody, so there is one listener for each connection, whatever the number of requests on it.
 * Servers of HTTP/2 and upgraded connections have no channels on Node 20: `server-events.ts`.
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import type { Server, Socket } from "node:net";
import { clearImmediate, setImmediate } from "node:timers";
import { OptionError, refuseUnknown, requireObject } from "../errors.js";
import { type DurationRecorder, durationRecorder } from "../index.js";
import { type LabelOf, RequestLabels } from "./request-labels.js";
import { findFrameworks } from "./route.js";
import { ServerEvents } from "./server-events.js";
import { type TimedResponse, TOKEN } from "./timed-response.js";

export interface HttpServerOptions {
  /**
   * Names the series of a request, when its response has ended. Nothing: as without it. Never put ids into a label. What it
   * throws is taken as nothing, and warned about once.
   * @default the template of its route, as far as a framework knows one, and the verb: "/users/:id [GET]"
   */
  readonly label?: LabelOf | undefined;
  /** Prefix of the files that take the samples. @default "duration" */
  readonly prefix?: string | undefined;
}

const OPEN: unique symbol = Symbol("seismo open responses");

interface WatchedSocket extends Socket {
  /** Responses under way on this connection, oldest first: more than one where requests are pipelined. */
  [OPEN]?: TimedResponse[];
}

interface RequestMessage {
  readonly request: IncomingMessage;
  readonly response: TimedResponse;
  readonly socket: WatchedSocket;
}

/** Records what the servers of this thread do, from construction until `stop()`. */
export class HttpServerRecorder {
  readonly #recorder: DurationRecorder;
  readonly #labels: RequestLabels;
  readonly #events: ServerEvents;
  readonly #immediate: NodeJS.Immediate;

  constructor(labels: RequestLabels, recorder: DurationRecorder) {
    this.#recorder = recorder;
    this.#labels = labels;
    this.#events = new ServerEvents(recorder, labels);
    subscribe("http.server.request.start", this.#onStart);
    subscribe("http.server.response.finish", this.#onFinish);
    subscribe("net.server.socket", this.#onConnection);
    findFrameworks();
    this.#immediate = setImmediate(findFrameworks).unref(); // the program has been loaded by then
  }

  stop(): void {
    unsubscribe("http.server.request.start", this.#onStart);
    unsubscribe("http.server.response.finish", this.#onFinish);
    unsubscribe("net.server.socket", this.#onConnection);
    clearImmediate(this.#immediate);
    this.#events.stop();
  }

  /** Hot, as is the next. What they throw would end the process. */
  readonly #onStart = (message: unknown): void => {
    const { response, socket } = message as RequestMessage;
    response[TOKEN] = this.#recorder.start();
    const open = socket[OPEN];
    if (open === undefined) this.#watch(socket, response);
    else open.push(response);
  };

  readonly #onFinish = (message: unknown): void => {
    const { request, response, socket } = message as RequestMessage;
    const open = socket[OPEN];
    if (open === undefined || !hasTaken(open, response)) return;
    const token = response[TOKEN];
    if (token === 0) return; // somebody else's to record
    const ended = this.#recorder.start(); // before the label is made, which takes time of its own
    this.#recorder.stopAt(this.#labels.idOf(request, response), token, ended);
  };

  #watch(socket: WatchedSocket, response: TimedResponse): void {
    const open = [response];
    socket[OPEN] = open;
    socket.on("close", () => {
      // who records now may not be who did when it opened
      if (current && open.length > 0) current.#onAborted(open.splice(0));
    });
  }

  #onAborted(responses: readonly TimedResponse[]): void {
    const ended = this.#recorder.start();
    for (const each of responses) {
      const token = each[TOKEN];
      if (token === 0) continue; // somebody else's to record
      if (each.socket === null && each.writableFinished) continue; // it was finished, while nobody listened
      this.#recorder.stopAt(this.#labels.idOfAborted(each.req, each), token, ended);
    }
  }

  readonly #onConnection = (message: unknown): void => {
    const { server } = (message as { socket: Socket & { server?: Server } }).socket;
    if (server && this.#events.watch(server)) findFrameworks(server);
  };
}

function hasTaken(open: TimedResponse[], response: TimedResponse): boolean {
  const at = open.length === 1 && open[0] === response ? 0 : open.indexOf(response);
  if (at < 0) return false; // it began before we listened
  if (open.length === 1) open.pop();
  else open.splice(at, 1);
  return true;
}

let current: HttpServerRecorder | undefined;

/**
 * Records the duration of every request that servers of this thread answer: `node:http`, `https` and `http2`, and so
 * whatever framework stands on them. From the request's head having been read until its response has been handed to the
 * system, or its connection has closed. While no monitor records, nothing is recorded.
 *
 * Called again, it replaces what was before.
 *
 * @returns what ends it
 * @throws {OptionError}
 * @example
 * import { recordHttpServer } from "seismo/http";
 * const stop = recordHttpServer({ label: (request) => (request.url === "/health" ? "health" : undefined) });
 * stop();
 */
export function recordHttpServer(options: HttpServerOptions = {}): () => void {
  const { label, prefix } = resolveHttpServerOptions("recordHttpServer()", options);
  const recorder = durationRecorder(prefix);
  current?.stop();
  const mine = new HttpServerRecorder(new RequestLabels(recorder.labels, label), recorder);
  current = mine;
  return () => {
    mine.stop();
    if (current === mine) current = undefined;
  };
}

/** @param caller  what was given them, for errors */
export function resolveHttpServerOptions(
  caller: string,
  options: HttpServerOptions,
): { label: LabelOf | undefined; prefix: string } {
  requireObject(`the options of ${caller}`, options);
  const { label, prefix = "duration", ...unknown } = options;
  refuseUnknown(caller, ["label", "prefix"], unknown);
  if (label !== undefined && typeof label !== "function") throw new OptionError("label", "a function", label);
  return { label, prefix };
}
