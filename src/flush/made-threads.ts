/** Made threads: the worker threads that this thread makes, as Node's diagnostics channel tells of them before their maker goes on. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Worker } from "node:worker_threads";

const CHANNEL = "worker_threads";

export class MadeThreads {
  readonly #onMade: () => void;
  readonly #onEnded: (threadId: number) => void;

  constructor(onMade: () => void, onEnded: (threadId: number) => void) {
    this.#onMade = onMade;
    this.#onEnded = onEnded;
    subscribe(CHANNEL, this.#listen);
  }

  /** Those made from now on are not told of. */
  stop(): void {
    unsubscribe(CHANNEL, this.#listen);
  }

  readonly #listen = (message: unknown): void => {
    this.#onMade();
    const { worker } = message as { readonly worker: Worker };
    const { threadId } = worker; // it has none once it has ended
    worker.once("exit", () => this.#onEnded(threadId));
  };
}
