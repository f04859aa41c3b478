/** Relay: listens, until the flusher's thread is up, in its place to the threads that would join it. */

import { type Channel, type Joining, openToJoin, waitingIn } from "./lines.js";

export class Relay {
  readonly #passOn: (joining: Joining) => void;
  #channel: Channel | undefined;
  #hasPassedOn = false;

  constructor(passOn: (joining: Joining) => void) {
    this.#passOn = (joining) => {
      passOn(joining);
      this.#hasPassedOn = true;
    };
    this.#channel = openToJoin(this.#passOn);
    this.#channel.unref();
  }

  /** Others count on the flusher that is coming up, so this thread must not do without it. */
  get hasPassedOn(): boolean {
    return this.#hasPassedOn;
  }

  /** What has been said and no turn of the event loop has brought yet. */
  passOnWaiting(): void {
    if (this.#channel) for (const joining of waitingIn<Joining>(this.#channel)) this.#passOn(joining);
  }

  end(): void {
    this.passOnWaiting();
    this.#channel?.close();
    this.#channel = undefined;
  }
}
