/** Flusher thread: how the thread that writes files is started. What it runs is in `flush-worker.ts`. */

import { isMainThread, MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { FlushWorkerData } from "./flush-worker.js";
import type { Hello } from "./protocol.js";

export interface ThreadEvents {
  onError(error: unknown): void;
  onExit(): void;
}

/**
 * Starts the thread, which does not keep the process alive. Returns our end of its port.
 * @throws whatever a Worker throws: there may be no threads to be had
 */
export function startFlusherThread(url: URL, hello: Hello, { onError, onExit }: ThreadEvents): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const workerData: FlushWorkerData = { hello, port: port2, isProcessFlusher: isMainThread };
  const env = environment();
  // Its streams would else be piped to the host's, which would be opened for that: and a pipe that Node has opened is
  // non-blocking for everybody who holds it, such as children that have inherited it. We print nothing.
  const hasOwnStreams = !("NODE_DEBUG" in env);
  try {
    // No flags and no environment of the host's: they could preload its instrumentation, or us, into our thread.
    const worker = new Worker(url, {
      name: "seismo flusher",
      workerData,
      transferList: [port2],
      execArgv: [],
      env,
      stdout: hasOwnStreams,
      stderr: hasOwnStreams,
      trackUnmanagedFds: false,
    });
    worker.unref();
    worker.on("error", onError);
    worker.on("exit", onExit);
    return port1;
  } catch (error) {
    port1.close();
    throw error;
  }
}

/** None of the host's, but what tells our thread to tell more. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_DEBUG } = process.env;
  return { ...(NODE_DEBUG && { NODE_DEBUG }), PIDUSAGE_SILENT: "1" };
}
