/**
 * The inspector engine: Node's own, through a session with this thread's inspector, whose answers arrive before `post`
 * returns (Node 20 to 26). Each profile has a session of its own, so it minds no other profiler: DevTools, `--cpu-prof`
 * or the program's own sessions profile as if it were not there.
 *
 * Why not `v8.startCpuProfile()`, which Node 26 has: it is experimental, counts its interval in milliseconds, and takes
 * as long to begin.
 */

import type { Session } from "node:inspector";
import { ProfilerError } from "../errors.js";
import type { ProfilerEngine, ProfileUnderWay } from "./engine.js";

type Inspector = typeof import("node:inspector");

/** @throws {ProfilerError} if this Node was built without the inspector */
export function openInspector(): ProfilerEngine {
  // Loaded when it is first used: takes 2 to 6 ms. Typed as if it were always there; it is not.
  const inspector = process.getBuiltinModule("node:inspector") as Inspector | undefined;
  if (inspector === undefined)
    throw new ProfilerError(
      "this Node was built without its inspector. With v8-profiler-next installed, profiles are taken by that",
    );
  return { name: "inspector", begin: (samplingIntervalUs) => begin(inspector, samplingIntervalUs) };
}

function begin(inspector: Inspector, samplingIntervalUs: number): ProfileUnderWay {
  const session = new inspector.Session();
  try {
    session.connect(); // refused by Node's permission model
    post(session, "Profiler.enable");
    post(session, "Profiler.setSamplingInterval", { interval: samplingIntervalUs });
    post(session, "Profiler.start");
  } catch (error) {
    session.disconnect();
    throw failed("begin", error);
  }
  return { rotate: () => rotate(inspector, session), end: () => end(inspector, session) };
}

/**
 * The session drops its profiler, and with it what that knows of optimized code, as soon as it has no profile to take.
 * So that it keeps it, it is given another for the moment in between, such as `console.profile()` asks for.
 */
function rotate(inspector: Inspector, session: Session): string {
  inspector.console.profile("seismo");
  try {
    const { profile } = post(session, "Profiler.stop");
    post(session, "Profiler.start");
    return JSON.stringify(profile);
  } catch (error) {
    throw failed("rotate", error);
  } finally {
    inspector.console.profileEnd("seismo");
    forgetConsole(inspector, session);
  }
}

function end(inspector: Inspector, session: Session): string {
  try {
    return JSON.stringify(post(session, "Profiler.stop").profile);
  } catch (error) {
    throw failed("end", error);
  } finally {
    forgetConsole(inspector, session);
    session.disconnect(); // ends the profile too, should it still run
  }
}

/**
 * While any session is connected, the inspector keeps what the program logs alive, for DevTools that may yet come: 1000
 * messages with all they refer to, for good. Where a debugger may have come, it is not ours to clear.
 */
function forgetConsole(inspector: Inspector, session: Session): void {
  if (inspector.url() === undefined) session.post("Runtime.discardConsoleEntries");
}

function post(session: Session, method: string, parameters?: object): { profile?: object } {
  let failure: Error | null = new Error(`no answer to ${method}`);
  let answer: object | undefined;
  session.post(method, parameters, (error, result) => {
    failure = error;
    answer = result;
  });
  if (failure) throw failure;
  return answer ?? {};
}

function failed(what: string, cause: unknown): ProfilerError {
  return new ProfilerError(`the inspector could not ${what} a CPU profile: ${(cause as Error).message}`, { cause });
}
