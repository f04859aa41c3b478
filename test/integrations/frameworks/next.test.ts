/** Next.js, built, behind its own server and one of the program's. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { install, make } from "./made.js";
import { examples, expectAgreement, serve } from "./served.js";

const folder = join(examples, "next");
const command = join(folder, "node_modules/next/dist/bin/next");

beforeAll(async () => {
  await install(folder);
  const sources = ["app", "pages", "next.config.js", "package-lock.json"].map((name) => join(folder, name));
  await make(join(folder, ".next/.made-for-tests"), sources, () => {
    execFileSync(process.execPath, [command, "build"], {
      cwd: folder,
      stdio: "pipe",
      env: { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
    });
  });
}, 900_000);

describe.each([
  ["next start", command, ["start", folder, "--port", "0"]],
  ["a server of one's own", join(folder, "server.js"), []],
])("%s", (_name, program, args) => {
  test("names pages and route handlers of both routers, and what is not there", async () => {
    const served = await serve(program, args, folder);
    const cases = [
      ["/", "/ [GET]"],
      ["/users/bob", "/users/[id] [GET]"],
      ["/users/ann?a=b", "/users/[id] [GET]"],
      ["/shops/bob/items/ann", "/shops/[shop]/items/[item] [GET]"],
      ["/slow", "/slow [GET]"],
      ["/legacy/bob", "/legacy/[name] [GET]"],
      ["/legacy/nobody", "/legacy/[name] [GET]"],
      ["/nothing/5", "(unmatched) [GET]"],
      ["/_next/static/nothing.js", "(unmatched) [GET]"],
    ] as const;
    for (const [path] of cases) await served.ask(path);
    const rows = await served.stop();
    expect(rows.map(({ label }, i) => [cases[i]?.[0], label])).toEqual(cases);
  });

  test("has the duration of a slow route, and the request that was abandoned", async () => {
    const served = await serve(program, args, folder);
    const seen = [await served.ask("/slow"), await served.ask("/slow"), await served.ask("/slow")];
    await served.abandon("/slow");
    const rows = await served.stop();
    const slow = rows.slice(0, 3);
    expect(slow.map(({ label }) => label)).toEqual(seen.map(() => "/slow [GET]"));
    expectAgreement(slow, seen);
    expect(rows.slice(3).map(({ label }) => label)).toEqual(["/ [GET]", "/slow [GET] (aborted)"]);
  });
});
