/**
 * Load: requests to the server with autocannon, from a process of their own, and an independent count of them.
 *
 * autocannon's way to end after a time is to cut its connections, and whoever counts on the other side is left with a
 * few requests more. So it is given a fixed number of requests at a time, a fraction of a second's worth, until the
 * time is up: then each request that was sent has been answered, and the two counts must agree exactly.
 */

import autocannon from "autocannon";

/** One round of a visitor, with twice as many searches as reports, and so on. Every batch is whole rounds. */
const ROUND: readonly { readonly method: "GET" | "POST"; readonly path: string }[] = [
  { method: "GET", path: "/version" },
  { method: "GET", path: "/search" },
  { method: "GET", path: "/version" },
  { method: "GET", path: "/report" },
  { method: "GET", path: "/search" },
  { method: "GET", path: "/version" },
  { method: "POST", path: "/checkout" },
  { method: "GET", path: "/version" },
];
const CONNECTIONS = 8;
const ROUNDS_PER_BATCH = 4; // some 250 ms
/** How often autocannon looks whether it is done: what is lost between two batches. */
const LOOK_INTERVAL_MS = 10;

export interface LoadCount {
  /** Answers by label. */
  readonly answered: ReadonlyMap<string, number>;
  /** Answers of every status, as autocannon sums them up. */
  readonly completed: number;
  /** Connections that failed, and answers that took more than 10 s. */
  readonly errors: number;
}

/**
 * Sends requests until the time is up, the signal says so, or connections fail.
 * @param onAnswer  called for each answer
 */
export async function runLoad(
  url: string,
  seconds: number,
  signal: AbortSignal,
  onAnswer: () => void,
): Promise<LoadCount> {
  const answered = new Map<string, number>();
  const round = ROUND.map(({ method, path }): autocannon.Request => {
    const label = `${path} [${method}]`;
    answered.set(label, 0);
    const onResponse = () => {
      answered.set(label, answered.get(label)! + 1);
      onAnswer();
    };
    return { method, path, onResponse };
  });
  let completed = 0;
  let errors = 0;
  const endMs = performance.now() + 1_000 * seconds;
  while (performance.now() < endMs && !signal.aborted && errors === 0) {
    let client = 0;
    const result = await autocannon({
      url,
      requests: round,
      connections: CONNECTIONS,
      amount: CONNECTIONS * round.length * ROUNDS_PER_BATCH,
      sampleInt: LOOK_INTERVAL_MS,
      bailout: CONNECTIONS, // it would reconnect for ever to a server that is gone
      setupClient: (connection) => connection.setRequests(rotate(round, client++)), // or all would ask the same at once
    });
    completed += result["2xx"] + result.non2xx;
    errors += result.errors;
  }
  return { answered, completed, errors };
}

function rotate<T>(list: readonly T[], by: number): T[] {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
