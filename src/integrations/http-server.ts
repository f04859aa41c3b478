/**
 * HTTP server: a duration for every request that a server of this process answers, or fails to.
 *
 *     request.start ──▶ a token on the connection ─▶ response.finish ───────▶ "/users/:id [GET]"
 *                                               └─▶ the connection closes ─▶ "/users/:id [GET] (aborted)"
 *
 * Node tells of both ends on diagnostics channels, which patch nothing and cost some 20 ns each. That a response will never
 * be finished it tells nobody, so there is one listener for each connection, whatever the number of requests on it.
 * Servers of HTTP/2 and upgraded connections have no channels on Node 20: `server-events.ts`.
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import { clearImmediate, setImmediate } from "node:timers";
import { OptionError, refuseUnknown, requireObject } from "../errors.js";
import { type DurationRecorder, type DurationToken, durationRecorder } from "../index.js";
import { type LabelOf, RequestLabels } from "./request-labels.js";
import { findFrameworks } from "./route.js";
import { ServerEvents } from "./server-events.js";

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

const UNDER_WAY: unique symbol = Symbol("seismo responses under way");

interface WatchedSocket extends Socket {
  [UNDER_WAY]?: ResponsesUnderWay;
}

type Response = ServerResponse & { readonly req: IncomingMessage };

interface RequestMessage {
  readonly request: IncomingMessage;
  readonly response: Response;
  readonly socket: WatchedSocket;
}

/**
 * The responses under way on one connection: one, but where requests are pipelined. Kept here and not on the responses,
 * as a number that one field holds after another takes no memory, and nobody finds a property that is not theirs.
 */
class ResponsesUnderWay {
  first: Response | undefined;
  firstToken: DurationToken;
  /** Those behind the first, in order. */
  readonly rest: { readonly response: Response; readonly token: DurationToken }[] = [];

  constructor(response: Response, token: DurationToken) {
    this.first = response;
    this.firstToken = token;
  }

  /** Hot. */
  add(response: Response, token: DurationToken): void {
    if (this.first === undefined) {
      this.first = response;
      this.firstToken = token;
    } else this.rest.push({ response, token });
  }

  /** Hot. */
  dropFirst(): void {
    this.first = undefined;
    if (this.rest.length === 0) return;
    const { response, token } = this.rest.shift()!;
    this.first = response;
    this.firstToken = token;
  }

  /** Takes out one that ends before its turn. */
  takeOfRest(response: Response): DurationToken | undefined {
    const at = this.rest.findIndex((each) => each.response === response);
    return at < 0 ? undefined : this.rest.splice(at, 1)[0]!.token;
  }
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
    const token = this.#recorder.start();
    const underWay = socket[UNDER_WAY];
    if (underWay === undefined) this.#watch(socket, response, token);
    else underWay.add(response, token);
  };

  readonly #onFinish = (message: unknown): void => {
    const { request, response, socket } = message as RequestMessage;
    const underWay = socket[UNDER_WAY];
    if (underWay === undefined) return;
    if (underWay.first === response) {
      this.#recorder.stop(this.#labels.idOf(request, response), underWay.firstToken);
      underWay.dropFirst();
      return;
    }
    const token = underWay.takeOfRest(response); // none if it began before we listened
    if (token !== undefined) this.#recorder.stop(this.#labels.idOf(request, response), token);
  };

  #watch(socket: WatchedSocket, response: Response, token: DurationToken): void {
    const underWay = new ResponsesUnderWay(response, token);
    socket[UNDER_WAY] = underWay;
    socket.on("close", () => {
      for (let aborted = underWay.first; aborted !== undefined; aborted = underWay.first) {
        this.#recorder.stop(this.#labels.idOfAborted(aborted.req, aborted), underWay.firstToken);
        underWay.dropFirst();
      }
    });
  }

  readonly #onConnection = (message: unknown): void => {
    const { server } = (message as { socket: Socket & { server?: Server } }).socket;
    if (server && this.#events.watch(server)) findFrameworks(server);
  };
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
  const { label, prefix } = resolveHttpServerOptions(options);
  const recorder = durationRecorder(prefix);
  current?.stop();
  const mine = new HttpServerRecorder(new RequestLabels(recorder.labels, label), recorder);
  current = mine;
  return () => {
    mine.stop();
    if (current === mine) current = undefined;
  };
}

function resolveHttpServerOptions(options: HttpServerOptions): { label: LabelOf | undefined; prefix: string } {
  requireObject("the options of recordHttpServer()", options);
  const { label, prefix = "duration", ...unknown } = options;
  refuseUnknown("recordHttpServer()", ["label", "prefix"], unknown);
  if (label !== undefined && typeof label !== "function") throw new OptionError("label", "a function", label);
  return { label, prefix };
}
