/**
 * Flusher link: a recording thread's way to the thread that writes its samples to files.
 *
 *     main thread ───────── starts ──────────▶ flusher's thread
 *     worker threads ── find it, or start ──▶    (one of their own, if the main thread records nothing)
 *     no thread to be had ──▶ a flush loop in this very thread: slower for the program, the same promises otherwise
 *
 * Everything here happens at set-up, when a chunk is full, at the first sight of a label, and at the end.
 */

import { writeSync } from "node:fs";
import * as workerThreads from "node:worker_threads";
import {
  BroadcastChannel,
  isMainThread,
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";
import type { Clock } from "../clock.js";
import { newRunId } from "../format/file-name.js";
import type { Chunk } from "../record/chunk.js";
import type { SampleBuffer } from "../record/sample-buffer.js";
import { type FileSettings, FlushLoop } from "./flush-loop.js";
import type { FlushWorkerData } from "./flush-worker.js";
import {
  type Adoption,
  allocateControl,
  type FromFlusher,
  type Hello,
  NOBODY,
  OWNER,
  RENDEZVOUS,
  type Rendezvous,
  SELF,
  SERVED,
  type ToFlusher,
} from "./protocol.js";

export interface FlusherLinkOptions {
  readonly files: Omit<FileSettings, "run">;
  readonly flushIntervalMs: number;
  /** Whether to write from a thread of its own. */
  readonly thread: boolean;
  /** Another clock than the system's. It cannot follow to another thread, so flushing stays in this one. */
  readonly clock?: Clock | undefined;
}

/** How long a worker thread looks for the process's flusher before it starts one of its own. */
const SEEK_MS = 500;
/** How long the end of the process may be held up. A flusher needs some 100 ms for all that memory holds. */
const EXIT_WAIT_MS = 5_000;

interface Attached {
  readonly id: number;
  readonly prefix: string;
  readonly buffer: SampleBuffer<Chunk>;
  unsubscribe(): void;
}

export class FlusherLink {
  /** Resolves when there is nothing left to do for this link, at the end of the process neither. */
  readonly ended: Promise<void>;
  readonly #options: FlusherLinkOptions;
  readonly #port: MessagePort;
  readonly #control: Int32Array = allocateControl();
  readonly #attached: Attached[] = [];
  readonly #replies = new Map<number, (lost: number) => void>();
  #worker: Worker | undefined;
  #seeking = false;
  #local: FlushLoop | undefined;
  #localTimer: NodeJS.Timeout | undefined;
  #localDue = false;
  #request = 0;
  #closing: Promise<number> | undefined;
  #isEnding = false;
  #end!: () => void;

  constructor(options: FlusherLinkOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (message: FromFlusher) => this.#take(message));
    port1.on("close", () => this.#onPortClosed());
    port1.unref();
    if (!options.thread || options.clock) this.#goLocal();
    else if (isMainThread) this.#spawn(port2);
    else this.#seek(port2);
  }

  /** Has the samples of a recorder written to files of this prefix, from now until the end. */
  attach(buffer: SampleBuffer<Chunk>, prefix: string): void {
    const id = this.#attached.length;
    const { kind, originNs, counters } = buffer;
    this.#say({ type: "source", id, prefix, kind, originNs, counters });
    this.#local?.add(buffer, prefix);
    const unsubscribe = buffer.labels.subscribe((labelId, text) => this.#say({ type: "label", id, labelId, text }));
    this.#attached.push({ id, prefix, buffer, unsubscribe });
    buffer.connect({
      chunkAdded: (memory) => this.#say({ type: "chunk", id, memory }),
      chunkFull: () => this.#onChunkFull(),
      exhausted: () => this.#makeRoom(),
    });
  }

  /** Resolves when everything recorded so far is in published files, or could not be written. */
  async publish(): Promise<void> {
    if (this.#closing) await this.#closing;
    else if (this.#local) this.#local.publish();
    else await this.#ask("publish");
  }

  /** Publishes everything recorded so far before it returns: for the end of the process, or of this thread. */
  publishSync(): void {
    if (this.#isEnding) return;
    if (!this.#local && !this.#closing) this.#claim();
    if (this.#local) {
      this.#local.publish();
      return;
    }
    // A borrowed flusher outlives this thread, and sees its port close. Our own ends with us, and must be waited for.
    if (!this.#worker) return;
    this.#say({ type: "publish all", request: ++this.#request });
    this.#waitFor(this.#request);
  }

  /** Publishes everything and lets go. Resolves to the number of samples that could not be written. */
  close(): Promise<number> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<number> {
    for (const { unsubscribe } of this.#attached) unsubscribe();
    if (this.#local) return this.#closeLocal();
    this.#port.ref(); // the process must not end while we wait
    const lost = await this.#ask("close");
    this.#port.unref();
    return lost;
  }

  #ask(type: "publish" | "close"): Promise<number> {
    return new Promise((resolve) => {
      const request = ++this.#request;
      this.#replies.set(request, resolve);
      this.#say({ type, request });
    });
  }

  #say(message: ToFlusher): void {
    if (!this.#local) this.#port.postMessage(message);
  }

  #take(message: FromFlusher): void {
    if (message.type === "warning") warn(message.code, message.message);
    else {
      this.#replies.get(message.request)?.(message.lost);
      this.#replies.delete(message.request);
    }
  }

  #waitFor(request: number): void {
    const deadline = performance.now() + EXIT_WAIT_MS;
    let served = Atomics.load(this.#control, SERVED);
    while (served < request) {
      const left = deadline - performance.now();
      if (left <= 0 || Atomics.wait(this.#control, SERVED, served, left) === "timed-out") {
        complain(`the files could not be finished within ${EXIT_WAIT_MS} ms; the last rows are in .tmp files, or lost`);
        return;
      }
      served = Atomics.load(this.#control, SERVED);
    }
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      const message = next.message as FromFlusher;
      if (message.type === "warning")
        complain(message.message); // an event would come too late
      else this.#take(message);
    }
  }

  #spawn(port: MessagePort): void {
    const hello = this.#hello();
    const data: FlushWorkerData = { hello, port, isProcessFlusher: isMainThread };
    try {
      // No flags and no environment of the host's: they could preload its instrumentation, or us, into our thread.
      this.#worker = new Worker(new URL("./flush-worker.js", import.meta.url), {
        name: "seismo flusher",
        workerData: data,
        transferList: [port],
        execArgv: [],
        env: {},
        trackUnmanagedFds: false,
      });
    } catch (error) {
      this.#goLocal(error);
      return;
    }
    this.#worker.unref();
    this.#worker.on("error", (error) => this.#goLocal(error));
    this.#worker.on("exit", () => this.#onPortClosed());
  }

  /** On a worker thread: hands `port` to the process's flusher, if one answers in time. */
  #seek(port: MessagePort): void {
    const { postMessageToThread } = workerThreads as Partial<typeof workerThreads>; // Node 22.0 to 22.4 has none
    if (!postMessageToThread) {
      this.#spawn(port);
      return;
    }
    this.#seeking = true;
    const channel = new BroadcastChannel(RENDEZVOUS);
    const done = (): boolean => {
      const first = this.#seeking;
      this.#seeking = false;
      clearTimeout(timer);
      channel.close();
      return first && !this.#local;
    };
    const timer = setTimeout(() => {
      if (done()) this.#spawn(port);
    }, SEEK_MS);
    timer.unref();
    channel.onmessage = (event) => {
      const answer = (event as MessageEvent).data as Rendezvous;
      if (answer.type !== "here" || !done()) return;
      const adoption: Adoption = { seismo: "adopt", hello: this.#hello(), port };
      postMessageToThread(answer.threadId, adoption, [port]).catch((error) => this.#goLocal(error));
    };
    (channel as unknown as { unref(): void }).unref();
    channel.postMessage({ type: "seek" } satisfies Rendezvous);
  }

  #hello(): Hello {
    const { files, flushIntervalMs } = this.#options;
    return { control: this.#control, files: { ...files, run: newRunId() }, flushIntervalMs };
  }

  /** Takes on the writing, if no flusher has yet. */
  #claim(): void {
    if (Atomics.compareExchange(this.#control, OWNER, NOBODY, SELF) === NOBODY) this.#startLocal();
  }

  /** There is no flusher's thread, or no longer: from here on this thread writes. */
  #goLocal(reason?: unknown): void {
    if (this.#local || this.#isEnding) return;
    Atomics.store(this.#control, OWNER, SELF);
    this.#startLocal();
    if (reason === undefined) return;
    const cause = reason instanceof Error ? reason.message : String(reason);
    warn(
      "ERR_SEISMO_THREAD",
      `no thread to write files from (${cause}): files are written from the recording thread instead`,
    );
  }

  #startLocal(): void {
    const { files, flushIntervalMs, clock } = this.#options;
    const local = new FlushLoop({ ...files, run: newRunId() }, warn, clock);
    this.#local = local;
    this.#port.close();
    for (const { buffer, prefix } of this.#attached) local.add(buffer, prefix);
    this.#localTimer = setInterval(() => local.tick(), flushIntervalMs);
    this.#localTimer.unref();
    if (this.#replies.size === 0) return;
    const lost = this.#closing ? this.#closeLocal() : local.publish();
    for (const reply of this.#replies.values()) reply(lost ?? 0);
    this.#replies.clear();
  }

  #closeLocal(): number {
    clearInterval(this.#localTimer);
    const lost = this.#local?.close() ?? 0;
    this.#port.close();
    this.#finish();
    return lost;
  }

  #onPortClosed(): void {
    if (this.#local) return;
    if (this.#closing && this.#replies.size === 0) this.#finish();
    else if (!this.#seeking) this.#goLocal("it ended");
  }

  #finish(): void {
    this.#isEnding = true;
    this.#end();
  }

  #onChunkFull(): void {
    if (!this.#local) this.#say({ type: "wake" });
    else if (!this.#localDue) {
      this.#localDue = true;
      setImmediate(() => {
        this.#localDue = false;
        this.#local?.tick();
      });
    }
  }

  /** Memory is full. Where we write ourselves, we do it now; another thread is not waited for. */
  #makeRoom(): boolean {
    if (this.#seeking) this.#claim();
    if (!this.#local) return false;
    this.#local.tick();
    return true;
  }
}

function warn(code: string, message: string): void {
  process.emitWarning(`seismo: ${message}`, { type: "SeismoWarning", code });
}

/** To stderr at once: while the process ends, nobody hears of warnings. */
function complain(message: string): void {
  try {
    writeSync(2, `seismo: ${message}\n`);
  } catch {
    // no stderr, nobody to tell
  }
}
