/** The table of built-in series: every label Seismo itself writes, with its unit and whether it only ever grows. */

export interface BuiltInSeries {
  readonly label: string;
  readonly unit: string;
  /** True if a measurement counts since the start of the run, so that a rate is a difference of two. */
  readonly cumulative: boolean;
  readonly meaning: string;
}

export const SAMPLES_DROPPED: BuiltInSeries = {
  label: "seismo samples dropped",
  unit: "samples",
  cumulative: true,
  meaning: "Samples lost because memory was full while files could not be written fast enough, or at all.",
};

export const SAMPLES_INVALID: BuiltInSeries = {
  label: "seismo samples invalid",
  unit: "samples",
  cumulative: true,
  meaning: "Samples that were none: NaN, infinities, labels that are no strings, tokens that no start() returned.",
};

export const WRITE_ERRORS: BuiltInSeries = {
  label: "seismo write errors",
  unit: "errors",
  cumulative: true,
  meaning: "Attempts to write or publish a file that failed. A failed attempt is made again.",
};

export const USER_TIME: BuiltInSeries = {
  label: "user time",
  unit: "s",
  cumulative: true,
  meaning: "CPU time the process has spent in user mode.",
};

export const SYSTEM_TIME: BuiltInSeries = {
  label: "system time",
  unit: "s",
  cumulative: true,
  meaning: "CPU time the process has spent in the kernel.",
};

export const MAX_RSS: BuiltInSeries = {
  label: "max rss",
  unit: "kB",
  cumulative: false,
  meaning: "The most memory the process has held at any one time, as resident set size.",
};

export const BUILT_IN_SERIES: readonly BuiltInSeries[] = [
  USER_TIME,
  SYSTEM_TIME,
  MAX_RSS,
  SAMPLES_DROPPED,
  SAMPLES_INVALID,
  WRITE_ERRORS,
];
