/**
 * The v8-profiler-next engine, and what makes its profiles those of the inspector: it counts lines and columns from 1
 * where the format counts from 0, and has other names for some fields.
 *
 * The package has one profiler for all who use it in a thread. So that a program may use it as well: profiles have a
 * name of ours, and its output format is set only for the moment we need it. Its sampling interval stays as we set it.
 */

import { createRequire } from "node:module";
import { ProfilerError } from "../errors.js";
import type { ProfilerEngine } from "./engine.js";

/** The part of v8-profiler-next that is used here. */
interface V8Profiler {
  /** Throws while anything is being profiled. */
  setSamplingInterval(us: number): void;
  /** `mode` 0 forgets about the program's code when nothing is profiled any more, as the inspector does; 1 goes on watching it. */
  startProfiling(title: string, recordSamples: boolean, mode: 0 | 1): void;
  /** Returns nothing if no profile of this title is under way. */
  stopProfiling(title: string): FlatProfile | undefined;
  /** 0, the default: a tree without times that could be used. 1: a flat list of nodes. */
  setGenerateType(type: 0 | 1): void;
}

/** A profile of generate type 1. */
interface FlatProfile {
  readonly nodes: readonly FlatNode[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  delete(): void;
}

interface FlatNode {
  readonly id: number;
  readonly hitCount: number;
  readonly children: readonly number[];
  readonly callFrame: {
    readonly functionName: string;
    readonly scriptId: number;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
    readonly bailoutReason: string;
    readonly lineTicks?: readonly { readonly line: number; readonly hitCount: number }[];
  };
}

/** Whether there is a package of this name; not, whether it works. */
export function isInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve("v8-profiler-next");
    return true;
  } catch (error) {
    return !isMissing(error);
  }
}

/** @throws {ProfilerError} if it is not installed, or does not load */
export function openV8Profiler(): ProfilerEngine {
  const profiler = load();
  return {
    name: "v8-profiler-next",
    begin(samplingIntervalUs) {
      let title = begin(profiler, samplingIntervalUs);
      return {
        rotate() {
          const due = title;
          title = begin(profiler); // first, so that the profiler always has one, and keeps what it knows of the code
          return end(profiler, due);
        },
        end: () => end(profiler, title),
      };
    },
  };
}

let titles = 0;

/** Returns the title. The interval can be set only while nothing is being profiled. */
function begin(profiler: V8Profiler, samplingIntervalUs?: number): string {
  const title = `seismo ${++titles}`;
  try {
    if (samplingIntervalUs !== undefined) profiler.setSamplingInterval(samplingIntervalUs);
    profiler.startProfiling(title, true, 0);
    return title;
  } catch (error) {
    throw broken("could not begin a CPU profile", error);
  }
}

function load(): V8Profiler {
  try {
    return createRequire(import.meta.url)("v8-profiler-next") as V8Profiler;
  } catch (error) {
    if (!isMissing(error)) throw broken("does not load", error);
    throw new ProfilerError(
      'v8-profiler-next is not installed: npm install v8-profiler-next, or use engine: "inspector", which needs nothing',
      { cause: error },
    );
  }
}

/** Not so if it is there and its main file is not, or something that it needs. */
function isMissing(error: unknown): boolean {
  const { code, message } = Object(error) as NodeJS.ErrnoException;
  return code === "MODULE_NOT_FOUND" && message.includes("'v8-profiler-next'");
}

function end(profiler: V8Profiler, title: string): string {
  try {
    const profile = stop(profiler, title);
    if (profile === undefined) throw new Error("another of its users has ended it");
    profile.delete(); // from the list that the package keeps
    return inspectorJson(profile);
  } catch (error) {
    throw broken("could not end a CPU profile", error);
  }
}

function stop(profiler: V8Profiler, title: string): FlatProfile | undefined {
  profiler.setGenerateType(1);
  try {
    return profiler.stopProfiling(title);
  } finally {
    profiler.setGenerateType(0);
  }
}

function inspectorJson({ nodes, startTime, endTime, samples, timeDeltas }: FlatProfile): string {
  return JSON.stringify({ nodes: nodes.map(inspectorNode), startTime, endTime, samples, timeDeltas });
}

function inspectorNode({ id, callFrame, hitCount, children }: FlatNode): object {
  const { functionName, scriptId, url, lineNumber, columnNumber, bailoutReason, lineTicks } = callFrame;
  return {
    id,
    callFrame: {
      functionName,
      scriptId: String(scriptId),
      url,
      lineNumber: lineNumber - 1,
      columnNumber: columnNumber - 1,
    },
    hitCount,
    ...(children.length > 0 && { children }),
    ...(bailoutReason && { deoptReason: bailoutReason }),
    ...(lineTicks && { positionTicks: lineTicks.map(({ line, hitCount }) => ({ line, ticks: hitCount })) }),
  };
}

function broken(what: string, cause: unknown): ProfilerError {
  return new ProfilerError(
    `v8-profiler-next is installed but ${what}: ${(cause as Error)?.message ?? cause}. Reinstall it for this Node, or use engine: "inspector"`,
    { cause },
  );
}
