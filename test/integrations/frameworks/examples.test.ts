/** The examples, recorded with nothing but the flag, against a client that counts and keeps the time itself. */

import { once } from "node:events";
import { connect, constants } from "node:http2";
import { join } from "node:path";
import autocannon from "autocannon";
import { beforeAll, describe, expect, test } from "vitest";
import { countByLabel } from "../../lib/rows.js";
import { install } from "./made.js";
import { examples, expectAgreement, type Reply, type Served, serve } from "./served.js";

const named = ["/users/:id", "/shops/:shop/items/:item"] as const;
const guessed = ["/users/:id", "/shops/:id/items/:id"] as const;

/** A timer of 200 ms may be early by one, and the clock it goes by is another. */
const LEAST_SLOW_SECONDS = 0.198;

beforeAll(() => install(examples), 600_000);

describe.each([
  ["node-http.js", [], guessed],
  ["express.js", [], named],
  ["express4.js", [], named],
  ["fastify.js", [], named],
  ["koa.js", [], named],
  ["hono.js", [], named],
  ["nestjs.js", ["express"], named],
  ["nestjs.js", ["fastify"], named],
] as const)("%s %s", (file, args, [user, item]) => {
  test("has exactly one row for each request under load, named by its route", async () => {
    const served = await serve(join(examples, file), args);
    const { answered, total } = await load(served, ["/users/41", "/shops/7/items/8?color=red", "/nothing/9"]);
    expect(total).toBe(300);
    const rows = await served.stop();
    expect(countByLabel(rows)).toEqual({
      [`${user} [GET]`]: answered[0],
      [`${item} [GET]`]: answered[1],
      "(unmatched) [GET]": answered[2],
    });
  });

  test("has durations that agree with the client's, and the requests that were abandoned", async () => {
    const served = await serve(join(examples, file), args);
    const asked = ["/users/1", "/shops/1/items/2", "/slow", "/users/22", "/shops/33/items/44", "/slow", "/slow"];
    const labels = [user, item, "/slow", user, item, "/slow", "/slow"].map((template) => `${template} [GET]`);
    const seen: Reply[] = [];
    for (const path of asked) seen.push(await served.ask(path));
    await served.abandon("/slow");
    const rows = await served.stop();

    const answered = rows.slice(0, seen.length);
    expect(answered.map(({ label }) => label)).toEqual(labels);
    expectAgreement(answered, seen);
    for (const { label, measurement } of answered) {
      if (label === "/slow [GET]") expect(measurement).toBeGreaterThanOrEqual(LEAST_SLOW_SECONDS);
    }
    expect(countByLabel(rows.slice(seen.length))).toEqual({ "(unmatched) [GET]": 1, "/slow [GET] (aborted)": 1 });
  });
});

test("node-http2.js has exactly one row for each stream, abandoned ones too", async () => {
  const served = await serve(join(examples, "node-http2.js"));
  const session = connect(served.url.origin);
  const ask = (path: string) => {
    const stream = session.request({ ":path": path }).resume();
    return { stream, ended: once(stream, "close") };
  };
  const paths = ["/users/41", "/shops/7/items/8?color=red", "/nothing/9", "/slow"];
  await Promise.all(paths.flatMap((path) => [ask(path).ended, ask(path).ended]));
  const abandoned = ask("/slow");
  await ask("/nothing/9").ended; // sent later, on the same connection: the other one is under way
  abandoned.stream.close(constants.NGHTTP2_CANCEL);
  await abandoned.ended;
  await ask("/nothing/9").ended;
  session.close();
  expect(countByLabel(await served.stop())).toEqual({
    "/users/:id [GET]": 2,
    "/shops/:id/items/:id [GET]": 2,
    "/slow [GET]": 2,
    "/slow [GET] (aborted)": 1,
    "(unmatched) [GET]": 4,
  });
});

/** A hundred requests for each path, from four connections, and how many of each were answered. */
async function load({ url }: Served, paths: readonly string[]): Promise<{ answered: number[]; total: number }> {
  const answered = paths.map(() => 0);
  const { errors, timeouts, requests } = await autocannon({
    url: url.href,
    connections: 4,
    amount: 100 * paths.length,
    requests: paths.map((path, i) => ({ path, onResponse: () => void answered[i]!++ })),
  });
  expect({ errors, timeouts }).toEqual({ errors: 0, timeouts: 0 });
  return { answered, total: requests.total };
}
