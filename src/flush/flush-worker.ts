/**
 * Flush worker: the thread that writes files. It wakes on the shortest interval its clients ask for, or when one says
 * that a chunk is full, and ends with its last client.
 *
 * Its first client is the thread that started it. If that is the process's main thread, others may join.
 */

import { type MessagePort, threadId, workerData } from "node:worker_threads";
import { FlushClient } from "./flush-client.js";
import { answerJoined, type Joining, openToJoin, type Relayed, type SignOfLife, waitingIn } from "./lines.js";
import { DESERTED, type FromFlusher, GONE, type Hello, type ToFlusher } from "./protocol.js";

/** What the thread is started with. */
export interface FlushWorkerData {
  readonly hello: Hello;
  readonly port: MessagePort;
  readonly isProcessFlusher: boolean;
}

const { hello, port, isProcessFlusher } = workerData as FlushWorkerData;
const recording = new Set<FlushClient>();
const joined = new Map<string, FlushClient>();
const resting = new Int32Array(new SharedArrayBuffer(4));
let timer: NodeJS.Timeout | undefined;

const channel = isProcessFlusher ? openToJoin(hear) : undefined;
const first = adopt(hello, (message) => port.postMessage(message));
port.on("message", (message: ToFlusher | Relayed) => {
  if (message.type === "relayed") hear(message.joining);
  else first?.hear(message);
});
port.on("close", () => first?.end());
setPace();
if (channel) {
  process.on("workerMessage", watch);
  answerJoined({ type: "here" });
}
port.postMessage({ type: "up" } satisfies FromFlusher);
// An error of ours that nobody caught, as a rule. With the last client gone there is nobody left to tell.
process.on("exit", () => {
  for (const client of recording) client.leave(DESERTED);
});

function adopt(hello: Hello, say: (message: FromFlusher) => void): FlushClient | undefined {
  if (!FlushClient.claims(hello)) return undefined;
  const client: FlushClient = new FlushClient(hello, { say, settle, publishAll, onEnd: () => release(client) });
  recording.add(client);
  return client;
}

function release(client: FlushClient): void {
  recording.delete(client);
  for (const [name, each] of joined) if (each === client) joined.delete(name);
  setPace();
}

function setPace(): void {
  clearInterval(timer);
  if (recording.size === 0) {
    end();
    return;
  }
  const intervals = Array.from(recording, (client) => client.flushIntervalMs);
  timer = setInterval(tick, Math.min(...intervals));
}

function tick(): void {
  for (const client of recording) client.tick();
}

function publishAll(): void {
  for (const client of recording) client.publish();
}

/** Something a thread that joins has said. */
function hear(message: Joining): void {
  if (message.type === "hello") join(message.client, message.hello);
  else joined.get(message.client)?.hear(message);
}

function join(name: string, hello: Hello): void {
  const client = adopt(hello, (message) => answerJoined({ client: name, ...message }));
  if (!client) return;
  joined.set(name, client);
  setPace();
  answerJoined({ client: name, type: "heard", threadId });
}

/** The port of a thread that has joined: when it closes, the thread has ended, and what it stored is all there. */
function watch(message: Partial<SignOfLife>): void {
  const { seismo, client, port } = message ?? {};
  if (seismo === "alive" && client !== undefined && port) port.on("close", () => joined.get(client)?.end()).ref();
}

/**
 * Between seeing rows and reading them. A millisecond's rest is long enough for plain stores of another thread to have
 * reached every core; and the labels of those rows were announced before they were stored, so they wait to be received.
 */
function settle(): void {
  Atomics.wait(resting, 0, 0, 1);
  for (const message of waitingIn<ToFlusher | Relayed>(port)) {
    if (message.type === "relayed") learnOrJoin(message.joining);
    else learnOrDefer(first, message);
  }
  if (channel) for (const message of waitingIn<Joining>(channel)) learnOrJoin(message);
}

function learnOrJoin(message: Joining): void {
  if (message.type === "hello") join(message.client, message.hello);
  else learnOrDefer(joined.get(message.client), message);
}

/** News is taken at once, a request after the flush that is under way. */
function learnOrDefer(client: FlushClient | undefined, message: ToFlusher): void {
  if (client && !client.learn(message)) setImmediate(() => client.hear(message));
}

function end(): void {
  channel?.close();
  process.off("workerMessage", watch);
  first?.leave(GONE);
  port.close();
}
