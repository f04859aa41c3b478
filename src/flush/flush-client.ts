/**
 * Flush client: one recording thread, as the flusher's thread sees it. Hears of its sources, chunks and labels, and
 * serves its requests.
 */

import type { SampleKind, SampleSource } from "../record/sample-buffer.js";
import type { Attend, Attendant } from "./attendant.js";
import { FlushLoop } from "./flush-loop.js";
import {
  ALL_SERVED,
  type DESERTED,
  FLUSHER,
  type FromFlusher,
  type GONE,
  type Hello,
  type News,
  NOBODY,
  OWNER,
  type Request,
  SERVED,
  type ToFlusher,
} from "./protocol.js";

/** The samples of a recorder on another thread. */
class RemoteSource implements SampleSource {
  readonly kind: SampleKind;
  readonly originNs: bigint;
  readonly counters: Float64Array<SharedArrayBuffer>;
  readonly chunks: SharedArrayBuffer[] = [];
  readonly #texts: string[] = [];

  constructor(news: Extract<News, { type: "source" }>) {
    this.kind = news.kind;
    this.originNs = news.originNs;
    this.counters = news.counters;
  }

  addChunk(index: number, memory: SharedArrayBuffer): void {
    if (index === this.chunks.length) this.chunks.push(memory);
  }

  addLabel(id: number, text: string): void {
    this.#texts[id] = text;
  }

  textOf(labelId: number): string | undefined {
    return this.#texts[labelId];
  }
}

/** What a client needs of the thread it lives on. */
export interface ClientHost {
  readonly attend: Attend;
  say(message: FromFlusher): void;
  /** Between seeing rows and reading them; see `flush-worker.ts`. */
  settle(): void;
  /** The process ends: every client is to publish. */
  publishAll(): void;
  /** This client needs nothing more. */
  onEnd(): void;
}

export class FlushClient {
  readonly flushIntervalMs: number;
  readonly threadId: number;
  /** Whether we would hear of its thread's end. */
  isSureToLive: boolean;
  /** Whether we know all labels of the rows we see. Until then they wait. */
  isKnownWhole: boolean;
  readonly #control: Int32Array;
  readonly #loop: FlushLoop;
  readonly #host: ClientHost;
  readonly #settle: () => void;
  readonly #sources: RemoteSource[] = [];
  readonly #attendant: Attendant | undefined;
  #lastRequest = 0;
  #ended = false;

  constructor(hello: Hello, host: ClientHost, { isSureToLive }: { readonly isSureToLive: boolean }) {
    this.isSureToLive = isSureToLive;
    this.isKnownWhole = isSureToLive;
    this.flushIntervalMs = hello.flushIntervalMs;
    this.threadId = hello.threadId;
    this.#control = hello.control;
    this.#host = host;
    this.#settle = () => host.settle();
    const warn = (code: string, message: string) => host.say({ type: "warning", code, message });
    this.#loop = new FlushLoop(hello.files, warn);
    if (hello.attendant === undefined) return;
    const poke = () => {
      if (this.isSureToLive) host.say({ type: "poke" });
      return this.isSureToLive;
    };
    this.#attendant = host.attend(hello.attendant, { loop: this.#loop, warn, poke });
  }

  /** Takes a thread as a client, unless it could not wait for us and writes its samples itself. */
  static claims({ control }: Hello): boolean {
    return Atomics.compareExchange(control, OWNER, NOBODY, FLUSHER) === NOBODY;
  }

  tick(): void {
    if (this.isKnownWhole) this.#loop.tick(this.#settle);
  }

  publish(): void {
    this.#attendant?.beforePublish();
    this.#loop.publish(this.#settle);
  }

  hear(message: ToFlusher): void {
    if (!this.learn(message)) this.#serve(message as Request);
  }

  /** Takes note of news. False if the message is a request. What comes before its source, or its turn, is said again. */
  learn(message: ToFlusher): boolean {
    switch (message.type) {
      case "source":
        if (!this.#sources[message.source]) {
          const source = new RemoteSource(message);
          this.#sources[message.source] = source;
          this.#loop.add(source, message.prefix);
        }
        return true;
      case "chunk":
        this.#sources[message.source]?.addChunk(message.index, message.memory);
        return true;
      case "label":
        this.#sources[message.source]?.addLabel(message.labelId, message.text);
        return true;
      default:
        return false;
    }
  }

  /** Publishes everything, for good. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#attendant?.stop();
    this.#loop.close(this.#settle);
    setImmediate(() => this.#host.onEnd()); // after the reply, if there is one
  }

  /** The flusher ends, or dies: nobody shall wait for what will not come. */
  leave(owner: typeof GONE | typeof DESERTED): void {
    Atomics.store(this.#control, OWNER, owner);
    Atomics.store(this.#control, SERVED, ALL_SERVED);
    Atomics.notify(this.#control, SERVED);
  }

  #serve(message: Request): void {
    if ("request" in message) {
      if (message.request <= this.#lastRequest) return; // said twice, by two ways
      this.#lastRequest = message.request;
    }
    switch (message.type) {
      case "wake":
        this.tick();
        break;
      case "publish":
        this.publish();
        this.#served(message.request);
        break;
      case "save":
        this.#loop.save(message.file, (saved) => this.#host.say({ type: "saved", request: message.request, saved }));
        break;
      case "publish all":
        this.#host.publishAll();
        this.#served(message.request);
        break;
      case "close":
        this.end();
        this.#served(message.request);
        break;
    }
  }

  #served(request: number): void {
    Atomics.store(this.#control, SERVED, request);
    Atomics.notify(this.#control, SERVED);
    this.#host.say({ type: "served", request });
  }
}
