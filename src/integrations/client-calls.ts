/** Client calls: what all kinds of clients have in common. A token on the object that is the call, and one row at its end. */

import type { Socket } from "node:net";
import type { DurationRecorder, DurationToken } from "../index.js";
import type { ClientLabels, Outcome } from "./client-labels.js";

const TOKEN: unique symbol = Symbol("seismo token");

/** An object that Node or undici makes for each call. */
export interface Call {
  [TOKEN]?: DurationToken;
}

export class ClientCalls {
  readonly #recorder: DurationRecorder;
  readonly #labels: ClientLabels;

  constructor(recorder: DurationRecorder, labels: ClientLabels) {
    this.#recorder = recorder;
    this.#labels = labels;
  }

  /** Hot. Begins a call, unless it has begun. */
  begin(call: Call): void {
    if (call[TOKEN] === undefined) call[TOKEN] = this.#recorder.start();
  }

  /** Whether this call has begun, while a monitor recorded, and has not ended. */
  isOpen(call: Call | undefined): call is Call {
    const token = call?.[TOKEN];
    return token !== undefined && token !== 0;
  }

  /** Hot. Ends a call that `isOpen`. */
  end(call: Call, outcome: Outcome, origin: string, method: string, target: string, status: number | undefined): void {
    const ended = this.#recorder.start(); // before the label is made, which takes time of its own
    const token = call[TOKEN]!;
    call[TOKEN] = 0 as DurationToken;
    this.#recorder.stopAt(this.#labels.idOf(outcome, origin, method, target, status), token, ended);
  }
}

/** Whether the other side ended a connection, or something on the way, and not this program. */
export function isLost(socket: Pick<Socket, "readableEnded" | "errored"> | null | undefined): boolean {
  if (!socket) return false;
  return socket.readableEnded || (socket.errored as { syscall?: unknown } | null)?.syscall !== undefined;
}
