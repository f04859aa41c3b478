/**
 * Records samples and ends, in the way it is told: `ending.js DIRECTORY|off WAY`. With `off` it does the same without
 * Seismo, to show how it would have ended.
 */

import { once } from "node:events";
import { observe, series, start } from "seismo";
import { onExit } from "signal-exit";

const [directory, way] = process.argv.slice(2) as [string, string];
if (directory !== "off") start({ directory });
const call = series("call");
const record = (n: number) => {
  for (let i = 0; i < n; i++) call.stop(call.start());
};
record(1000);
observe("value", 1);

/** Says that it is ready, and stays until a signal, or ten seconds at most. */
const stay = () => {
  setTimeout(() => process.exit(99), 10_000);
  console.log("ready");
};

const ways: Record<string, () => void | Promise<void>> = {
  "natural end": () => {},
  "exit code set": () => {
    process.exitCode = 4;
  },
  "process.exit at once": () => process.exit(3),
  "process.exit in a timer": () => void setTimeout(() => process.exit(3), 20),
  "process.exit in an exit listener": () => {
    process.on("exit", () => {
      record(1);
      process.exit(6);
    });
    setTimeout(() => process.exit(3), 20);
  },
  "process.exit in a promise": async () => {
    await null;
    process.exit(3);
  },
  "exit listener of the host throws": () => {
    process.on("exit", () => {
      record(1);
      throw new Error("in an exit listener");
    });
  },
  "exit listener added later records": () => {
    setTimeout(() => process.on("exit", () => record(1)), 10);
  },
  "uncaught exception": () => {
    throw new Error("nobody catches this");
  },
  "uncaught exception later": () => {
    setTimeout(() => {
      throw new Error("nobody catches this");
    }, 20);
  },
  "unhandled rejection": () => {
    void Promise.reject(new Error("nobody catches this"));
  },
  "uncaught exception, handled by the host": () => {
    process.on("uncaughtException", () => {
      record(1);
      process.exit(7);
    });
    setTimeout(() => {
      throw new Error("caught");
    }, 20);
  },
  "stack overflow": () => {
    const forever = (): number => forever() + 1;
    forever();
  },
  "signal, no listener": stay,
  "signal, host exits with code 5": () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => process.exit(5));
    stay();
  },
  "signal, host listens once, drains and exits": () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
      process.once(signal, () => {
        setTimeout(() => {
          record(1);
          process.exit(5);
        }, 50);
      });
    }
    stay();
  },
  "signal, host ignores it": () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
      process.on(signal, () => setTimeout(() => process.exit(8), 100));
    }
    stay();
  },
  "signal, host cleans up and sends it again": () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      process.once(signal, () => {
        record(1);
        process.kill(process.pid, signal);
      });
    }
    stay();
  },
  "signal, signal-exit listens": () => {
    onExit((code, signal) => void console.log(`signal-exit: ${code} ${signal}`));
    stay();
  },
};

await ways[way]!();
if (way.startsWith("signal")) await once(process, "a thing that never happens");
