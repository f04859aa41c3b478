/**
 * Calls by `node:http2`: one call a stream. Node 20 does not tell of streams on diagnostics channels, as later ones do; there, calls of
 * sessions that the program opens itself are not recorded. Those of undici's sessions are recorded in `undici-client.ts`.
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientHttp2Stream } from "node:http2";
import { type Call, type ClientCalls, isLost } from "./client-calls.js";
import { ABORTED, COMPLETE, FAILED, type Outcome } from "./client-labels.js";
import { isOfUndici } from "./undici-client.js";

// RFC 9113, 7. From here, as to load "node:http2" takes 5 ms, and most programs never do.
const NO_ERROR = 0;
const CANCEL = 8;

const STATUS: unique symbol = Symbol("seismo status");

interface TimedStream extends ClientHttp2Stream, Call {
  [STATUS]?: number;
}

export class Http2Calls {
  readonly #calls: ClientCalls;

  constructor(calls: ClientCalls) {
    this.#calls = calls;
    subscribe("http2.client.stream.created", this.#onStart); // before or after `start`, which waits for the connection
    subscribe("http2.client.stream.start", this.#onStart);
    subscribe("http2.client.stream.finish", this.#onResponse);
    subscribe("http2.client.stream.close", this.#onClose);
  }

  stop(): void {
    unsubscribe("http2.client.stream.created", this.#onStart);
    unsubscribe("http2.client.stream.start", this.#onStart);
    unsubscribe("http2.client.stream.finish", this.#onResponse);
    unsubscribe("http2.client.stream.close", this.#onClose);
  }

  readonly #onStart = (message: unknown): void => {
    const { stream } = message as { stream: TimedStream };
    if (stream.id !== undefined && stream.id % 2 === 0) return; // the server pushes it
    if (!isOfUndici(stream.session?.socket)) this.#calls.begin(stream);
  };

  readonly #onResponse = (message: unknown): void => {
    const { stream, headers } = message as { stream: TimedStream; headers?: { ":status"?: number } };
    const status = headers?.[":status"];
    if (status !== undefined) stream[STATUS] = status;
  };

  readonly #onClose = (message: unknown): void => {
    const { stream } = message as { stream: TimedStream };
    if (!this.#calls.isOpen(stream)) return;
    const headers = stream.sentHeaders ?? {};
    const origin = `${headers[":scheme"] ?? "https"}://${headers[":authority"] ?? ""}`;
    const method = String(headers[":method"] ?? "GET");
    this.#calls.end(stream, outcomeOf(stream), origin, method, String(headers[":path"] ?? "/"), stream[STATUS]);
  };
}

/** Of a stream as it is at its closing: afterwards, all of them look ended. */
function outcomeOf(stream: TimedStream): Outcome {
  switch (stream.rstCode) {
    case NO_ERROR:
      return stream.readableEnded || stream.state.remoteClose === 1 ? COMPLETE : ABORTED;
    case CANCEL:
      return isLost(stream.session?.socket) ? FAILED : ABORTED;
    default:
      return FAILED;
  }
}
