/** `@timeIt`, compiled as TC39 has it and as NestJS does. */

import { expect, test } from "vitest";
import { runProgram } from "./lib/program.js";
import { countByLabel, rowsIn } from "./lib/rows.js";
import { scratch } from "./lib/scratch.js";

test("TC39 decorators time methods, accessors, private and static ones; `using` times a block", async () => {
  const cwd = scratch();
  const { stdout, stderr, code } = await runProgram("decorators.js", ["m"], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [result, refused] = stdout.split("\n");
  expect(JSON.parse(result!)).toEqual({
    results: [3, "service", [1, 2], "service", "in the block"],
    sync: ["sync", 2],
  });
  expect(refused).toBe("what @timeIt decorates must be a method, getter or setter, got 'field'");
  expect(countByLabel(rowsIn(`${cwd}/m`))).toEqual({
    sync: 1,
    async: 1,
    generator: 1,
    static: 1,
    private: 1,
    getter: 1,
    block: 1,
  });
});

test("legacy decorators keep name, length, and the metadata frameworks route by", async () => {
  const cwd = scratch();
  const { stdout, stderr, code } = await runProgram("legacy/nest.js", ["m"], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({
    results: ["hello you", "hello", 1, "hello"],
    above: ["above", 2, "/above"],
    below: ["below", 0, "/below"],
    types: ["String", "Number"],
  });
  expect(countByLabel(rowsIn(`${cwd}/m`))).toEqual({
    "outer, above a route": 1,
    "below a route": 1,
    static: 1,
    getter: 1,
  });
});
