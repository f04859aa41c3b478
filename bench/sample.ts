/**
 * What does one duration sample cost the caller?          npm run bench -- sample
 *
 * Time, against the two clock readings that no duration can do without, and heap, in steady state, by the ways of
 * holding the token. Then what others ask for one measurement, each used as its manual has it and spared what is not
 * its recording: `observe`, `record`, `recordValue` and the logger are handed a duration that cost nothing to take, and
 * the logger's file is /dev/null. They are compared with our label string, as they too are told the route at each call.
 */

import { once } from "node:events";
import { createHistogram, performance } from "node:perf_hooks";
import type { DurationToken } from "seismo";
import { bareClockReads } from "./lib/clock-reads.js";
import { HEAP_FLAGS, type Loop, type MeasureOptions, measureHeap, measureTime } from "./lib/measure.js";
import { loadPeer } from "./lib/peers.js";
import type { MeasuringVariant, Question } from "./lib/question.js";
import { CIRCLE_MASK, LABELS, ROUTES, randomDurationsNs, randomRouteIndexes } from "./lib/random.js";
import { type Seismo, WAITING_BATCHES, whileRecording } from "./lib/recording.js";

const BARE = "two bare clock reads";
const HANDLE = "series handle";
const LABEL = "label string";
const IN_FLIGHT = 64;
const IN_FLIGHT_MASK = IN_FLIGHT - 1;

/** A program that holds its token in a local variable: nothing escapes. */
function handleLoop({ series }: Seismo): Loop {
  const route = series(LABELS[0]);
  return (turns) => {
    for (let i = 0; i < turns; i++) {
      const token = route.start();
      route.stop(token);
    }
    return turns;
  };
}

/** The same through the seed's pair of functions: a label is looked up for each sample. */
function labelLoop({ startDurationSample, stopDurationSample }: Seismo): Loop {
  const indexes = randomRouteIndexes();
  return (turns) => {
    for (let i = 0; i < turns; i++) {
      const token = startDurationSample();
      stopDurationSample(LABELS[indexes[i & CIRCLE_MASK]], token);
    }
    return turns;
  };
}

/** 64 measurements under way at a time, their tokens in an array. */
function arrayLoop({ series }: Seismo): Loop {
  const route = series(LABELS[0]);
  const tokens: DurationToken[] = Array.from({ length: IN_FLIGHT }, () => route.start());
  return (turns) => {
    for (let i = 0; i < turns; i++) {
      const slot = i & IN_FLIGHT_MASK;
      route.stop(tokens[slot]);
      tokens[slot] = route.start();
    }
    return turns;
  };
}

/** As a server has it: 64 requests under way, each an object that comes, holds its token, and goes. */
function requestLoop({ series }: Seismo): Loop {
  const route = series(LABELS[0]);
  const requests = Array.from({ length: IN_FLIGHT }, (_, id) => ({ id, token: route.start() }));
  return (turns) => {
    for (let i = 0; i < turns; i++) {
      const slot = i & IN_FLIGHT_MASK;
      route.stop(requests[slot].token);
      requests[slot] = { id: i, token: route.start() };
    }
    return turns;
  };
}

/** The same requests with a small integer where the token was, which is no object: what they are without us. */
function untimedRequestLoop(): Loop {
  const requests = Array.from({ length: IN_FLIGHT }, (_, id) => ({ id, token: id }));
  return (turns) => {
    let sum = 0;
    for (let i = 0; i < turns; i++) {
      const slot = i & IN_FLIGHT_MASK;
      sum += requests[slot].token;
      requests[slot] = { id: i, token: slot };
    }
    return sum;
  };
}

type Details = Pick<MeasuringVariant, "targets">;

function timeOf(
  name: string,
  loopOf: (seismo: Seismo) => Loop,
  details: Details,
  flusher?: "works meanwhile",
): MeasuringVariant {
  return {
    name,
    ...details,
    run: (setting) =>
      whileRecording(
        setting,
        ({ seismo, caughtUp }) => measureTime(loopOf(seismo), { rest: caughtUp, ...(flusher ? {} : WAITING_BATCHES) }),
        flusher ?? "waits",
      ),
  };
}

