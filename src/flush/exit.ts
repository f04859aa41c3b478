/**
 * Exit: the last chance to flush, however the process ends, without changing how it ends.
 *
 * The `exit` event covers a normal end, `process.exit()` and an uncaught error. It does not come when a signal kills the
 * process, so SIGTERM, SIGINT and SIGHUP are listened for. While our listener runs it takes itself off the list, for
 * two reasons. If no other listener is left, the signal is sent again and does what it would have done without us. And
 * libraries that count listeners to find out whether they must end the process themselves (signal-exit, and with it
 * much of npm) count as if we were not there.
 */

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

export interface ExitHooks {
  /** Writes and publishes everything, before it returns. May be called more than once. */
  readonly flush: () => void;
  /** Called last, when the process or thread ends by itself. */
  readonly onExit: () => void;
  /** Whether to flush on signals too. Only a process's main thread gets any. */
  readonly signals: boolean;
}

/** Installs the hooks and returns what takes them off again. */
export function installExitHooks({ flush, onExit, signals }: ExitHooks): () => void {
  const atExit = () => {
    flush();
    onExit();
  };
  // Exit listeners of the host that come after ours could still record, so ours stays the last.
  const stayLast = (event: string | symbol, listener: unknown) => {
    if (event !== "exit" || listener === atExit) return;
    queueMicrotask(() => {
      if (!process.listeners("exit").includes(atExit)) return;
      process.off("exit", atExit);
      process.on("exit", atExit);
    });
  };
  const atSignal = (signal: NodeJS.Signals) => {
    flush();
    process.off(signal, atSignal);
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    // Still here: a listener of the host's decides, or the process is one that signals do not end (PID 1).
    setImmediate(() => {
      if (installed) process.prependListener(signal, atSignal);
    }).unref();
  };
  let installed = true;
  process.on("exit", atExit);
  process.on("newListener", stayLast);
  // First in line, as listeners that were added by once() are gone from the list when they have run.
  if (signals) for (const signal of SIGNALS) process.prependListener(signal, atSignal);

  return () => {
    installed = false;
    process.off("exit", atExit);
    process.off("newListener", stayLast);
    for (const signal of SIGNALS) process.off(signal, atSignal);
  };
}
