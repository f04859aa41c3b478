/**
 * Calls by `fetch`, `WebSocket` and undici: Node's own undici and any that the program has installed tell of them on the same
 * diagnostics channels. A request is one call, so a redirect or a retry is another.
 *
 *     request:create ──▶ request:trailers, request:error
 *                    └─▶ (a protocol was switched, or a tunnel opened) ──▶ the socket closes
 *
 * That a connection was taken over, most versions of undici do not tell.
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import type { Call, ClientCalls } from "./client-calls.js";
import { ABORTED, COMPLETE, FAILED, type Outcome } from "./client-labels.js";

const STATUS: unique symbol = Symbol("seismo status");
const SOCKET: unique symbol = Symbol("seismo socket");
const OF_UNDICI: unique symbol = Symbol("seismo: undici's");

interface UndiciRequest extends Call {
  readonly origin: string | URL;
  readonly method: string;
  readonly path: string;
  readonly upgrade?: unknown;
  [STATUS]?: number;
  /** Of requests that may take over their connection. */
  [SOCKET]?: Socket;
}

interface UndiciSocket extends Socket {
  readonly alpnProtocol?: unknown;
  [OF_UNDICI]?: true;
}

/** Whether a session of HTTP/2 on this socket is undici's, whose calls are recorded here. */
export function isOfUndici(socket: object | undefined): boolean {
  return (socket as UndiciSocket | undefined)?.[OF_UNDICI] === true;
}

export class UndiciCalls {
  readonly #calls: ClientCalls;

  constructor(calls: ClientCalls) {
    this.#calls = calls;
    subscribe("undici:request:create", this.#onCreate);
    subscribe("undici:client:sendHeaders", this.#onSend);
    subscribe("undici:request:headers", this.#onHeaders);
    subscribe("undici:request:trailers", this.#onEnd);
    subscribe("undici:request:error", this.#onError);
  }

  stop(): void {
    unsubscribe("undici:request:create", this.#onCreate);
    unsubscribe("undici:client:sendHeaders", this.#onSend);
    unsubscribe("undici:request:headers", this.#onHeaders);
    unsubscribe("undici:request:trailers", this.#onEnd);
    unsubscribe("undici:request:error", this.#onError);
  }

  /** Hot, as are the others. What they throw would end the process, so they take nothing of a message for granted. */
  readonly #onCreate = (message: unknown): void => {
    this.#calls.begin((message as { request: UndiciRequest }).request);
  };

  readonly #onSend = (message: unknown): void => {
    const { request, socket } = message as { request: UndiciRequest; socket?: UndiciSocket };
    if (socket?.alpnProtocol === "h2") socket[OF_UNDICI] = true;
    else if (socket && mayTakeConnection(request)) {
      request[SOCKET] = socket;
      socket.once("close", () => this.#calls.isOpen(request) && this.#end(request, COMPLETE));
    }
  };

  readonly #onHeaders = (message: unknown): void => {
    const { request, response } = message as { request?: UndiciRequest; response?: { statusCode?: number } };
    if (request && response?.statusCode !== undefined) request[STATUS] = response.statusCode;
  };

  readonly #onEnd = (message: unknown): void => {
    const { request } = message as { request?: UndiciRequest };
    if (!this.#calls.isOpen(request)) return;
    if (request[SOCKET]?.destroyed !== false || !hasTakenConnection(request)) this.#end(request, COMPLETE);
  };

  readonly #onError = (message: unknown): void => {
    const { request, error } = message as { request?: UndiciRequest; error?: unknown };
    if (this.#calls.isOpen(request)) this.#end(request, isGivenUp(error) ? ABORTED : FAILED);
  };

  #end(request: UndiciRequest, outcome: Outcome): void {
    const { origin, method, path } = request;
    const verb = request.upgrade && method !== "CONNECT" ? "UPGRADE" : method;
    this.#calls.end(
      request,
      outcome,
      typeof origin === "string" ? origin : String(origin),
      verb,
      path,
      request[STATUS],
    );
  }
}

function mayTakeConnection(request: UndiciRequest): boolean {
  return request.method === "CONNECT" || Boolean(request.upgrade);
}

function hasTakenConnection(request: UndiciRequest): boolean {
  const status = request[STATUS];
  return status === 101 || (request.method === "CONNECT" && status !== undefined && status >= 200 && status < 300);
}

/**
 * What went wrong has a code of letters, or is bytes that are no HTTP; the reason of an abort may be anything, and is a
 * DOMException as a rule.
 */
function isGivenUp(error: unknown): boolean {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code !== "string") return name !== "HTTPParserError";
  return code === "UND_ERR_ABORTED" || code === "UND_ERR_DESTROYED" || code === "ABORT_ERR";
}
