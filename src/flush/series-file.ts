/**
 * Series file: from batches of rows to published CSV files.
 *
 *     write ──▶ duration.<stem>.tmp ──publish: rename──▶ duration.<stem>.csv
 *
 * A file grows under a `.tmp` name beside its final one and is renamed when complete, so whoever reads the directory
 * never meets half a file. (rename(2) is atomic only within one file system.) It is published when it has reached a
 * size or an age, and when recording stops. No data, no file.
 *
 * Everything is written at a known position: after a write that failed half-way, on a full disk say, the next one
 * starts at the same place, and a publish cuts what lies behind it.
 */

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "../clock.js";
import { OptionError, refuseUnknown } from "../errors.js";
import { CSV_HEADER } from "../format/csv.js";
import { CSV_EXTENSION, fileStem, GROWING_EXTENSION, newRunId, requirePrefix } from "../format/file-name.js";
import { DEFAULT_ROTATE_AGE_MS, DEFAULT_ROTATE_BYTES, requireRotation } from "../options.js";
import { makeDirectory } from "./directory.js";
import type { RowBatch, Sink } from "./sink.js";

export interface SeriesFileOptions {
  readonly directory: string;
  /** First part of the file names: letters, digits, `-` and `_`. */
  readonly prefix: string;
  /** Size at which a file is published, in bytes. @default 16 MiB */
  readonly rotateBytes?: number;
  /** Age at which a file is published, in milliseconds. @default 60_000 */
  readonly rotateAgeMs?: number;
  /** Part of the names that tells this run from any other. @default random */
  readonly run?: string;
  /** @default process.pid */
  readonly pid?: number;
  /** @default systemClock */
  readonly clock?: Clock;
  /** Called with the path of each file published. */
  readonly onPublish?: (path: string) => void;
  /** Called with what was written and then destroyed by others, who cut the file short or removed its directory for good. */
  readonly onLoss?: (rows: number, bytes: number) => void;
}

const HEADER = new TextEncoder().encode(CSV_HEADER);

interface GrowingFile {
  readonly fd: number;
  readonly path: string;
  readonly publishedPath: string;
  readonly openedNs: bigint;
  /** Bytes that count. More may lie behind them after a failed write. */
  size: number;
  rows: number;
}

/**
 * Writes rows to CSV files that rotate.
 *
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { DurationRecorder, Flusher, SeriesFileSink } from "seismo";
 * const directory = mkdtempSync(join(tmpdir(), "seismo-"));
 * const published: string[] = [];
 * const sink = new SeriesFileSink({ directory, prefix: "jobs", onPublish: (path) => published.push(path) });
 * const recorder = new DurationRecorder();
 * recorder.stop(recorder.labels.idOf("resize"), recorder.start());
 * new Flusher(recorder.source, sink).close();
 * console.log(/jobs\.\d{8}T\d{9}Z-\d+-\w{6}-0001\.csv$/.test(published[0])); // => true
 */
export class SeriesFileSink implements Sink {
  readonly #directory: string;
  readonly #prefix: string;
  readonly #rotateBytes: number;
  readonly #rotateAgeNs: bigint;
  readonly #run: string;
  readonly #pid: number;
  readonly #clock: Clock;
  readonly #onPublish: (path: string) => void;
  readonly #onLoss: (rows: number, bytes: number) => void;
  #file: GrowingFile | undefined;
  #count = 0;

  /** Touches no file: the first row does. @throws {OptionError} for options that are unknown or out of range */
  constructor(options: SeriesFileOptions) {
    const {
      directory,
      prefix,
      rotateBytes = DEFAULT_ROTATE_BYTES,
      rotateAgeMs = DEFAULT_ROTATE_AGE_MS,
      run = newRunId(),
      pid = process.pid,
      clock = systemClock,
      onPublish = () => {},
      onLoss = () => {},
      ...unknown
    } = options;
    const known = ["directory", "prefix", "rotateBytes", "rotateAgeMs", "run", "pid", "clock", "onPublish", "onLoss"];
    refuseUnknown("SeriesFileOptions", known, unknown);
    if (typeof directory !== "string" || directory === "") throw new OptionError("directory", "a path", directory);
    requirePrefix(prefix);
    requireRotation(rotateBytes, rotateAgeMs);
    this.#directory = directory;
    this.#prefix = prefix;
    this.#rotateBytes = rotateBytes;
    this.#rotateAgeNs = BigInt(rotateAgeMs) * 1_000_000n;
    this.#run = run;
    this.#pid = pid;
    this.#clock = clock;
    this.#onPublish = onPublish;
    this.#onLoss = onLoss;
  }

