/** The cross-check: is every request in the files, and every sample? By counts that Seismo has no hand in. */

import type { LoadCount } from "./load.js";
import type { Stopped } from "./server-process.js";
import type { Summary } from "./summary.js";
import { decimal } from "./table.js";

/** One run, as it was seen from three sides. */
export interface Run {
  /** What the client counted. */
  readonly load: LoadCount;
  /** What Seismo says it did. */
  readonly stopped: Stopped;
  /** What is in the files. */
  readonly durations: Summary;
  readonly gauges: Summary;
  readonly runtime: Summary;
}

export interface RouteCount {
  readonly label: string;
  readonly answers: number;
  readonly rows: number;
}

export interface Verdict {
  readonly isGood: boolean;
  readonly text: string;
}

/** For each route, what the client counted and what is in the files. */
export function countRoutes({ load, durations }: Run): RouteCount[] {
  const rows = new Map(durations.labels.map(({ label, count }) => [label, count]));
  return [...load.answered].map(([label, answers]) => ({ label, answers, rows: rows.get(label) ?? 0 }));
}

export function crossCheck(run: Run): Verdict[] {
  const verdicts = [checkRequests(run), checkSamples(run)];
  const { errors } = run.load;
  if (errors > 0) {
    verdicts.push({
      isGood: false,
      text: `${decimal(errors)} connections failed or timed out, so the load ended early.`,
    });
  }
  return verdicts;
}

function checkRequests(run: Run): Verdict {
  const routes = countRoutes(run);
  const { completed } = run.load;
  const surplus = routes.reduce((sum, { rows }) => sum + rows, 0) - completed;
  const { cutShort } = run.stopped;
  if (surplus === 0 && routes.every(({ answers, rows }) => answers === rows)) {
    return { isGood: true, text: "Both sides agree, route by route." };
  }
  if (surplus > 0 && surplus === cutShort) {
    return { isGood: true, text: `${decimal(surplus)} requests were still under way when the load stopped.` };
  }
  const difference = surplus < 0 ? `${decimal(-surplus)} rows too few` : `${decimal(surplus)} rows too many`;
  return {
    isGood: false,
    text: `They differ: ${difference}; ${decimal(cutShort)} requests were cut short by the client.`,
  };
}

function checkSamples({ stopped, durations, gauges }: Run): Verdict {
  const prefixes = [stopped.stats.prefixes.duration, stopped.stats.prefixes.gauge];
  const sum = (cell: "recorded" | "written" | "dropped" | "invalid") =>
    prefixes.reduce((total, stats) => total + (stats?.[cell] ?? 0), 0);
  const [recorded, written, dropped, invalid] = [sum("recorded"), sum("written"), sum("dropped"), sum("invalid")];
  const read = durations.rows + gauges.rows;
  return {
    isGood: recorded === written && written === read,
    text:
      `${decimal(recorded)} durations and values recorded, ${decimal(dropped)} dropped, ${decimal(invalid)} invalid: ` +
      `${decimal(written)} rows written, ${decimal(read)} read back.`,
  };
}
