/**
 * The table of built-in series: every label Seismo itself writes, what its numbers mean, and where they come from.
 * `docs/series.md` is made from it (`npm run docs`).
 */

/**
 * What one measurement of a series is.
 *
 * - `counter`: how much there has been since the start of the run or the process; a rate is a difference of two
 * - `gauge`: what was there at the timepoint
 * - `interval`: of the time since the sample before
 * - `event`: something that happened, and ended at the timepoint
 */
export type SeriesKind = "counter" | "gauge" | "interval" | "event";

export interface BuiltInSeries {
  /** As in the files. A word in angle brackets stands for whatever the source calls it. */
  readonly label: string;
  readonly unit: string;
  readonly kind: SeriesKind;
  /** Whether a measurement counts since the start, so that it never falls: true of counters. */
  readonly cumulative: boolean;
  /** Which sampler records it, by the name it has among the options; `seismo` for what we tell of ourselves. */
  readonly sampler: string;
  /** Whose number it is. */
  readonly source: string;
  /** First version of Node that has it, if not all that Seismo runs on, and where else it may be missing. */
  readonly since: string;
  readonly meaning: string;
}

type Row = readonly [label: string, unit: string, kind: SeriesKind, source: string, meaning: string, since?: string];

/** Every Node that Seismo runs on. */
const ALWAYS = "20";

function sampledBy(sampler: string, rows: readonly Row[]): BuiltInSeries[] {
  return rows.map(([label, unit, kind, source, meaning, since = ALWAYS]) => ({
    label,
    unit,
    kind,
    cumulative: kind === "counter",
    sampler,
    source,
    since,
    meaning,
  }));
}

export const GC_COLLECTIONS = "gc collections";
export const GC_COLLECTED = "gc collected";
export const GC_UNCOLLECTABLE = "gc uncollectable";
export const GC_PAUSE_MINOR = "gc pause minor";
export const GC_PAUSE_MAJOR = "gc pause major";
export const GC_PAUSE_INCREMENTAL = "gc pause incremental";
export const GC_PAUSE_WEAKCB = "gc pause weakcb";

const GC = sampledBy("gc", [
  [
    GC_COLLECTIONS,
    "collections",
    "counter",
    'PerformanceObserver("gc")',
    "Garbage collections, minor and major, since recording began.",
  ],
  [
    GC_COLLECTED,
    "B",
    "counter",
    "v8.GCProfiler",
    "Bytes of heap that collections have freed since recording began: what was used before each, less what was after.",
  ],
  [
    GC_UNCOLLECTABLE,
    "contexts",
    "gauge",
    "v8.getHeapStatistics().number_of_detached_contexts",
    "Contexts that are detached and still not collected: what V8 tells of memory that will not go away.",
  ],
  [GC_PAUSE_MINOR, "s", "event", 'PerformanceObserver("gc")', "One collection of the young generation."],
  [GC_PAUSE_MAJOR, "s", "event", 'PerformanceObserver("gc")', "One collection of the whole heap: its final pause."],
  [GC_PAUSE_INCREMENTAL, "s", "event", 'PerformanceObserver("gc")', "One step of incremental marking."],
  [GC_PAUSE_WEAKCB, "s", "event", 'PerformanceObserver("gc")', "One run of callbacks of weak references."],
]);

export const USER_TIME = "user time";
export const SYSTEM_TIME = "system time";
export const MAX_RSS = "max rss";
export const RSS = "rss";
export const CPU_SHARE = "cpu share";
export const VOLUNTARY_CONTEXT_SWITCHES = "voluntary context switches";
export const INVOLUNTARY_CONTEXT_SWITCHES = "involuntary context switches";
export const MINOR_PAGE_FAULTS = "minor page faults";
export const MAJOR_PAGE_FAULTS = "major page faults";
export const FILE_SYSTEM_READS = "file system reads";
export const FILE_SYSTEM_WRITES = "file system writes";
export const OPEN_DESCRIPTORS = "open descriptors";

