/**
 * Flush worker: the thread that writes files. It wakes on the shortest interval its clients ask for, or when one says
 * that a chunk is full, and ends with its last client.
 *
 * Its first client is the thread that started it. If that is the process's main thread, others may join.
 */

import { type MessagePort, threadId, workerData } from "node:worker_threads";
import type { Attend } from "./attendant.js";
import { type ClientHost, FlushClient } from "./flush-client.js";
import {
  answerJoined,
  type Channel,
  type Joining,
  openToJoin,
  type SignOfLife,
  type ToFlushWorker,
  waitingIn,
} from "./lines.js";
import { DESERTED, type FromFlusher, GONE, type Hello, type ToFlusher } from "./protocol.js";

/** What the thread is started with. */
export interface FlushWorkerData {
  readonly hello: Hello;
  readonly port: MessagePort;
  readonly isProcessFlusher: boolean;
}

/** By which way a thread that joins was heard. */
interface Way {
  readonly isRelayed: boolean;
}
const STRAIGHT: Way = { isRelayed: false };

/** Serves the flusher's clients, on this thread, which was started for it. */
export class FlushWorker {
  readonly #attend: Attend;
  readonly #port: MessagePort;
  readonly #channel: Channel | undefined;
  readonly #first: FlushClient | undefined;
  readonly #recording = new Set<FlushClient>();
  readonly #joined = new Map<string, FlushClient>();
  readonly #resting = new Int32Array(new SharedArrayBuffer(4));
  #timer: NodeJS.Timeout | undefined;

  constructor(attend: Attend) {
    const { hello, port, isProcessFlusher } = workerData as FlushWorkerData;
    this.#attend = attend;
    this.#port = port;
    this.#channel = isProcessFlusher ? openToJoin((joining) => this.#hear(joining)) : undefined;
    this.#first = this.#adopt(hello, (message) => port.postMessage(message), { isSureToLive: true });
    port.on("message", (message: ToFlusher | ToFlushWorker) => {
      if (message.type === "relayed") this.#hear(message.joining, { isRelayed: true });
      else if (message.type === "thread ended") this.#onThreadEnded(message.threadId);
      else this.#first?.hear(message);
    });
    port.on("close", () => this.#first?.end());
    this.#setPace();
    if (this.#channel) {
      process.on("workerMessage", this.#watch);
      answerJoined({ type: "here" });
    }
    port.postMessage({ type: "up" } satisfies FromFlusher);
    // An error of ours that nobody caught, as a rule. With the last client gone there is nobody left to tell.
    process.on("exit", () => {
      for (const client of this.#recording) client.leave(DESERTED);
    });
  }

  #adopt(
    hello: Hello,
    say: (message: FromFlusher) => void,
    life: { readonly isSureToLive: boolean },
  ): FlushClient | undefined {
    if (!FlushClient.claims(hello)) return undefined;
    const host: ClientHost = {
      attend: this.#attend,
      say,
      settle: () => this.#settle(),
      publishAll: () => this.#publishAll(),
      onEnd: () => this.#release(client),
    };
    const client: FlushClient = new FlushClient(hello, host, life);
    this.#recording.add(client);
    return client;
  }

  #release(client: FlushClient): void {
    this.#recording.delete(client);
    for (const [name, each] of this.#joined) if (each === client) this.#joined.delete(name);
    this.#setPace();
  }

  #setPace(): void {
    clearInterval(this.#timer);
    if (this.#recording.size === 0) {
      this.#end();
      return;
    }
    const intervals = Array.from(this.#recording, (client) => client.flushIntervalMs);
    this.#timer = setInterval(() => this.#tick(), Math.min(...intervals));
  }

  #tick(): void {
    for (const client of this.#recording) client.tick();
  }

  #publishAll(): void {
    for (const client of this.#recording) client.publish();
  }

  /** Something a thread that joins has said. */
  #hear(message: Joining, way: Way = STRAIGHT): void {
    if (message.type === "hello") this.#join(message, way);
    else if (message.type === "thread ended") this.#onThreadEnded(message.threadId);
    else this.#joined.get(message.client)?.hear(message);
  }

  #join({ client: name, hello, news }: Extract<Joining, { type: "hello" }>, { isRelayed }: Way): void {
    const client = this.#joined.get(name) ?? this.#adoptJoining(name, hello);
    if (!client) return;
    for (const each of news) client.learn(each);
    if (!isRelayed) client.isKnownWhole = true;
  }

  #adoptJoining(name: string, hello: Hello): FlushClient | undefined {
    const client = this.#adopt(hello, (message) => answerJoined({ client: name, ...message }), { isSureToLive: false });
    if (!client) return undefined;
    this.#joined.set(name, client);
    this.#setPace();
    answerJoined({ client: name, type: "heard", threadId });
    return client;
  }

  /** The port of a thread that has joined: when it closes, the thread has ended, and what it stored is all there. */
  readonly #watch = (message: Partial<SignOfLife>): void => {
    const { seismo, client, port } = message ?? {};
    const joined = client === undefined ? undefined : this.#joined.get(client);
    if (seismo !== "alive" || !joined || !port) return;
    joined.isSureToLive = true;
    port.on("close", () => joined.end()).ref();
  };

  /** What the thread itself has said came before, but maybe by another way. */
  #onThreadEnded(threadId: number): void {
    if (this.#channel) for (const message of waitingIn<Joining>(this.#channel)) this.#hear(message);
    for (const client of this.#joined.values()) if (client.threadId === threadId) client.end();
  }

  /**
   * Between seeing rows and reading them. A millisecond's rest is long enough for plain stores of another thread to have
   * reached every core; and the labels of those rows were announced before they were stored, so they wait to be received.
   */
  #settle(): void {
    Atomics.wait(this.#resting, 0, 0, 1);
    for (const message of waitingIn<ToFlusher | ToFlushWorker>(this.#port)) {
      if (message.type === "relayed") this.#learnOrJoin(message.joining, { isRelayed: true });
      else if (message.type === "thread ended") this.#endLater(message.threadId);
      else this.#learnOrDefer(this.#first, message);
    }
    if (this.#channel) for (const message of waitingIn<Joining>(this.#channel)) this.#learnOrJoin(message);
  }

  #learnOrJoin(message: Joining, way: Way = STRAIGHT): void {
    if (message.type === "hello") this.#join(message, way);
    else if (message.type === "thread ended") this.#endLater(message.threadId);
    else this.#learnOrDefer(this.#joined.get(message.client), message);
  }

  #endLater(threadId: number): void {
    setImmediate(() => this.#onThreadEnded(threadId));
  }

  /** News is taken at once, a request after the flush that is under way. */
  #learnOrDefer(client: FlushClient | undefined, message: ToFlusher): void {
    if (client && !client.learn(message)) setImmediate(() => client.hear(message));
  }

  #end(): void {
    this.#channel?.close();
    process.off("workerMessage", this.#watch);
    this.#first?.leave(GONE);
    this.#port.close();
  }
}
