/**
 * HTTP clients: a duration for every call that this process makes, by `fetch`, undici, `node:http`, `https` or `http2`.
 *
 *     request.created ──▶ response.finish (its head is there) ──▶ the response closes ─▶ "→ api.example.com/users/:id [GET]"
 *      (or .start)    └─▶ request.error ──▶ "→ api.example.com/users/:id [GET] (failed)"
 *                     └─▶ (upgrade, CONNECT) ──▶ the socket closes ─▶ "→ api.example.com/chat [UPGRADE]"
 *
 * Here is what all have in common, and `node:http`; `fetch` and undici are in `undici-client.ts`, `http2` in `http2-client.ts`.
 * Diagnostics channels tell of all of it; nothing is patched.
 *
 * Node 20 has no `request.created`: a call begins when the program has handed over all of its request (`end()`), not when
 * it made it, and one that fails or is answered before is not recorded, as nobody knows its start.
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";
import { OptionError, refuseUnknown, requireObject } from "../errors.js";
import { durationRecorder } from "../index.js";
import { type Call, ClientCalls, isLost } from "./client-calls.js";
import {
  ABORTED,
  type ClientLabelOf,
  ClientLabels,
  COMPLETE,
  FAILED,
  type Outcome,
  withoutDefaultPort,
} from "./client-labels.js";
import { Http2Calls } from "./http2-client.js";
import { UndiciCalls } from "./undici-client.js";

export interface HttpClientOptions {
  /**
   * Names the series of a call that has ended; how it ended (" (aborted)", " (failed)") is added. Nothing: as without it. Never
   * put ids into a label. What it throws is taken as nothing, and warned about once.
   * @default an arrow, the host, the path with ids as ":id", and the verb: "→ api.example.com/users/:id [GET]"
   */
  readonly label?: ClientLabelOf | undefined;
  /** Prefix of the files that take the samples. @default "client" */
  readonly prefix?: string | undefined;
}

const ORIGIN: unique symbol = Symbol("seismo origin");

interface TimedRequest extends ClientRequest, Call {
  readonly socketPath?: string;
  readonly res?: IncomingMessage | null;
  readonly upgradeOrConnect?: boolean;
  /** Where it went. */
  [ORIGIN]?: string;
}

interface TimedResponse extends IncomingMessage {
  readonly req?: TimedRequest;
}

interface SystemError {
  readonly code?: unknown;
  readonly port?: unknown;
}

/** Records what the clients of this thread do, from construction until `stop()`. */
export class HttpClientRecorder {
  readonly #calls: ClientCalls;
  readonly #undici: UndiciCalls;
  readonly #http2: Http2Calls;

