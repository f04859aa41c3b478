/** Requests: what has been asked of a flusher and not been answered. It is asked for again of a flusher that comes later. */

import type { Saved } from "./flush-loop.js";
import type { Request } from "./protocol.js";

export type Asked = Extract<Request, { readonly type: "publish" | "close" | "save" }>;

interface Pending {
  readonly message: Asked;
  readonly resolve: (saved?: Saved) => void;
}

export class Requests {
  readonly #pending = new Map<number, Pending>();

  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** Resolves when it is answered. */
  add(message: Asked): Promise<Saved | undefined> {
    return new Promise((resolve) => this.#pending.set(message.request, { message, resolve }));
  }

  /** In the order they were made. */
  get messages(): readonly Asked[] {
    return Array.from(this.#pending.values(), ({ message }) => message);
  }

  answer(request: number, saved?: Saved): void {
    this.#pending.get(request)?.resolve(saved);
    this.#pending.delete(request);
  }

  answerAll(): void {
    for (const { resolve } of this.#pending.values()) resolve();
    this.#pending.clear();
  }
}
