/** Series handle: a duration recorder and one of its labels, looked up once, for the hottest paths. */

import type { DurationRecorder, DurationToken } from "./duration-recorder.js";

/**
 * Durations under one label.
 *
 * @example
 * import { DurationRecorder, Series } from "seismo";
 * const recorder = new DurationRecorder();
 * const notify = new Series(recorder, "/v2/notify [POST]");
 * const token = notify.start();
 * notify.stop(token);
 * console.log(recorder.stats().recorded); // => 1
 */
export class Series {
  readonly label: string;
  readonly #recorder: DurationRecorder;
  readonly #labelId: number;

  constructor(recorder: DurationRecorder, label: string) {
    this.label = label;
    this.#recorder = recorder;
    this.#labelId = recorder.labels.idOf(label);
  }

  /** Hot. Starts a measurement. */
  start(): DurationToken {
    return this.#recorder.start();
  }

  /** Hot. Records the time since `start()` returned this token. */
  stop(token: DurationToken): void {
    this.#recorder.stop(this.#labelId, token);
  }
}
