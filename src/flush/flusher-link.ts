/**
 * Flusher link: a recording thread's way to the thread that writes its samples to files.
 *
 *     main thread ───────── starts ──────────▶ flusher's thread
 *     worker threads ─ join it, or start ────▶    (one of their own, if the main thread records nothing)
 *     no thread to be had ──▶ a flush loop in this very thread: slower for the program, the same promises otherwise
 *
 * Everything here happens at set-up, when a chunk is full, at the first sight of a label, and at the end.
 */

import { performance } from "node:perf_hooks";
import { clearTimeout, setTimeout } from "node:timers";
import { isMainThread, type MessagePort, threadId } from "node:worker_threads";
import { messageOf } from "../errors.js";
import { newRunId } from "../format/file-name.js";
import { complain, warn } from "../notices.js";
import type { Chunk } from "../record/chunk.js";
import type { SampleBuffer } from "../record/sample-buffer.js";
import type { Saved } from "./flush-loop.js";
import { startFlusherThread } from "./flusher-thread.js";
import { announceToWorkers, answerJoined, type Line, portLine, waitingIn } from "./lines.js";
import { LocalFlusher, type LocalFlusherOptions } from "./local-flusher.js";
import { MadeThreads } from "./made-threads.js";
import { Membership } from "./membership.js";
import {
  allocateControl,
  DESERTED,
  FLUSHER,
  type FromFlusher,
  GONE,
  type Hello,
  type News,
  NOBODY,
  OWNER,
  SELF,
  SERVED,
} from "./protocol.js";
import { Relay } from "./relay.js";
import { type Asked, Requests } from "./requests.js";
import type { WholeFile } from "./whole-file.js";

/** A clock other than the system's cannot follow to another thread, so with one flushing stays in this one. */
export interface FlusherLinkOptions extends LocalFlusherOptions {
  /** What the flusher's thread runs. It must make a `FlushWorker`, with the same `attend`. */
  readonly threadUrl: URL;
  /** Whether to write from a thread of its own; if lazily, then it is started when there is something for it to do. */
  readonly thread: boolean | "lazy";
}

/** How long the end of the process may be held up. A flusher needs some 100 ms for all that memory holds. */
const EXIT_WAIT_MS = 5_000;

interface Attached {
  readonly prefix: string;
  readonly buffer: SampleBuffer<Chunk>;
  unsubscribe(): void;
}

export class FlusherLink {
  /** Resolves when there is nothing left to do for this link, at the end of the process neither. */
  readonly ended: Promise<void>;
  readonly #options: FlusherLinkOptions;
  readonly #hello: Hello;
  readonly #control: Int32Array = allocateControl();
  readonly #attached: Attached[] = [];
  readonly #requests = new Requests();
  /** The way to the flusher's thread; none while this thread writes itself. */
  #line: Line | undefined;
  /** Our end of the port, if the flusher's thread is one that we started: then it ends with us, and is waited for. */
  #ownPort: MessagePort | undefined;
  #relay: Relay | undefined;
  #membership: Membership | undefined;
  #madeThreads: MadeThreads | undefined;
  /** Set until a thread that is started lazily has been. */
  #spawnTimer: NodeJS.Timeout | undefined;
  #local: LocalFlusher | undefined;
  #request = 0;
  #closing: Promise<void> | undefined;
  #hasEnded = false;
  #end!: () => void;

