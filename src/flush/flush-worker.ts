/**
 * Flush worker: the thread that writes files. One per process: threads that start recording later find it by broadcast
 * and hand it a port.
 *
 * It wakes on the shortest interval its clients ask for, or when one says that a chunk is full, and ends with its last
 * client.
 */

import { BroadcastChannel, type MessagePort, threadId, workerData } from "node:worker_threads";
import { FlushClient } from "./flush-client.js";
import { type Adoption, FLUSHER, type Hello, NOBODY, OWNER, RENDEZVOUS, type Rendezvous } from "./protocol.js";

/** What the thread is started with: its first client, and whether others may join. */
export interface FlushWorkerData {
  readonly hello: Hello;
  readonly port: MessagePort;
  readonly isProcessFlusher: boolean;
}

/** Clients that still record. */
const recording = new Map<FlushClient, number>();
const all = new Set<FlushClient>();
let timer: NodeJS.Timeout | undefined;
let channel: BroadcastChannel | undefined;

function adopt(port: MessagePort, hello: Hello): void {
  if (Atomics.compareExchange(hello.control, OWNER, NOBODY, FLUSHER) !== NOBODY) {
    port.close(); // the thread could not wait for us, and writes its samples itself
    return;
  }
  const client: FlushClient = new FlushClient(port, hello, publishAll, () => {
    recording.delete(client);
    setPace();
  });
  all.add(client);
  recording.set(client, hello.flushIntervalMs);
}

function publishAll(): void {
  for (const client of recording.keys()) client.publish();
}

function setPace(): void {
  clearInterval(timer);
  if (recording.size > 0) {
    timer = setInterval(
      () => {
        for (const client of recording.keys()) client.tick();
      },
      Math.min(...recording.values()),
    );
    return;
  }
  channel?.close();
  process.removeAllListeners("workerMessage");
  for (const client of all) client.disconnect();
}

/** Lets other threads of the process find this one. */
function receive(): BroadcastChannel {
  process.on("workerMessage", (message: Partial<Adoption>) => {
    if (message?.seismo !== "adopt" || !message.port || !message.hello) return;
    adopt(message.port, message.hello);
    setPace();
  });
  const opened = new BroadcastChannel(RENDEZVOUS);
  const announce = () => opened.postMessage({ type: "here", threadId } satisfies Rendezvous);
  opened.onmessage = (event) => {
    if (((event as MessageEvent).data as Rendezvous).type === "seek") announce();
  };
  announce();
  return opened;
}

const { hello, port, isProcessFlusher } = workerData as FlushWorkerData;
if (isProcessFlusher) channel = receive();
adopt(port, hello);
setPace();
