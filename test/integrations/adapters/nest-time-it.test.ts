/** `@timeIt` on what NestJS routes to: compiled as Nest's programs are, asked as their clients do. */

import { expect, test } from "vitest";
import { runProgram } from "../../lib/program.js";
import { countByLabel, rowsIn } from "../../lib/rows.js";
import { scratch } from "../../lib/scratch.js";

test.each(["express", "fastify"])(
  "a controller's methods are timed above, below and between other decorators, which work as before: %s",
  async (platform) => {
    const cwd = scratch();
    const { stdout, stderr, code } = await runProgram("legacy/controller.js", [platform], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual([
      [200, "above", { id: 5, name: "number 5" }],
      [400, expect.anything(), null],
      [202, "below", { id: 6, name: "number 6" }],
      [403, null, null],
    ]);
    expect(countByLabel(rowsIn(`${cwd}/m`))).toEqual({ "above the route": 1, "below the route": 1 });
    expect(countByLabel(rowsIn(`${cwd}/m`, "web"))).toEqual({
      "/users/:id [GET]": 2,
      "/users [POST]": 1,
      "/users/between/:id [GET]": 1,
    });
  },
);
