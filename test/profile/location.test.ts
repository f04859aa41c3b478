/** Locations: short, and no shorter than a reader can do with. */

import { shortLocation } from "seismo/analysis";
import { expect, test } from "vitest";

test.each([
  ["file:///srv/app/src/a%20b.js", "src/a b.js:3:7"],
  ["/srv/app/src/server.cjs", "src/server.cjs:3:7"],
  ["/srv/application/x.js", "/srv/application/x.js:3:7"],
  ["file:///elsewhere/x.js", "/elsewhere/x.js:3:7"],
  ["/srv/app/node_modules/express/lib/router.js", "node_modules/express/lib/router.js:3:7"],
  ["/x/node_modules/.pnpm/express@4.0.0/node_modules/express/index.js", "node_modules/express/index.js:3:7"],
  ["node:internal/timers", "node:internal/timers:3:7"],
  ["evalmachine.<anonymous>", "evalmachine.<anonymous>:3:7"],
  ["https://example.org/x.js", "https://example.org/x.js:3:7"],
  ["file://host/x.js", "file://host/x.js:3:7"],
  ["wasm://wasm/0a1b", "wasm://wasm/0a1b:3:7"],
  ["", ""],
])("%s is told as %s", (url, expected) => {
  expect(shortLocation({ name: "f", url, line: 3, column: 7 }, "/srv/app")).toBe(expected);
});

test("a line or column that is not known is not told", () => {
  const frame = { name: "f", url: "node:fs", line: 3, column: 0 };
  expect(shortLocation(frame)).toBe("node:fs:3");
  expect(shortLocation({ ...frame, line: 0 })).toBe("node:fs");
});