  write(batch: RowBatch): void {
    const file = this.#fileFor(batch);
    writeAll(file.fd, batch.bytes, file.size);
    file.size += batch.bytes.length;
    file.rows += batch.rows;
  }

  publishIfDue(): void {
    if (this.#file && this.#clock.now() - this.#file.openedNs >= this.#rotateAgeNs) this.publish();
  }

  publish(): void {
    const file = this.#file;
    if (!file) return;
    if (file.size === HEADER.length || this.#wasCutShort(file)) {
      this.#discard(file);
      return;
    }
    ftruncateSync(file.fd, file.size);
    // Renamed while open, so that if the directory was moved or removed under us, what we wrote can still be read.
    let { fd } = file;
    try {
      renameSync(file.path, file.publishedPath);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      fd = this.#rescue(file).fd;
      renameSync(file.path, file.publishedPath);
    }
    this.#file = undefined;
    closeSync(fd);
    this.#onPublish(file.publishedPath);
  }

  #fileFor(batch: RowBatch): GrowingFile {
    let file = this.#file;
    if (file && file.size > HEADER.length && file.size + batch.bytes.length > this.#rotateBytes) {
      this.publish();
      file = undefined;
    }
    if (file && this.#wasCutShort(file)) {
      this.#discard(file);
      file = undefined;
    }
    if (!file) return this.#open(Number(batch.firstEpochNs / 1_000_000n));
    return fstatSync(file.fd).nlink === 0 ? this.#rescue(file) : file;
  }

  #open(firstEpochMs: number): GrowingFile {
    makeDirectory(this.#directory);
    const stem = join(this.#directory, fileStem(this.#prefix, firstEpochMs, this.#pid, this.#run, this.#count + 1));
    const path = stem + GROWING_EXTENSION;
    const file: GrowingFile = {
      fd: openSync(path, "wx+"),
      path,
      publishedPath: stem + CSV_EXTENSION,
      openedNs: this.#clock.now(),
      size: HEADER.length,
      rows: 0,
    };
    try {
      writeAll(file.fd, HEADER, 0);
    } catch (error) {
      this.#discard(file);
      throw error;
    }
    this.#count++;
    this.#file = file;
    return file;
  }

  /** The file was deleted while we held it: puts what it holds back under its name. */
  #rescue(lost: GrowingFile): GrowingFile {
    makeDirectory(this.#directory);
    const file = { ...lost, fd: openSync(lost.path, "wx+") };
    try {
      const block = new Uint8Array(2 ** 20);
      for (let at = 0; at < lost.size; ) {
        const length = readSync(lost.fd, block, 0, Math.min(block.length, lost.size - at), at);
        if (length === 0) throw new Error(`${lost.path} was cut short while it was copied`);
        writeAll(file.fd, block.subarray(0, length), at);
        at += length;
      }
    } catch (error) {
      this.#discard(file);
      throw error;
    }
    this.#file = file;
    closeSync(lost.fd);
    return file;
  }

  /** Lets go of a file that could not be published. Its rows are in the `.tmp`, if that is still there. */
  abandon(): void {
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    if (fstatSync(file.fd).nlink === 0) this.#onLoss(file.rows, file.size - HEADER.length);
    closeSync(file.fd);
  }

  /** Somebody has truncated it: what is left begins or ends in the middle of nowhere, and is given up. */
  #wasCutShort(file: GrowingFile): boolean {
    return fstatSync(file.fd).size < file.size;
  }

  #discard(file: GrowingFile): void {
    if (this.#file === file) {
      this.#file = undefined;
      if (file.rows > 0) this.#onLoss(file.rows, file.size - HEADER.length);
    }
    closeSync(file.fd);
    rmSync(file.path, { force: true });
  }
}

/** All of it, or an error: a file system may take less than it was given. */
export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}
