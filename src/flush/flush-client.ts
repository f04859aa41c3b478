/**
 * Flush client: one recording thread, as the flusher's thread sees it. Learns of its sources, chunks and labels by
 * message, and serves its requests.
 */

import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { SampleKind, SampleSource } from "../record/sample-buffer.js";
import { FlushLoop } from "./flush-loop.js";
import { type FromFlusher, type Hello, SERVED, type ToFlusher } from "./protocol.js";

/** The samples of a recorder on another thread. */
class RemoteSource implements SampleSource {
  readonly kind: SampleKind;
  readonly originNs: bigint;
  readonly counters: Float64Array<SharedArrayBuffer>;
  readonly chunks: SharedArrayBuffer[] = [];
  readonly texts: string[] = [];

  constructor(message: Extract<ToFlusher, { type: "source" }>) {
    this.kind = message.kind;
    this.originNs = message.originNs;
    this.counters = message.counters;
  }

  textOf(labelId: number): string | undefined {
    return this.texts[labelId];
  }
}

const resting = new Int32Array(new SharedArrayBuffer(4));

export class FlushClient {
  readonly #port: MessagePort;
  readonly #control: Int32Array;
  readonly #loop: FlushLoop;
  readonly #sources = new Map<number, RemoteSource>();
  readonly #onPublishAll: () => void;
  readonly #onEnd: () => void;
  #ended = false;

  /**
   * @param onPublishAll  called when the process ends and every client is to publish
   * @param onEnd         called once, when this client needs nothing more
   */
  constructor(port: MessagePort, hello: Hello, onPublishAll: () => void, onEnd: () => void) {
    this.#port = port;
    this.#control = hello.control;
    this.#onPublishAll = onPublishAll;
    this.#onEnd = onEnd;
    this.#loop = new FlushLoop(hello.files, (code, message) => this.#say({ type: "warning", code, message }));
    port.on("message", (message: ToFlusher) => void (this.#learn(message) || this.#serve(message)));
    port.on("close", () => this.#end()); // the thread ended: what it stored is all there
  }

  tick(): void {
    this.#loop.tick(this.#settle);
  }

  publish(): void {
    this.#loop.publish(this.#settle);
  }

  /**
   * Between seeing rows and reading them: a millisecond's rest, long enough for plain stores of another thread to have
   * reached every core; and the labels that were announced before those rows were stored.
   */
  readonly #settle = (): void => {
    Atomics.wait(resting, 0, 0, 1);
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      const message = next.message as ToFlusher;
      if (!this.#learn(message)) setImmediate(() => this.#serve(message)); // after the flush that is under way
    }
  };

  /** News of the thread's samples. False if the message is a request. */
  #learn(message: ToFlusher): boolean {
    switch (message.type) {
      case "source": {
        const source = new RemoteSource(message);
        this.#sources.set(message.id, source);
        this.#loop.add(source, message.prefix);
        return true;
      }
      case "chunk":
        this.#sources.get(message.id)?.chunks.push(message.memory);
        return true;
      case "label": {
        const source = this.#sources.get(message.id);
        if (source) source.texts[message.labelId] = message.text;
        return true;
      }
      default:
        return false;
    }
  }

  #serve(message: ToFlusher): void {
    switch (message.type) {
      case "wake":
        this.tick();
        break;
      case "publish":
        this.publish();
        this.#served(message.request);
        break;
      case "publish all":
        this.#onPublishAll();
        this.#served(message.request);
        break;
      case "close":
        this.#served(message.request, this.#end());
        break;
    }
  }

  #end(): number {
    if (this.#ended) return 0;
    this.#ended = true;
    const lost = this.#loop.close(this.#settle);
    setImmediate(this.#onEnd); // after the reply, if there is one
    return lost;
  }

  #served(request: number, lost = 0): void {
    Atomics.store(this.#control, SERVED, request);
    Atomics.notify(this.#control, SERVED);
    this.#say({ type: "served", request, lost });
  }

  /** The flusher ends. */
  disconnect(): void {
    this.#port.close();
  }

  #say(message: FromFlusher): void {
    this.#port.postMessage(message);
  }
}