function heapOf(name: string, loopOf: (seismo: Seismo) => Loop, details: Details): MeasuringVariant {
  return {
    name: `heap: ${name}`,
    flags: HEAP_FLAGS,
    ...details,
    run: (setting) =>
      whileRecording(setting, ({ seismo, caughtUp }) => measureHeap(loopOf(seismo), { rest: caughtUp })),
  };
}

function peer(
  name: string,
  prepare: () => { loop: Loop; options?: MeasureOptions; end?: () => void | Promise<void> },
  details: Details = {},
): MeasuringVariant {
  return {
    name,
    ...details,
    async run() {
      const { loop, options, end } = prepare();
      const figures = await measureTime(loop, options);
      await end?.();
      return figures;
    },
  };
}

const UNTIMED_REQUESTS = "heap: 64 requests, untimed";

export const question: Question = {
  asks: "What does one duration sample cost the caller?",
  needsPeers: true,
  baseline: BARE,
  remarks: [
    "The flusher writes between batches, but for the variant that says so: there it has as much to do as the loop, on what may be the other half of the same core. `stall` asks what it costs at a pace that programs have. Peers are spared the clock, except where they read it themselves (startTimer, timerify, mark).",
    "pino's line includes its write, in later turns of the event loop, as the program's own thread makes it. OpenTelemetry exports between batches, uncounted.",
    "heap: bytes allocated per sample in steady state, to the whole byte.",
  ],
  variants: [
    { name: BARE, run: () => measureTime(bareClockReads()) },
    timeOf(HANDLE, handleLoop, { targets: [{ over: BARE, atMost: 1.15 }] }),
    timeOf(LABEL, labelLoop, { targets: [{ over: BARE, atMost: 1.6 }] }),
    timeOf("series handle, flusher at work", handleLoop, {}, "works meanwhile"),
    timeOf("64 in flight, array", arrayLoop, {}),
    timeOf("64 in flight, requests", requestLoop, {}),
    peer("hdr-histogram-js recordValue", hdrHistogram),
    peer("perf_hooks timerify + histogram", timerifyWithHistogram),
    peer("prom-client observe, 3 labels", promObserve, { targets: [{ over: LABEL, atLeast: 5 }] }),
    peer("prom-client startTimer, 3 labels", promStartTimer, { targets: [{ over: LABEL, atLeast: 5 }] }),
    peer("OpenTelemetry record, 3 attributes", openTelemetry, { targets: [{ over: LABEL, atLeast: 15 }] }),
    peer("performance.mark + measure", markAndMeasure),
    peer("pino log line", pinoLine, { targets: [{ over: LABEL, atLeast: 40 }] }),

    { name: `heap: ${BARE}`, flags: HEAP_FLAGS, run: () => measureHeap(bareClockReads()) },
    heapOf(HANDLE, handleLoop, { targets: [{ atMost: 0 }] }),
    heapOf(LABEL, labelLoop, { targets: [{ atMost: 0 }] }),
    heapOf("64 in flight, array", arrayLoop, { targets: [{ atMost: 24 }] }),
    { name: UNTIMED_REQUESTS, flags: HEAP_FLAGS, run: () => measureHeap(untimedRequestLoop()) },
    heapOf("64 in flight, requests", requestLoop, { targets: [{ less: UNTIMED_REQUESTS, atMost: 24 }] }),
  ],
};

interface PromClient {
  Histogram: new (options: {
    name: string;
    help: string;
    labelNames: readonly string[];
  }) => {
    observe(labels: Record<string, string | number>, seconds: number): void;
    startTimer(labels: Record<string, string | number>): () => number;
  };
}

function promHistogram() {
  const { Histogram } = loadPeer<PromClient>("prom-client");
  return new Histogram({
    name: "http_request_duration_seconds",
    help: "Duration of HTTP requests",
    labelNames: ["method", "route", "status"],
  });
}

function promObserve() {
  const histogram = promHistogram();
  const indexes = randomRouteIndexes();
  const seconds = randomDurationsNs().map((ns) => ns / 1e9);
  const loop: Loop = (turns) => {
    for (let i = 0; i < turns; i++) {
      const j = i & CIRCLE_MASK;
      histogram.observe({ method: "GET", route: ROUTES[indexes[j]], status: 200 }, seconds[j]);
    }
    return turns;
  };
  return { loop, options: { turns: 50_000 } };
}