const RUSAGE = "process.resourceUsage()";
const PROCESS = sampledBy("process", [
  [USER_TIME, "s", "counter", `${RUSAGE}.userCPUTime`, "CPU time the process has spent in user mode since its start."],
  [
    SYSTEM_TIME,
    "s",
    "counter",
    `${RUSAGE}.systemCPUTime`,
    "CPU time the process has spent in the kernel since its start.",
  ],
  [
    MAX_RSS,
    "kB",
    "gauge",
    `${RUSAGE}.maxRSS`,
    "The most memory the process has held at any one time, as resident set size.",
  ],
  [RSS, "B", "gauge", "process.memoryUsage.rss()", "Memory the process holds: its resident set size."],
  [
    CPU_SHARE,
    "cores",
    "interval",
    RUSAGE,
    "CPU time per time: 1 is one core kept busy, and all threads of the process count.",
  ],
  [
    VOLUNTARY_CONTEXT_SWITCHES,
    "switches",
    "counter",
    `${RUSAGE}.voluntaryContextSwitches`,
    "Times a thread of the process gave up the CPU, to wait.",
    "20, not on Windows",
  ],
  [
    INVOLUNTARY_CONTEXT_SWITCHES,
    "switches",
    "counter",
    `${RUSAGE}.involuntaryContextSwitches`,
    "Times a thread of the process had the CPU taken away.",
    "20, not on Windows",
  ],
  [
    MINOR_PAGE_FAULTS,
    "faults",
    "counter",
    `${RUSAGE}.minorPageFault`,
    "Page faults that were served without reading a disk.",
    "20, not on Windows",
  ],
  [MAJOR_PAGE_FAULTS, "faults", "counter", `${RUSAGE}.majorPageFault`, "Page faults that had to read a disk."],
  [FILE_SYSTEM_READS, "operations", "counter", `${RUSAGE}.fsRead`, "Times the file system had to read."],
  [FILE_SYSTEM_WRITES, "operations", "counter", `${RUSAGE}.fsWrite`, "Times the file system had to write."],
  [
    OPEN_DESCRIPTORS,
    "descriptors",
    "gauge",
    "/proc/self/fd, /dev/fd",
    "Files, sockets and pipes the process has open.",
    "20, on Linux and macOS",
  ],
]);

export const HEAP_USED = "heap used";
export const HEAP_TOTAL = "heap total";
export const HEAP_LIMIT = "heap limit";
export const EXTERNAL_MEMORY = "external memory";
export const ARRAY_BUFFERS = "array buffers";
export const HEAP_SPACE = "heap space <name>";

const MEMORY = sampledBy("memory", [
  [HEAP_USED, "B", "gauge", "v8.getHeapStatistics().used_heap_size", "Bytes of V8's heap that objects take."],
  [
    HEAP_TOTAL,
    "B",
    "gauge",
    "v8.getHeapStatistics().total_heap_size",
    "Bytes V8 has taken from the system for its heap.",
  ],
  [
    HEAP_LIMIT,
    "B",
    "gauge",
    "v8.getHeapStatistics().heap_size_limit",
    "Bytes V8's heap may grow to before the process is aborted.",
  ],
  [
    EXTERNAL_MEMORY,
    "B",
    "gauge",
    "v8.getHeapStatistics().external_memory",
    "Bytes outside of V8's heap that its objects hold, array buffers included.",
  ],
  [ARRAY_BUFFERS, "B", "gauge", "process.memoryUsage().arrayBuffers", "Bytes of array buffers, and so of Buffers."],
  [
    HEAP_SPACE,
    "B",
    "gauge",
    "v8.getHeapSpaceStatistics()",
    "Bytes used of one of the heap's spaces: on request, `memory: { spaces: true }`.",
  ],
]);

export const LOOP_DELAY_MIN = "event loop delay min";
export const LOOP_DELAY_MEAN = "event loop delay mean";
export const LOOP_DELAY_P50 = "event loop delay p50";
export const LOOP_DELAY_P99 = "event loop delay p99";
export const LOOP_DELAY_MAX = "event loop delay max";
export const LOOP_UTILIZATION = "event loop utilization";

const TURNS = "turns of the loop, timed by Seismo";
const EVENT_LOOP = sampledBy("eventLoop", [
  [
    LOOP_DELAY_MIN,
    "s",
    "interval",
    TURNS,
    "The shortest turn of the event loop: how long an event had to wait at most that came right after it had begun.",
  ],
  [LOOP_DELAY_MEAN, "s", "interval", TURNS, "The mean turn of the event loop."],
  [LOOP_DELAY_P50, "s", "interval", TURNS, "The median turn of the event loop."],
  [LOOP_DELAY_P99, "s", "interval", TURNS, "99 of 100 turns of the event loop took no longer."],
  [LOOP_DELAY_MAX, "s", "interval", TURNS, "The longest turn of the event loop."],
  [
    LOOP_UTILIZATION,
    "ratio",
    "interval",
    "performance.eventLoopUtilization()",
    "Share of the time that the event loop was not idle, 0 to 1.",
  ],
]);

