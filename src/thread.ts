/** Thread: what the flusher's thread runs: the flusher, and the watch beside it. */

import { FlushWorker } from "./flush/flush-worker.js";
import { Watch, type WatchSettings } from "./watch.js";

new FlushWorker((settings, host) => new Watch(settings as WatchSettings, host));
