/** Seeded input: the same on every run and every machine. */

/** Numbers in [0, 1). Source: "mulberry32" by Tommy Ettinger, public domain: 32 bits of state, good enough for input. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Input is read in a circle of this many. A power of two, so that an index is a mask. */
export const CIRCLE = 65_536;
export const CIRCLE_MASK: number = CIRCLE - 1;

export const ROUTE_COUNT = 50;

const RESOURCES = [
  "version",
  "notify",
  "entities",
  "types",
  "attrs",
  "subscriptions",
  "health",
  "users",
  "orders",
  "items",
];

/** What a web service would have: 50 routes, as a router names them. */
export const ROUTES: readonly string[] = Array.from(
  { length: ROUTE_COUNT },
  (_, i) => `/v${1 + Math.floor(i / RESOURCES.length)}/${RESOURCES[i % RESOURCES.length]}/:id`,
);

/** The same as labels of durations. */
export const LABELS: readonly string[] = ROUTES.map((route) => `${route} [GET]`);

/** Indexes into `ROUTES`, in no order a branch predictor would learn. */
export function randomRouteIndexes(seed = 1): Uint8Array {
  const random = seeded(seed);
  return Uint8Array.from({ length: CIRCLE }, () => Math.floor(random() * ROUTE_COUNT));
}

/** Durations in nanoseconds, log-normal about 2 ms: most requests near it, one in a thousand above 40 ms. */
export function randomDurationsNs(count = CIRCLE, seed = 2): Float64Array {
  const random = seeded(seed);
  return Float64Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.round(2e6 * Math.exp(normal));
  });
}
