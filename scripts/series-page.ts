/** The text of docs/series.md, made from the table of built-in series. */

import type { BuiltInSeries } from "seismo";

const SAMPLERS: Record<string, string> = {
  gc: "Garbage collection (`gc`)",
  process: "The whole process (`process`)",
  memory: "Heap and what hangs on it (`memory`)",
  eventLoop: "Event loop (`eventLoop`)",
  stalls: "Stalls (`stalls`)",
  activity: "What keeps the process alive (`activity`)",
  processTree: "Other processes (`processTree`)",
  seismo: "Seismo itself",
};

const INTRODUCTION = `# Built-in series

<!-- Made by \`npm run docs\` from src/format/series.ts. Do not edit. -->

Every label Seismo itself writes to \`runtime.*.csv\`. The name in brackets is that of the sampler, by which
\`start({ runtime: { … } })\` turns it on and off and tunes it.

A **counter** counts since the start of the process or of the run and never falls: a rate is the difference of two. A
**gauge** is what was there at the timepoint. An **interval** is of the time since the sample before. An **event** is
something that happened, and ended at the timepoint. A word in \`<angle brackets>\` stands for whatever the source calls it.

The heap and the event loop are those of a thread. Of a worker thread that records, these labels end in \` (worker N)\`, by
its \`threadId\`. What is of the whole process is recorded once, whichever threads record.

Where a system does not tell a number, the series is absent, not zero; \`NODE_DEBUG=seismo\` names what is missing.
`;

export function seriesPage(table: readonly BuiltInSeries[]): string {
  const samplers = [...new Set(table.map(({ sampler }) => sampler))];
  const sections = samplers.map((sampler) => {
    const rows = table.filter((series) => series.sampler === sampler).map(row);
    return [
      `## ${SAMPLERS[sampler]}\n`,
      "| Label | Unit | Kind | Source | Node | Meaning |",
      "|---|---|---|---|---|---|",
      ...rows,
    ];
  });
  return `${[INTRODUCTION, ...sections.map((lines) => `${lines.join("\n")}\n`)].join("\n")}`;
}

function row({ label, unit, kind, cumulative, source, since, meaning }: BuiltInSeries): string {
  const cells = [`\`${label}\``, unit, cumulative ? `${kind}, cumulative` : kind, source, `≥ ${since}`, meaning];
  return `| ${cells.join(" | ")} |`;
}
