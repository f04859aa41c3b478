/**
 * Membership: how a worker thread joins the flusher of its process. It says hello, with all there is to know of it, now and
 * whenever a flusher comes up, until one has heard it.
 */

import { clearTimeout, setTimeout } from "node:timers";
import { MessageChannel, postMessageToThread } from "node:worker_threads";
import { type Answer, isFlusherExpected, joiningLine, type Line, type SignOfLife } from "./lines.js";
import { type FromFlusher, type Hello, type News, NOBODY, OWNER } from "./protocol.js";
import type { Asked } from "./requests.js";

/** How long to wait to be claimed by a flusher that nothing is known of. */
const JOIN_MS = 500;

/** The thread that joins. */
export interface Member {
  readonly hello: Hello;
  /** All there is to know of its recorders. */
  news(): News[];
  /** What it has asked for, and not been told yet. */
  asked(): readonly Asked[];
  hear(message: FromFlusher): void;
  /** The flusher has ended before its time. */
  onGone(): void;
  /** There is none to join. */
  onUnclaimed(): void;
  /** Resolves when the thread needs no flusher any more. */
  readonly ended: Promise<void>;
}

export class Membership {
  readonly line: Line;
  readonly #member: Member;
  readonly #sayHello: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isHeard = false;
  #hasEnded = false;

  constructor(member: Member) {
    this.#member = member;
    const { hello } = member;
    const line = joiningLine(hello.files.run, (answer) => this.#onAnswer(answer));
    this.line = line;
    this.#sayHello = () => line.hello(hello, member.news());
    this.#sayHello();
    this.#waitToBeClaimed();
  }

  /** Whether no flusher has said yet that it has heard. */
  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Another way has been found: no flusher is waited for, nor told anything. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.line.close();
  }

  #waitToBeClaimed(): void {
    this.#timer = setTimeout(() => {
      if (this.#owner !== NOBODY) return;
      if (isFlusherExpected()) {
        this.#waitToBeClaimed(); // on a machine that is busy it may take a while; samples wait in memory
        return;
      }
      this.end();
      this.#member.onUnclaimed();
    }, JOIN_MS);
    this.#timer.unref();
  }

  get #owner(): number {
    return Atomics.load(this.#member.hello.control, OWNER);
  }

  #onAnswer(answer: Answer): void {
    if (answer.type === "here") this.sayHelloAgain();
    else if (answer.type === "gone") {
      if (this.#owner !== NOBODY) this.#member.onGone();
    } else if (answer.type === "heard") {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.sayHelloAgain();
      this.#isHeard = true;
      this.#giveSignOfLife(answer.threadId);
    } else this.#member.hear(answer);
  }

  /** What was said before may have been heard by nobody, or have gone by way of the main thread, and be late. */
  sayHelloAgain(): void {
    if (this.#hasEnded || this.#isHeard) return;
    this.#sayHello();
    for (const message of this.#member.asked()) this.line.say(message);
  }

  /** Sends the flusher a port that closes with this thread. Best effort: without it, our files close with the process. */
  #giveSignOfLife(threadId: number): void {
    const { port1, port2 } = new MessageChannel();
    port1.unref();
    const sign: SignOfLife = { seismo: "alive", client: this.#member.hello.files.run, port: port2 };
    postMessageToThread(threadId, sign, [port2]).catch(() => {});
    void this.#member.ended.then(() => port1.close());
  }
}
