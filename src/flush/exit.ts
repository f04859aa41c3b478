/**
 * Exit: the last chance to flush, however the process ends, without changing how it ends.
 *
 * A normal end and an uncaught error emit `exit`. We listen first, as a listener of the host's may throw or end the
 * process and so silence the rest, and last, as one may still record. `process.exit()` comes, after those listeners or
 * in the middle of them, to `process.reallyExit()`, which is ours to flush before.
 *
 * A signal that kills the process emits nothing, so SIGTERM, SIGINT and SIGHUP are listened for. While our listener
 * runs it takes itself off the list, for two reasons. If no other listener is left, the signal is sent again and does
 * what it would have done without us. And libraries that count listeners to find out whether they must end the process
 * themselves (signal-exit, and with it much of npm) count as if we were not there. Until the turn is over, a signal
 * that the host sends to itself, to end after cleaning up, is preceded by one more flush.
 */

import { setImmediate } from "node:timers";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Undocumented, but what signal-exit patches and Node therefore keeps. */
interface ReallyExiting {
  reallyExit: (code?: number) => never;
}

export interface ExitHooks {
  /** Writes and publishes everything, before it returns. May be called more than once. */
  readonly flush: () => void;
  /** Called once, last, when the process or thread ends by itself. */
  readonly onExit: () => void;
  /** Whether to flush on signals too. Only a process's main thread gets any. */
  readonly signals: boolean;
}

/** Installs the hooks and returns what takes them off again. */
export function installExitHooks({ flush, onExit, signals }: ExitHooks): () => void {
  const uninstallExit = hookExit(flush, onExit);
  const uninstallSignals = signals ? hookSignals(flush) : () => {};
  return () => {
    uninstallExit();
    uninstallSignals();
  };
}

function hookExit(flush: () => void, onExit: () => void): () => void {
  let ended = false;
  const end = mark(() => {
    flush();
    if (!ended) onExit();
    ended = true;
  });
  const first = mark(() => flush());
  const stayLast = (event: string | symbol, listener: object) => {
    if (event !== "exit" || OURS in listener) return;
    queueMicrotask(() => {
      if (!process.listeners("exit").includes(end)) return; // uninstalled
      process.off("exit", end);
      process.on("exit", end);
    });
  };
  const exiting = process as unknown as ReallyExiting;
  const { reallyExit } = exiting;
  const flushAndExit = (code?: number): never => {
    end();
    return reallyExit.call(process, code);
  };
  process.prependListener("exit", first);
  process.on("exit", end);
  process.on("newListener", stayLast);
  exiting.reallyExit = flushAndExit;

  return () => {
    process.off("exit", first);
    process.off("exit", end);
    process.off("newListener", stayLast);
    if (exiting.reallyExit === flushAndExit) exiting.reallyExit = reallyExit;
  };
}

/** Two monitors, of two copies of this package even, would else each try to be the last for ever. */
const OURS = Symbol.for("seismo.exit listener");

function mark(listener: () => void): () => void {
  return Object.assign(listener, { [OURS]: true });
}

function hookSignals(flush: () => void): () => void {
  let installed = true;
  const atSignal = (signal: NodeJS.Signals) => {
    flush();
    process.off(signal, atSignal);
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    const unhookKill = hookKill(flush);
    // Still here: a listener of the host's decides, or the process is one that signals do not end (PID 1).
    setImmediate(() => {
      unhookKill();
      if (installed) process.prependListener(signal, atSignal);
    });
  };
  // First in line, as listeners that were added by once() are gone from the list when they have run.
  for (const signal of SIGNALS) process.prependListener(signal, atSignal);
  return () => {
    installed = false;
    for (const signal of SIGNALS) process.off(signal, atSignal);
  };
}

/** A flush before each signal that the process sends to itself. */
function hookKill(flush: () => void): () => void {
  const { kill } = process;
  const flushAndKill: typeof kill = (pid, signal) => {
    if (pid === process.pid) flush();
    return kill.call(process, pid, signal);
  };
  process.kill = flushAndKill;
  return () => {
    if (process.kill === flushAndKill) process.kill = kill;
  };
}