function promStartTimer() {
  const histogram = promHistogram();
  const indexes = randomRouteIndexes();
  const loop: Loop = (turns) => {
    let sum = 0;
    for (let i = 0; i < turns; i++) {
      const end = histogram.startTimer({ method: "GET", route: ROUTES[indexes[i & CIRCLE_MASK]], status: 200 });
      sum += end();
    }
    return sum;
  };
  return { loop, options: { turns: 50_000 } };
}

interface OpenTelemetryMetrics {
  AggregationTemporality: { CUMULATIVE: number };
  InMemoryMetricExporter: new (temporality: number) => object;
  PeriodicExportingMetricReader: new (options: { exporter: object; exportIntervalMillis: number }) => object;
  MeterProvider: new (options: {
    readers: object[];
  }) => {
    getMeter(name: string): {
      createHistogram(
        name: string,
        options: { unit: string },
      ): { record(value: number, attributes: Record<string, string | number>): void };
    };
    shutdown(): Promise<void>;
  };
}

function openTelemetry() {
  const sdk = loadPeer<OpenTelemetryMetrics>("@opentelemetry/sdk-metrics");
  const exporter = new sdk.InMemoryMetricExporter(sdk.AggregationTemporality.CUMULATIVE);
  const reader = new sdk.PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
  const provider = new sdk.MeterProvider({ readers: [reader] });
  const histogram = provider.getMeter("bench").createHistogram("http.server.request.duration", { unit: "s" });
  const indexes = randomRouteIndexes();
  const seconds = randomDurationsNs().map((ns) => ns / 1e9);
  const loop: Loop = (turns) => {
    for (let i = 0; i < turns; i++) {
      const j = i & CIRCLE_MASK;
      histogram.record(seconds[j], {
        "http.request.method": "GET",
        "http.route": ROUTES[indexes[j]],
        "http.response.status_code": 200,
      });
    }
    return turns;
  };
  return { loop, options: { turns: 20_000 }, end: () => provider.shutdown() };
}

function timerifyWithHistogram() {
  const histogram = createHistogram();
  const work = performance.timerify((x: number) => (x * 31 + 7) | 0, { histogram });
  const loop: Loop = (turns) => {
    let sum = 0;
    for (let i = 0; i < turns; i++) sum = (sum + work(i)) | 0;
    return sum + histogram.count;
  };
  return { loop, options: { turns: 50_000 } };
}

function markAndMeasure() {
  const indexes = randomRouteIndexes();
  const loop: Loop = (turns) => {
    for (let i = 0; i < turns; i++) {
      performance.mark("start");
      performance.measure(LABELS[indexes[i & CIRCLE_MASK]], "start");
      if ((i & 1023) === 1023) {
        performance.clearMarks(); // entries are kept until cleared
        performance.clearMeasures();
      }
    }
    return turns;
  };
  return { loop, options: { turns: 10_240 } };
}

interface HdrHistogram {
  build(options: { highestTrackableValue: number; numberOfSignificantValueDigits: 3 }): {
    recordValue(value: number): void;
    totalCount: number;
  };
}

function hdrHistogram() {
  const hdr = loadPeer<HdrHistogram>("hdr-histogram-js");
  const histogram = hdr.build({ highestTrackableValue: 3_600e9, numberOfSignificantValueDigits: 3 });
  const durationsNs = randomDurationsNs();
  const loop: Loop = (turns) => {
    for (let i = 0; i < turns; i++) histogram.recordValue(durationsNs[i & CIRCLE_MASK]);
    return histogram.totalCount;
  };
  return { loop };
}

interface Pino {
  (destination: NodeJS.EventEmitter): { info(fields: object): void };
  destination(options: { dest: string; sync: boolean }): NodeJS.EventEmitter;
}

function pinoLine() {
  const pino = loadPeer<Pino>("pino");
  const destination = pino.destination({ dest: "/dev/null", sync: false });
  const logger = pino(destination);
  const indexes = randomRouteIndexes();
  const ms = randomDurationsNs().map((ns) => ns / 1e6);
  const loop: Loop = async (turns) => {
    for (let i = 0; i < turns; i++) {
      const j = i & CIRCLE_MASK;
      logger.info({ route: ROUTES[indexes[j]], ms: ms[j] });
    }
    await once(destination, "drain"); // what is logged in one turn of the event loop is written in the next ones
    return turns;
  };
  return { loop, options: { turns: 10_000 } };
}
