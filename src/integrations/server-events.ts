/**
 * Server events: what servers tell to listeners only: streams of HTTP/2, and connections that are upgraded.
 *
 * A listener of ours must not change what a server does. One for "upgrade" or "connect" makes Node hand over connections
 * that it would else keep or refuse, and one for "request" makes an HTTP/2 server build compatible requests. So ours
 * are there as long as one of the program's is, and ahead of it.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Server, Socket } from "node:net";
import type { DurationRecorder } from "../index.js";
import type { RequestLabels } from "./request-labels.js";
import { type TimedResponse, TOKEN } from "./timed-response.js";

type Listener = (...args: never[]) => void;

const COMPATIBLE: unique symbol = Symbol("seismo request and response");
/** Programs that take over the listeners of a server call those of ours that they found, and so do we. */
const TIMED: unique symbol = Symbol("seismo timed");
/** As it is now: a program's tests may fake it. */
const { queueMicrotask } = globalThis;

interface WatchedSocket extends Socket {
  [TIMED]?: true;
}

interface WatchedStream extends ServerHttp2Stream {
  [TIMED]?: true;
  /** The same as a request and a response, as frameworks know it, if the program asks for those. */
  [COMPATIBLE]?: readonly [IncomingMessage, ServerResponse];
}

export class ServerEvents {
  readonly #recorder: DurationRecorder;
  readonly #labels: RequestLabels;
  readonly #seen = new WeakSet<Server>();
  readonly #unwatch = new Set<() => void>();

  constructor(recorder: DurationRecorder, labels: RequestLabels) {
    this.#recorder = recorder;
    this.#labels = labels;
  }

  /** Listens to a server, if it is one of HTTP that was not known yet. True if so. */
  watch(server: Server): boolean {
    if (this.#seen.has(server)) return false;
    this.#seen.add(server);
    const isHttp2 = "updateSettings" in server;
    if (!isHttp2 && !("headersTimeout" in server)) return false;
    const listeners: [event: string, listener: Listener][] = [
      ["upgrade", this.#onUpgrade],
      ["connect", this.#onConnect],
    ];
    if (isHttp2) {
      listeners.push(["request", this.#onCompatible]);
      server.prependListener("stream", this.#onStream);
    }
    const unfollow = follow(server, new Map(listeners));
    const unwatch = () => {
      this.#unwatch.delete(unwatch);
      this.#seen.delete(server); // it may listen again, and is then found again
      unfollow();
      server.off("stream", this.#onStream);
      server.off("close", unwatch);
    };
    this.#unwatch.add(unwatch);
    server.on("close", unwatch);
    return true;
  }

  stop(): void {
    for (const unwatch of this.#unwatch) unwatch();
  }

  readonly #onUpgrade = ({ url }: IncomingMessage, socket: Socket): void => {
    this.#timeConnection(socket, () => this.#labels.idOfPath(url, "UPGRADE"));
  };

  readonly #onConnect = (_request: IncomingMessage, socket: Socket): void => {
    this.#timeConnection(socket, () => this.#labels.idOfTunnel());
  };

  #timeConnection(socket: WatchedSocket, labelId: () => number): void {
    if (socket[TIMED]) return;
    socket[TIMED] = true;
    const token = this.#recorder.start();
    socket.once("close", () => {
      const ended = this.#recorder.start();
      this.#recorder.stopAt(labelId(), token, ended);
    });
  }

  readonly #onStream = (stream: WatchedStream, headers: Record<string, string | undefined>): void => {
    if (stream[TIMED]) return;
    stream[TIMED] = true;
    const token = this.#recorder.start();
    stream.once("close", () => {
      const compatible = stream[COMPATIBLE];
      if ((compatible?.[1] as TimedResponse | undefined)?.[TOKEN] === 0) return;
      const ended = this.#recorder.start();
      const isAborted = stream.aborted || stream.rstCode !== 0;
      const labelId = compatible
        ? this.#labels[isAborted ? "idOfAborted" : "idOf"](...compatible)
        : this.#labels.idOfExchange({
            verb: headers[":method"],
            url: headers[":path"],
            status: Number(stream.sentHeaders?.[":status"]),
            isAborted,
          });
      this.#recorder.stopAt(labelId, token, ended);
    });
  };

  readonly #onCompatible = (request: IncomingMessage & { stream?: WatchedStream }, response: ServerResponse): void => {
    const { stream } = request;
    if (stream) stream[COMPATIBLE] = [request, response]; // a request of HTTP/1, which such servers take too, has none
  };
}

/** Keeps each listener on the server, ahead, as long as the program has one for the same event. Returns what ends it. */
function follow(server: Server, listeners: ReadonlyMap<string, Listener>): () => void {
  let hasEnded = false;
  const mind = (event: string) => {
    const ours = listeners.get(event);
    if (!ours) return;
    const all = server.listeners(event);
    const isThere = all.includes(ours);
    const isWanted = !hasEnded && all.length > (isThere ? 1 : 0);
    if (isWanted && !isThere) server.prependListener(event, ours as (...args: unknown[]) => void);
    if (!isWanted && isThere) server.off(event, ours as (...args: unknown[]) => void);
  };
  const onNew = (event: string | symbol) => {
    if (listeners.has(event as string)) queueMicrotask(() => mind(event as string)); // told before it is there
  };
  const onRemoved = (event: string | symbol) => mind(event as string);
  server.on("newListener", onNew);
  server.on("removeListener", onRemoved);
  for (const event of listeners.keys()) mind(event);
  return () => {
    hasEnded = true;
    server.off("newListener", onNew);
    server.off("removeListener", onRemoved);
    for (const event of listeners.keys()) mind(event);
  };
}