  constructor(calls: ClientCalls) {
    this.#calls = calls;
    this.#undici = new UndiciCalls(calls);
    this.#http2 = new Http2Calls(calls);
    subscribe("http.client.request.created", this.#onCreated);
    subscribe("http.client.request.start", this.#onStart);
    subscribe("http.client.response.finish", this.#onResponse);
    subscribe("http.client.request.error", this.#onError);
  }

  stop(): void {
    this.#undici.stop();
    this.#http2.stop();
    unsubscribe("http.client.request.created", this.#onCreated);
    unsubscribe("http.client.request.start", this.#onStart);
    unsubscribe("http.client.response.finish", this.#onResponse);
    unsubscribe("http.client.request.error", this.#onError);
  }

  /** Hot, as are the next. What they throw would end the process. */
  readonly #onCreated = (message: unknown): void => {
    this.#calls.begin((message as { request: TimedRequest }).request);
  };

  readonly #onStart = (message: unknown): void => {
    const { request } = message as { request: TimedRequest };
    this.#calls.begin(request);
    if (request.method === "CONNECT" || request.hasHeader("upgrade")) request.once("close", onRequestClose);
  };

  readonly #onResponse = (message: unknown): void => {
    const { request, response } = message as { request: TimedRequest; response: TimedResponse };
    if (!this.#calls.isOpen(request)) return;
    request[ORIGIN] = originOf(request, request.socket?.remotePort); // later, the socket may have forgotten
    response.on("close", onResponseClose); // `once` costs 100 ns more
  };

  readonly #onError = (message: unknown): void => {
    const { request, error } = message as { request: TimedRequest; error?: SystemError };
    if (!this.#calls.isOpen(request)) return;
    request[ORIGIN] ??= originOf(request, error?.port);
    this.#end(request, request.destroyed || error?.code === "ABORT_ERR" ? ABORTED : FAILED);
  };

  onResponseClose(response: TimedResponse): void {
    const request = response.req;
    if (!this.#calls.isOpen(request)) return;
    this.#end(request, response.complete ? COMPLETE : isLost(request.socket) ? FAILED : ABORTED);
  }

  onRequestClose(request: TimedRequest): void {
    if (!this.#calls.isOpen(request)) return;
    if (request.upgradeOrConnect) {
      const { socket } = request;
      request[ORIGIN] = originOf(request, socket?.remotePort);
      if (!socket || socket.destroyed) this.#end(request, COMPLETE);
      else socket.once("close", () => current?.onTunnelClose(request));
    } else if (!request.res) this.#end(request, ABORTED); // nobody listened for the upgrade, so Node gave it up
  }

  onTunnelClose(request: TimedRequest): void {
    if (this.#calls.isOpen(request)) this.#end(request, COMPLETE);
  }

  #end(request: TimedRequest, outcome: Outcome): void {
    const origin = request[ORIGIN] ?? originOf(request, undefined);
    const verb = request.method !== "CONNECT" && request.upgradeOrConnect ? "UPGRADE" : request.method;
    this.#calls.end(request, outcome, origin, verb, request.path, request.res?.statusCode);
  }
}

function onResponseClose(this: TimedResponse): void {
  current?.onResponseClose(this);
}

function onRequestClose(this: TimedRequest): void {
  current?.onRequestClose(this);
}

/**
 * Where a request goes: what the Host header says, if it is as Node makes it of host and port. A program may have set
 * another: a proxy passes on that of its own client, who may write into it whatever he likes.
 */
function originOf(request: TimedRequest, port: unknown): string {
  const { host, socketPath } = request;
  if (socketPath) return `unix:${socketPath}`;
  if (typeof host !== "string") return ""; // the program has taken it away
  const header = request.getHeader("host");
  if (typeof header === "string" && header.startsWith(host)) {
    if (header.length === host.length || header.charCodeAt(host.length) === 0x3a) return header;
  }
  const name = host.includes(":") ? `[${host}]` : host;
  if (typeof port !== "number") return name;
  return withoutDefaultPort(`${name}:${port}`, request.protocol === "https:" ? ":443" : ":80");
}

let current: HttpClientRecorder | undefined;

/**
 * Records the duration of every HTTP call that this thread makes: by `fetch` and undici, `node:http` and `https`, `node:http2`, and
 * so by whatever stands on them. From the request having been made until its response has been received to the end. While no
 * monitor records, nothing is recorded.
 *
 * Called again, it replaces what was before.
 *
 * @returns what ends it
 * @throws {OptionError}
 * @example
 * import { recordHttpClient } from "seismo/http";
 * const stop = recordHttpClient({ label: ({ host, method }) => `→ ${host} [${method}]` });
 * stop();
 */
export function recordHttpClient(options: HttpClientOptions = {}): () => void {
  const { label, prefix } = resolveHttpClientOptions(options);
  const recorder = durationRecorder(prefix);
  current?.stop();
  const mine = new HttpClientRecorder(new ClientCalls(recorder, new ClientLabels(recorder.labels, label)));
  current = mine;
  return () => {
    mine.stop();
    if (current === mine) current = undefined;
  };
}

function resolveHttpClientOptions(options: HttpClientOptions): { label: ClientLabelOf | undefined; prefix: string } {
  requireObject("the options of recordHttpClient()", options);
  const { label, prefix = "client", ...unknown } = options;
  refuseUnknown("recordHttpClient()", ["label", "prefix"], unknown);
  if (label !== undefined && typeof label !== "function") throw new OptionError("label", "a function", label);
  return { label, prefix };
}
