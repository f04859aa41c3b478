/**
 * App requests: what the adapters of frameworks share. A request is handed to `pass` by whatever the program has put
 * into its application, and recorded when its response ends: sent, or with its connection closed before.
 *
 *     pass ──▶ response "finish" ──▶ "/users/:id [GET]"
 *          └─▶ response "close" ───▶ "/users/:id [GET] (aborted)"
 *
 * Recorded once, by the adapter that it came to first: not by others further in, nor from outside (`timed-response.ts`).
 * Nothing here throws, for it runs in the turn of the program's own code.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { type DurationRecorder, type DurationToken, durationRecorder } from "../../index.js";
import { type HttpServerOptions, resolveHttpServerOptions } from "../http-server.js";
import { RequestLabels } from "../request-labels.js";
import { setRoute } from "../route.js";
import { takeOver } from "../timed-response.js";

/** What a framework knows of a request's route, asked when the response has ended. */
export type RouteOf = () => string | undefined;

const PASSED: unique symbol = Symbol("seismo passed");

interface PassedResponse extends ServerResponse {
  [PASSED]?: Passage;
  readonly stream?: ServerHttp2Stream;
}

interface Passage {
  readonly requests: AppRequests;
  readonly request: IncomingMessage;
  readonly token: DurationToken;
  readonly routeOf: RouteOf | undefined;
  /** Of responses that were behind others of their connection, that connection. */
  readonly queue: Set<PassedResponse> | undefined;
  isOver: boolean;
}

export class AppRequests {
  readonly #recorder: DurationRecorder;
  readonly #labels: RequestLabels;

  /**
   * @param adapter  its name, for errors
   * @throws {OptionError}
   */
  constructor(adapter: string, options: HttpServerOptions) {
    const { label, prefix } = resolveHttpServerOptions(adapter, options);
    this.#recorder = durationRecorder(prefix);
    this.#labels = new RequestLabels(this.#recorder.labels, label);
  }

  get recording(): boolean {
    return this.#recorder.recording;
  }

  /** Hot. Times a request from now on, unless it is timed already. */
  pass(request: IncomingMessage, response: ServerResponse, routeOf?: RouteOf): void {
    if (!this.#recorder.recording) return;
    try {
      this.#pass(request, response as PassedResponse, routeOf);
    } catch {
      // whatever this is, no server has made it
    }
  }

  #pass(request: IncomingMessage, response: PassedResponse, routeOf: RouteOf | undefined): void {
    if (response[PASSED] !== undefined) return;
    const token = this.#recorder.start();
    const queue = response.socket === null && !response.writableFinished ? queueOf(request.socket) : undefined;
    response.on("finish", onFinish);
    response.on("close", onClose);
    response[PASSED] = { requests: this, request, token, routeOf, queue, isOver: false };
    takeOver(response);
    queue?.add(response);
  }

  /** Hot. */
  record({ request, token, routeOf }: Passage, response: ServerResponse, isAborted: boolean): void {
    const ended = this.#recorder.start();
    const template = routeOf && asked(routeOf);
    if (template !== undefined) setRoute(request, template);
    const labels = this.#labels;
    const labelId = isAborted ? labels.idOfAborted(request, response) : labels.idOf(request, response);
    this.#recorder.stopAt(labelId, token, ended);
  }
}

function asked(routeOf: RouteOf): string | undefined {
  try {
    return routeOf();
  } catch {
    return undefined; // its path will do
  }
}

function onFinish(this: PassedResponse): void {
  const { stream } = this; // HTTP/2 calls every response finished, when its stream closes
  end(this, stream !== undefined && (stream.aborted || stream.rstCode !== 0));
}

function onClose(this: PassedResponse): void {
  end(this, true);
}

function end(response: PassedResponse, isAborted: boolean): void {
  const passage = response[PASSED];
  if (passage === undefined || passage.isOver) return;
  passage.isOver = true;
  passage.queue?.delete(response);
  try {
    passage.requests.record(passage, response, isAborted);
  } catch {
    // a request of another making
  }
}

const queues = new WeakMap<Socket, Set<PassedResponse>>();

/**
 * Where a client sends requests without awaiting responses, those stand in line; and when the connection closes, Node
 * tells only the first of them.
 */
function queueOf(socket: Socket): Set<PassedResponse> {
  let queue = queues.get(socket);
  if (queue === undefined) {
    const waiting = new Set<PassedResponse>();
    queue = waiting;
    queues.set(socket, waiting);
    socket.once("close", () => {
      for (const response of waiting) end(response, true);
    });
  }
  return queue;
}
