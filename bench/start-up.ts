/**
 * What does start() add to the start of a process?          npm run bench -- start-up
 *
 * Whole processes, timed from outside, from spawn to exit; and, inside one more, the two calls themselves.
 */

import { single } from "./lib/measure.js";
import type { Question } from "./lib/question.js";

const NOTHING = "a process that does nothing";

const starting = (directory: string) =>
  `import { start } from "seismo"; start({ directory: ${JSON.stringify(directory)} });`;

export const question: Question = {
  asks: "What does start() add to the start of a process?",
  baseline: NOTHING,
  rounds: 15,
  remarks: ["Wall time of whole processes. Natural exit waits for the flusher's thread to have published every file."],
  variants: [
    { name: NOTHING, program: () => "export {};" },
    { name: "import seismo", program: () => 'import "seismo";' },
    { name: "import, start()", program: starting },
    {
      name: "import, start(), one sample",
      program: (directory) =>
        `import { series } from "seismo"; ${starting(directory)} const s = series("x"); s.stop(s.start());`,
    },
    {
      name: "inside",
      async run({ directory }) {
        const beginMs = performance.now();
        const { start } = await import("seismo");
        const importedMs = performance.now();
        const monitor = start({ directory });
        const startedMs = performance.now();
        await monitor.stop();
        const stoppedMs = performance.now();
        return {
          "import of seismo": single("ms", importedMs - beginMs),
          "start()": single("ms", startedMs - importedMs),
          "stop(), at once": single("ms", stoppedMs - startedMs),
        };
      },
    },
  ],
};
