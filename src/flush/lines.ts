/**
 * Lines: how messages travel between a recording thread and the flusher's.
 *
 * The thread that starts the flusher's gets a message port. A worker thread that records in a process whose main thread
 * has started a flusher joins that one, over two broadcast channels, named after the process: one that only the flusher
 * listens to, one that only such threads do. Broadcast channels, as they reach another thread even while the main
 * thread is blocked or ending; a port would have to be passed on by the main thread. As everybody who has a channel open
 * also listens to it, one is opened for each message to the flusher, which costs no more than the message.
 *
 * What a broadcast channel cannot tell is that a thread has been terminated. So a thread that has been heard also sends
 * the flusher a port, by way of the main thread, whose only use is that it closes; and whoever made the thread says so.
 */

import {
  BroadcastChannel,
  getEnvironmentData,
  type MessagePort,
  receiveMessageOnPort,
  setEnvironmentData,
} from "node:worker_threads";
import { FLUSHER, type FromFlusher, type Hello, type News, NOBODY, OWNER, type ToFlusher } from "./protocol.js";

/** A recording thread's end of a line. */
export interface Line {
  say(message: ToFlusher | ToFlushWorker): void;
  /** While referenced, a line keeps its thread alive. */
  ref(): void;
  unref(): void;
  close(): void;
}

/**
 * What threads that join say on the flusher's channel. A hello holds all there is to know. While the flusher's thread comes
 * up, what a thread says may go by way of the main thread, and what it says next arrive before; so it says hello again
 * when it has been heard, and only then is it sure to be known whole.
 */
export type Joining = { readonly client: string } & (
  | ToFlusher
  | ThreadEnded
  | { readonly type: "hello"; readonly hello: Hello; readonly news: readonly News[] }
);

/**
 * What a thread said before the flusher's was there to listen: the main thread, which listens from the moment it starts
 * the other, passes it on.
 */
export interface Relayed {
  readonly type: "relayed";
  readonly joining: Joining;
}

/** A worker thread that the speaker has made is no more. */
export interface ThreadEnded {
  readonly type: "thread ended";
  readonly threadId: number;
}

/** What is said over a line, but not on behalf of the thread whose line it is. */
export type ToFlushWorker = Relayed | ThreadEnded;

/** What all that join may hear: that a flusher is there, or gone before its time, that it has heard them, and replies. */
export type Answer =
  | { readonly type: "here" }
  | { readonly type: "gone" }
  | ({ readonly client: string } & (FromFlusher | { readonly type: "heard"; readonly threadId: number }));

/** What comes with the port that closes when its thread ends. */
export interface SignOfLife {
  readonly seismo: "alive";
  readonly client: string;
  readonly port: MessagePort;
}

const TO_FLUSHER = `seismo:${process.pid}:to-flusher`;
const FROM_FLUSHER = `seismo:${process.pid}:from-flusher`;

export function portLine(port: MessagePort, onMessage: (message: FromFlusher) => void, onClose: () => void): Line {
  port.on("message", onMessage);
  port.on("close", onClose);
  port.unref();
  return {
    say: (message) => port.postMessage(message),
    ref: () => port.ref(),
    unref: () => port.unref(),
    close: () => port.close(),
  };
}

/** A line to the flusher of the process, should there be one. `onAnswer` hears what is meant for all or for `client`. */
export function joiningLine(
  client: string,
  onAnswer: (answer: Answer) => void,
): Line & { hello(hello: Hello, news: readonly News[]): void } {
  const answers = listenOn(FROM_FLUSHER, (answer: Answer) => {
    if (!("client" in answer) || answer.client === client) onAnswer(answer);
  });
  answers.unref();
  return {
    hello: (hello, news) => postTo(TO_FLUSHER, { client, type: "hello", hello, news } satisfies Joining),
    say: (message) => postTo(TO_FLUSHER, { client, ...(message as ToFlusher) } satisfies Joining),
    ref: () => answers.ref(),
    unref: () => answers.unref(),
    close: () => answers.close(),
  };
}

/** The flusher's end of all joining lines. */
export function openToJoin(onMessage: (message: Joining) => void): Channel {
  return listenOn(TO_FLUSHER, onMessage);
}

/** What every worker thread is given when it is made: the control words of the main thread. */
const CONTROL_OF_MAIN = "seismo:control of the main thread";

export function announceToWorkers(control: Int32Array): void {
  setEnvironmentData(CONTROL_OF_MAIN, control);
}

/** In a worker thread: whether the process has a flusher to join, or will have. If not, there may be one all the same. */
export function isFlusherExpected(): boolean {
  const control = getEnvironmentData(CONTROL_OF_MAIN) as unknown as Int32Array | undefined;
  if (!control) return false;
  const owner = Atomics.load(control, OWNER);
  return owner === NOBODY || owner === FLUSHER;
}

/** What waits to be heard, in order. */
export function* waitingIn<M>(source: MessagePort | Channel): Generator<M> {
  for (;;) {
    const next = receiveMessageOnPort(source as MessagePort); // takes a channel too, as documented; its type forgot
    if (!next) return;
    yield next.message as M;
  }
}

export function answerJoined(answer: Answer): void {
  postTo(FROM_FLUSHER, answer);
}

/** `ref` and `unref` are there on every Node; its types forgot them. */
export type Channel = BroadcastChannel & { ref(): void; unref(): void };

function listenOn<M>(name: string, onMessage: (message: M) => void): Channel {
  const channel = new BroadcastChannel(name) as Channel;
  channel.onmessage = (event) => onMessage((event as { data: M }).data);
  return channel;
}

function postTo(name: string, message: Joining | Answer): void {
  const channel = new BroadcastChannel(name);
  channel.postMessage(message);
  channel.close();
}
