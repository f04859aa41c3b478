/**
 * Root context: timers of ours belong to nobody's request. Made in one, they would carry its `AsyncLocalStorage` along, and
 * keep what is stored there in memory for as long as they run.
 */

import { AsyncResource } from "node:async_hooks";

/** Keeps nothing alive, and says so to those who look for what does: Jest would else name it an open handle. */
class RootContext extends AsyncResource {
  hasRef(): boolean {
    return false;
  }
}

const root = new RootContext("seismo"); // made when this module is loaded, in no request as a rule

export function inRootContext<T>(action: () => T): T {
  return root.runInAsyncScope(action);
}