export const LOOP_STALL = "event loop stall";
export const LOOP_BLOCKED = "event loop blocked";

const STALLS = sampledBy("stalls", [
  [LOOP_STALL, "s", "event", TURNS, "One turn of the event loop that took longer than `stalls.thresholdMs`."],
  [
    LOOP_BLOCKED,
    "s",
    "gauge",
    "heartbeat, watched by the flusher's thread",
    "How long the event loop had been blocked, as seen while it was: once when found out, then once an interval.",
  ],
]);

export const ACTIVE_RESOURCES = "active <type>";
export const WORKER_THREADS = "worker threads";
export const HTTP_SOCKETS = "http sockets";

const ACTIVITY = sampledBy("activity", [
  [
    ACTIVE_RESOURCES,
    "resources",
    "gauge",
    "process.getActiveResourcesInfo()",
    "Handles, requests and timers of one type that keep the process alive; 0 once there are none left.",
  ],
  [
    WORKER_THREADS,
    "threads",
    "gauge",
    'diagnostics_channel "worker_threads"',
    "Worker threads that this thread has started since recording began and that still run.",
  ],
  [
    HTTP_SOCKETS,
    "sockets",
    "gauge",
    'diagnostics_channel "net.server.socket"',
    "Open connections of the HTTP and HTTPS servers that got one since recording began.",
  ],
]);

export const TREE_CPU_SHARE = "process tree cpu share";
export const TREE_RSS = "process tree rss";

const PROCESS_TREE = sampledBy("processTree", [
  [
    TREE_CPU_SHARE,
    "cores",
    "interval",
    "/proc/PID/stat, elsewhere pidusage",
    "CPU time per time of a child process, or of one that was asked for; its PID is in the row.",
  ],
  [
    TREE_RSS,
    "B",
    "gauge",
    "/proc/PID/status, elsewhere pidusage",
    "Memory such a process holds: its resident set size.",
  ],
]);

export const SAMPLES_DROPPED = "seismo samples dropped";
export const SAMPLES_INVALID = "seismo samples invalid";
export const WRITE_ERRORS = "seismo write errors";
export const SAMPLER_ERRORS = "seismo sampler errors";

const SEISMO = sampledBy("seismo", [
  [
    SAMPLES_DROPPED,
    "samples",
    "counter",
    "Seismo",
    "Samples lost because memory was full while files could not be written fast enough, or at all.",
  ],
  [
    SAMPLES_INVALID,
    "samples",
    "counter",
    "Seismo",
    "Samples that were none: NaN, infinities, labels that are no strings, tokens that no start() returned.",
  ],
  [
    WRITE_ERRORS,
    "errors",
    "counter",
    "Seismo",
    "Attempts to write or publish a file that failed. A failed attempt is made again.",
  ],
  [SAMPLER_ERRORS, "errors", "counter", "Seismo", "Times a sampler threw, or rejected. It goes on."],
]);

/**
 * Every label Seismo itself writes.
 *
 * @example
 * import { BUILT_IN_SERIES } from "seismo";
 * const { unit, cumulative } = BUILT_IN_SERIES.find(({ label }) => label === "user time")!;
 * console.log(unit, cumulative); // => s true
 */
export const BUILT_IN_SERIES: readonly BuiltInSeries[] = [
  ...GC,
  ...PROCESS,
  ...MEMORY,
  ...EVENT_LOOP,
  ...STALLS,
  ...ACTIVITY,
  ...PROCESS_TREE,
  ...SEISMO,
];

/** The label of one member of a family of series: `memberOf("active <type>", "Timeout")` is `active Timeout`. */
export function memberOf(family: string, name: string): string {
  return family.replace(/<\w+>/, name);
}

/** Series of a worker thread's own heap and event loop are told from the main thread's by this. */
export function ofThread(label: string, threadId: number): string {
  return `${label} (worker ${threadId})`;
}