  constructor(options: FlusherLinkOptions) {
    this.#options = options;
    const { files, flushIntervalMs, attendant } = options;
    const run = newRunId();
    this.#hello = {
      control: this.#control,
      files: { ...files, run },
      flushIntervalMs,
      threadId,
      attendant: attendant?.settings,
    };
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    if (isMainThread) announceToWorkers(this.#control);
    if (!options.thread || options.clock) {
      this.#goLocal();
      return;
    }
    // a thread made here will want to join the flusher, though this one be blocked by then; and if it is terminated before
    // the flusher knows it well, this thread is who hears of it
    this.#madeThreads = new MadeThreads(
      () => this.#spawnNow(),
      (threadId) => {
        this.#relay?.passOnWaiting();
        this.#line?.say({ type: "thread ended", threadId });
      },
    );
    if (!isMainThread) this.#join();
    else if (options.thread === "lazy") this.#spawnLater();
    else this.#spawn();
  }

  /** Has the samples of a recorder written to files of this prefix, from now until the end. */
  attach(buffer: SampleBuffer<Chunk>, prefix: string): void {
    const source = this.#attached.length;
    const unsubscribe = buffer.labels.onAdd((labelId, text) =>
      this.#line?.say({ type: "label", source, labelId, text }),
    );
    const attached = { prefix, buffer, unsubscribe };
    this.#attached.push(attached);
    this.#local?.add(buffer, prefix);
    this.#introduce(attached, source);
    buffer.connect({
      chunkAdded: (memory, index) => this.#line?.say({ type: "chunk", source, index, memory }),
      chunkFull: () => this.#onChunkFull(),
      exhausted: () => this.#makeRoom(),
    });
  }

  /** Resolves when everything recorded so far is in published files, or could not be written. */
  async publish(): Promise<void> {
    this.#noticeDesertion();
    if (this.#closing) await this.#closing;
    else if (this.#local) this.#local.publish();
    else await this.#ask({ type: "publish", request: ++this.#request });
  }

  /**
   * Has a file published that is whole. Handed over before this returns, so that a `publishSync()` after it waits for it.
   * Resolves to where it is, or why it could not be written.
   */
  async save(file: WholeFile): Promise<Saved> {
    this.#noticeDesertion();
    if (this.#hasEnded) return { error: "recording has ended" };
    const local = this.#local;
    if (local) return new Promise((resolve) => local.save(file, resolve));
    return (await this.#ask({ type: "save", request: ++this.#request, file })) ?? { error: "recording has ended" };
  }

  /** Publishes everything recorded so far before it returns: for the end of the process, or of this thread. */
  publishSync(): void {
    if (this.#hasEnded) return;
    this.#noticeDesertion();
    this.#relay?.passOnWaiting();
    if (!this.#relay?.hasPassedOn) this.#claim();
    if (this.#local) this.#local.publish();
    else if (this.#ownPort) {
      this.#line!.say({ type: "publish all", request: ++this.#request });
      this.#waitFor(this.#request, this.#ownPort);
    } else {
      this.#membership?.sayHelloAgain();
      this.#line?.say({ type: "publish", request: ++this.#request }); // the flusher we joined outlives this thread
    }
  }

  /** Called when this thread ends, after the last flush. */
  leave(): void {
    if (this.#local || this.#ownPort) return;
    void this.close();
  }

  /** False while another thread may still write what this one has recorded. */
  get isSettled(): boolean {
    return this.#hasEnded || this.#local !== undefined || this.#ownPort !== undefined;
  }

  /** Publishes everything, counts as lost what could not be written, and lets go. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#noticeDesertion();
    for (const { unsubscribe } of this.#attached) unsubscribe();
    if (this.#spawnTimer) this.#claim(); // no thread is worth its start for this
    if (this.#local) this.#closeLocal();
    else await this.#ask({ type: "close", request: ++this.#request });
    if (!this.#ownPort) this.#finish(); // else when our thread has ended, which may have others to serve
  }

  #ask(message: Asked): Promise<Saved | undefined> {
    const answer = this.#requests.add(message);
    if (this.#spawnTimer)
      this.#spawnNow(); // which says it
    else {
      this.#membership?.sayHelloAgain();
      this.#line!.ref(); // the thread must not end while somebody waits
      this.#line!.say(message);
    }
    return answer;
  }

  #hear(message: FromFlusher): void {
    if (message.type === "up") {
      this.#relay?.end();
      return;
    }
    if (message.type === "warning") {
      warn(message.code, message.message);
      return;
    }
    if (message.type === "poke") return;
    this.#requests.answer(message.request, message.type === "saved" ? message.saved : undefined);
    if (this.#requests.isEmpty) this.#line?.unref();
  }

  #waitFor(request: number, port: MessagePort): void {
    const deadline = performance.now() + EXIT_WAIT_MS;
    let served = Atomics.load(this.#control, SERVED);
    while (served < request) {
      const left = deadline - performance.now();
      if (left <= 0 || Atomics.wait(this.#control, SERVED, served, left) === "timed-out") {
        this.#hasEnded = true; // nor waited for again
        complain(`the files could not be finished within ${EXIT_WAIT_MS} ms; the last rows are in .tmp files, or lost`);
        return;
      }
      served = Atomics.load(this.#control, SERVED);
    }
    this.#noticeDesertion();
    this.#local?.publish();
    for (const message of waitingIn<FromFlusher>(port)) {
      if (message.type === "warning")
        complain(message.message); // an event would come too late
      else this.#hear(message);
    }
  }

  /** When the first samples are due: a program that has ended by then needs no thread, which takes some 40 ms to come up. */
  #spawnLater(): void {
    this.#spawnTimer = setTimeout(() => this.#spawnNow(), this.#options.flushIntervalMs);
    this.#spawnTimer.unref();
  }

  #spawnNow(): void {
    if (!this.#spawnTimer) return;
    clearTimeout(this.#spawnTimer);
    this.#spawnTimer = undefined;
    if (!this.#local) this.#spawn();
  }

  #spawn(): void {
    try {
      this.#ownPort = startFlusherThread(this.#options.threadUrl, this.#hello, {
        onError: (error) => this.#goLocal(error),
        onExit: () => this.#onThreadEnded(),
      });
    } catch (error) {
      this.#goLocal(error);
      return;
    }
    if (isMainThread) this.#relay = new Relay((joining) => this.#line?.say({ type: "relayed", joining }));
    const onMessage = (message: FromFlusher) => this.#hear(message);
    this.#line = portLine(this.#ownPort, onMessage, () => this.#onThreadEnded());
    this.#introduceAll();
  }

  #join(): void {
    const membership = new Membership({
      hello: this.#hello,
      news: () => this.#attached.flatMap((attached, source) => newsOf(attached, source)),
      asked: () => this.#requests.messages,
      hear: (message) => this.#hear(message),
      onGone: () => this.#goLocal("it ended"),
      onUnclaimed: () => this.#spawn(),
      ended: this.ended,
    });
    this.#membership = membership;
    this.#line = membership.line;
  }

  /** Says all there is to say to a flusher that may have heard nothing of it. */
  #introduceAll(): void {
    for (const [source, attached] of this.#attached.entries()) this.#introduce(attached, source);
    for (const message of this.#requests.messages) this.#line?.say(message);
    if (!this.#requests.isEmpty) this.#line?.ref();
  }

  /** Tells the flusher all there is to know of one recorder. */
  #introduce(attached: Attached, source: number): void {
    const line = this.#line;
    if (line) for (const each of newsOf(attached, source)) line.say(each);
  }

  /** Takes on the writing if the flusher has died. The event that says so may be yet to come. */
  #noticeDesertion(): void {
    if (Atomics.load(this.#control, OWNER) === DESERTED) this.#goLocal("it ended");
  }

  /** Takes on the writing, if no flusher has yet. */
  #claim(): void {
    if (Atomics.compareExchange(this.#control, OWNER, NOBODY, SELF) === NOBODY) this.#startLocal();
  }

  /** There is no flusher's thread, or no longer: from here on this thread writes. */
  #goLocal(reason?: unknown): void {
    if (this.#local || this.#hasEnded) return;
    Atomics.store(this.#control, OWNER, SELF);
    this.#startLocal();
    if (reason === undefined) return;
    if (this.#ownPort) answerJoined({ type: "gone" });
    warn(
      "ERR_SEISMO_THREAD",
      `no thread to write files from (${messageOf(reason)}): files are written from the recording thread instead`,
    );
  }

  #startLocal(): void {
    const local = new LocalFlusher(this.#options);
    this.#local = local;
    this.#membership?.end();
    clearTimeout(this.#spawnTimer);
    this.#madeThreads?.stop();
    this.#relay?.end();
    this.#line?.close();
    this.#line = undefined;
    for (const { buffer, prefix } of this.#attached) local.add(buffer, prefix);
    if (this.#requests.isEmpty) return;
    for (const message of this.#requests.messages) {
      if (message.type === "save") local.save(message.file, (saved) => this.#requests.answer(message.request, saved));
    }
    if (this.#closing) {
      this.#closeLocal();
      return;
    }
    local.publish();
    for (const { type, request } of this.#requests.messages) if (type !== "save") this.#requests.answer(request);
  }

  #closeLocal(): void {
    this.#local?.close();
    this.#finish();
  }

  #onThreadEnded(): void {
    if (this.#local) return;
    if (Atomics.load(this.#control, OWNER) === GONE) this.#finish();
    else this.#goLocal("it ended");
  }

  #finish(): void {
    this.#hasEnded = true;
    this.#madeThreads?.stop();
    this.#relay?.end();
    this.#line?.close();
    this.#requests.answerAll(); // a reply may come later than the news that its sender is gone
    this.#end();
  }

  #onChunkFull(): void {
    this.#spawnNow();
    if (this.#local) this.#local.tickSoon();
    else this.#line?.say({ type: "wake" });
  }

  /** Memory is full. Where we write ourselves, we do it now; another thread is not waited for. */
  #makeRoom(): boolean {
    if (this.#membership?.isWaiting && Atomics.load(this.#control, OWNER) !== FLUSHER) this.#claim();
    if (!this.#local) return false;
    this.#local.tick();
    return true;
  }
}

/** All there is to know of one recorder. */
function newsOf({ prefix, buffer }: Attached, source: number): News[] {
  const { kind, originNs, counters, labels, chunks } = buffer;
  return [
    { type: "source", source, prefix, kind, originNs, counters },
    ...Array.from(chunks.entries(), ([index, memory]): News => ({ type: "chunk", source, index, memory })),
    ...Array.from(labels.entries(), ([labelId, text]): News => ({ type: "label", source, labelId, text })),
  ];
}
