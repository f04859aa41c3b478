/**
 * Root context: timers of ours belong to nobody's request. Made in one, they would carry its `AsyncLocalStorage` along, and
 * keep what is stored there in memory for as long as they run.
 */

import { AsyncResource } from "node:async_hooks";

const root = new AsyncResource("seismo"); // made when this module is loaded, in no request as a rule

export function inRootContext<T>(action: () => T): T {
  return root.runInAsyncScope(action);
}
