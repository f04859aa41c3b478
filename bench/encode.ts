/**
 * How long does one row of a duration file take to encode?          npm run bench -- encode
 *
 * What bounds the samples per second that one flusher can write. On one thread, into memory, without any file; the
 * other way to the same bytes is csv-stringify, which is handed its timepoints and numbers ready made.
 */

import { once } from "node:events";
import { Writable } from "node:stream";
import { stringify as stringifyStream } from "csv-stringify";
import { stringify } from "csv-stringify/sync";
import { measureTime } from "./lib/measure.js";
import type { MeasuringVariant, Question, Target } from "./lib/question.js";
import { LABELS, randomDurationsNs, randomRouteIndexes } from "./lib/random.js";

const ROWS = 65_536;
const BUFFER_BYTES = 2 ** 18; // as much as the flusher has
const PID = 5_659;
const ORIGIN_NS = 3_600_000_000_000n;
const ANCHOR = { monotonicNs: ORIGIN_NS, epochNs: 1_607_092_101_580_206_000n };
const SPACING_NS = 12_345; // some 80 000 samples a second: a turn of the second now and then, as in a busy program

const OURS = "row encoder";

/** The same samples for both: monotonic start and end, and a label id. */
function samples() {
  const durationsNs = randomDurationsNs(ROWS);
  const labelIds = Uint32Array.from(randomRouteIndexes());
  const startNs = new BigInt64Array(new SharedArrayBuffer(8 * ROWS));
  const endNs = new BigInt64Array(new SharedArrayBuffer(8 * ROWS));
  for (let i = 0; i < ROWS; i++) {
    endNs[i] = ORIGIN_NS + 60_000_000_000n + BigInt(i * SPACING_NS);
    startNs[i] = endNs[i] - BigInt(durationsNs[i]);
  }
  return { durationsNs, labelIds, startNs, endNs };
}

/** Not public, so imported as a file. See `Flusher` for its use. */
async function makeEncoder() {
  const path = new URL("../../dist/format/row-encoder.js", import.meta.url);
  const { RowEncoder } = (await import(path.href)) as typeof import("../dist/format/row-encoder.js");
  const encoder = new RowEncoder(PID, ORIGIN_NS, { textOf: (id) => LABELS[id] }, new Uint8Array(BUFFER_BYTES));
  const { labelIds, startNs, endNs } = samples();
  const columns = {
    firstWords: new Uint32Array(startNs.buffer),
    secondWords: new Uint32Array(endNs.buffer),
    values: new Float64Array(endNs.buffer),
    labelIds,
  };
  /** Encodes every row and returns how many bytes that made. */
  return (onBytes?: (bytes: Uint8Array) => void): number => {
    encoder.anchorAt(ANCHOR);
    let bytes = 0;
    for (let from = 0; from < ROWS; ) {
      const encoded = encoder.encodeDurations(columns, from, ROWS);
      bytes += encoded.bytes;
      from = encoded.next;
      onBytes?.(encoder.bytes.subarray(0, encoded.bytes));
    }
    return bytes;
  };
}

async function encodedText(): Promise<string> {
  const encode = await makeEncoder();
  let text = "";
  encode((bytes) => {
    text += new TextDecoder().decode(bytes);
  });
  return text;
}

/** As its manual has it for rows that come one by one: written to a stream, waiting when that says so. */
function csvStringifyAsStream(targets: readonly Target[]): MeasuringVariant {
  return {
    name: "csv-stringify, as a stream",
    targets,
    async run() {
      const { durationsNs, labelIds, endNs } = samples();
      const rows = Array.from({ length: ROWS }, (_, i) => [
        String(endNs[i] - ANCHOR.monotonicNs + ANCHOR.epochNs),
        durationsNs[i] / 1e9,
        LABELS[labelIds[i]],
        PID,
      ]);
      const loop = async () => {
        let bytes = 0;
        const nowhere = new Writable({
          write(chunk: Buffer, _encoding, done) {
            bytes += chunk.length;
            done();
          },
        });
        const stringifier = stringifyStream();
        stringifier.pipe(nowhere);
        for (const row of rows) if (!stringifier.write(row)) await once(stringifier, "drain");
        stringifier.end();
        await once(nowhere, "finish");
        return bytes;
      };
      return measureTime(loop, { turns: ROWS, per: "row", batches: 15, warmUp: 3, shortCalls: 0 });
    },
  };
}

function csvStringify(name: string, blockRows: number, targets: readonly Target[]): MeasuringVariant {
  return {
    name,
    targets,
    async run() {
      const { durationsNs, labelIds, endNs } = samples();
      const blocks: [string, number, string, number][][] = [];
      for (let i = 0; i < ROWS; i++) {
        if (i % blockRows === 0) blocks.push([]);
        const timepoint = String(endNs[i] - ANCHOR.monotonicNs + ANCHOR.epochNs);
        blocks.at(-1)!.push([timepoint, durationsNs[i] / 1e9, LABELS[labelIds[i]], PID]);
      }
      if (blocks.map((block) => stringify(block)).join("") !== (await encodedText()))
        throw new Error("csv-stringify and the row encoder do not write the same bytes: they cannot be compared");
      const loop = () => blocks.reduce((length, block) => length + stringify(block).length, 0);
      return measureTime(loop, { turns: ROWS, per: "row", batches: 15, warmUp: 3, shortCalls: 0 });
    },
  };
}

export const question: Question = {
  asks: "How long does one row of a duration file take to encode?",
  baseline: OURS,
  variants: [
    {
      name: OURS,
      targets: [{ atMost: 60 }],
      async run() {
        const encode = await makeEncoder();
        return measureTime(() => encode(), { turns: ROWS, per: "row", shortCalls: 0 });
      },
    },
    csvStringifyAsStream([{ over: OURS, atLeast: 40 }]),
    csvStringify("csv-stringify, all rows in one call", ROWS, [{ over: OURS, atLeast: 40 }]),
    csvStringify("csv-stringify, 1000 rows a call", 1_000, [{ over: OURS, atLeast: 40 }]),
  ],
};
