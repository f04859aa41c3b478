/** Requests to which the program does what their types forbid: it runs on as without us, and each is one row all the same. */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { runProgram } from "../lib/program.js";
import { countByLabel, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";

const preload = pathToFileURL(join(import.meta.dirname, "../../dist/preload.js")).href;

test("requests without URL, verb or host, and verbs that a client thinks up", async () => {
  const cwd = scratch();
  const { code, stdout, stderr } = await runProgram("tampering.js", [], {
    cwd,
    flags: ["--import", preload],
    env: { SEISMO_PRESET: "minimal", SEISMO_CLIENT: "on" },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toBe("served\n");
  expect(countByLabel(rowsIn(join(cwd, "_monitoring")))).toEqual({
    "(unknown) [GET]": 3,
    "(unknown) [GET] (aborted)": 3,
    "/no-verb [OTHER]": 1,
    "/no-verb [OTHER] (aborted)": 1,
    "/a-symbol-for-a-verb [OTHER]": 1,
    "/a-symbol-for-a-verb [OTHER] (aborted)": 1,
    "/no-request [GET]": 1,
    "(unknown) [OTHER] (aborted)": 1,
    "/made [GET]": 3,
    "(unmatched) [OTHER]": 1_000,
  });
  const calls = rowsIn(join(cwd, "_monitoring"), "client").map(
    ({ label }) => (/\/null \[GET\]$/.test(label) ? "→ (unknown) [OTHER]" : label), // Node 26 makes a text of such a path
  );
  const tampered = calls.filter((label) => !label.startsWith("→ 127.0.0.1"));
  expect(tampered.sort()).toEqual(["→ (invalid host)/made [GET]", "→ (unknown) [OTHER]", "→ (unknown) [OTHER]"]);
});
