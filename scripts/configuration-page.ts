/** The text of docs/configuration.md: its table of settings is made from the options themselves. */

import { loadConfig, type SettingName, variableOf } from "seismo/config";
import { ownerOf, type Schema, shapeOf } from "./config-schema.js";
import { commentOf } from "./option-comments.js";

const INTRODUCTION = `# Configuration

<!-- Made by \`npm run docs\` from scripts/configuration-page.ts. Do not edit. -->

A program that is recorded without a change to it, by \`seismo run\` or the preload, is told what to record by environment
variables and a configuration file. \`npx seismo config\` prints what they come to, and where each setting comes from:

\`\`\`console
$ SEISMO_FLUSH_INTERVAL_MS=50 npx seismo config
/app/seismo.config.json
setting           value              from
enabled           true               default
preset            "minimal"          file /app/seismo.config.json
http              true               preset minimal
directory         "/app/_recordings" file /app/seismo.config.json
flushIntervalMs   50                 environment SEISMO_FLUSH_INTERVAL_MS
…
\`\`\`

## Which one counts

1. what the program says in code, to \`start()\`
2. the environment; options of \`seismo run\` are passed on that way, and go before variables that are there already
3. the configuration file
4. the preset
5. the default

This holds for each setting on its own. One that is an object, such as \`runtime\`, replaces another whole.

\`start()\` in a program without the preload reads the environment too, but no file. To have it heed one:

\`\`\`ts
import { start } from "seismo";
import { loadConfig, startOptions } from "seismo/config";

const monitor = start(startOptions(loadConfig(), { signals: false })); // what is given here goes before all else
await monitor.stop();
\`\`\`

What is unknown, misspelt or out of range is refused, by name: with the preload that is one line on standard error, and the
program runs on, unrecorded; \`seismo config\` and \`loadConfig()\` fail.

## Presets

| Preset | \`http\` | \`runtime\` | \`profiler\` | |
|---|---|---|---|---|
| \`web\` | on | on | off | requests, and what the process goes through: the default |
| \`profile\` | on | on | on | a CPU profile as well |
| \`minimal\` | on | off | off | requests only |

\`client\` is off in all of them.

## Settings
`;

const REST = `
Variables: \`true\`, \`1\`, \`on\` and \`yes\` are true, \`false\`, \`0\`, \`off\` and \`no\` false, in any case. Objects are written in
JSON: \`SEISMO_STALLS='{ "thresholdMs": 50, "stack": true }'\`. A variable that is empty is not set. A relative
\`SEISMO_DIRECTORY\` begins at the working directory. A process that is started by one that is recorded, and has no directory set
by any of these, writes where that one does (\`SEISMO_INHERITED_DIRECTORY\`, which the preload sets).

A variable whose name begins with \`SEISMO_\` and that is none of these is refused, except for those that Kubernetes and
Docker set for a service called \`seismo\` (\`SEISMO_SERVICE_HOST\` and so on).

## The file

\`seismo.config.json\`, \`.mjs\`, \`.js\`, \`.ts\` or \`.cjs\`: the one in the working directory, or else in the nearest directory above
it; not beyond the one that has a \`.git\`, nor beyond the home directory. Two side by side are refused. \`SEISMO_CONFIG\`
names another one, and \`SEISMO_CONFIG=none\` none. A relative \`directory\` in it begins where the file is, so that all
processes of a project write to one place.

JSON, with a schema that editors complete and check by:

\`\`\`json
{
  "$schema": "./node_modules/seismo/schema/seismo.config.schema.json",
  "directory": "_recordings",
  "runtime": { "memory": { "spaces": true }, "activity": false },
  "stalls": { "thresholdMs": 50, "stack": true }
}
\`\`\`

JavaScript or TypeScript, where labels of requests can be a function:

\`\`\`ts
import { defineConfig } from "seismo/config";

export default defineConfig({
  preset: "profile",
  http: { label: (request) => (request.headers.host === "admin.example.com" ? "admin" : undefined) },
});
\`\`\`

The file is read before the program's first statement, and synchronously. So it has a default export (or \`module.exports\`)
that is an object, no function and no promise, and no top-level \`await\`, nor do its imports. TypeScript is read by Node 22.18 and later, which strips types, or with tsx before the
preload: \`node --import tsx --import seismo/preload app.ts\`. \`seismo run app.ts\` does that by itself where tsx is installed.

## seismo run

\`\`\`sh
npx seismo run server.js --port 8080                    # a file, and its arguments
npx seismo run --profiler -d /var/tmp/run1 server.js    # options go before it
npx seismo run --set stalls.stack=true server.ts        # any setting, or a part of one
npx seismo run --preset minimal -- npm start            # any command: every Node below it is recorded
npx seismo run -- node --max-old-space-size=512 server.js
\`\`\`

The program has the terminal, the standard streams and the signals, and ends as it ends: with the same exit code, or by the
same signal. Where Node has \`process.execve\` (22.15 and later, not on Windows) and what is run is a file, it even has the PID:
nothing stands in between. Elsewhere it is a child of \`seismo run\`, and signals sent to that are passed on; those of the
terminal it has by itself. Options become environment variables, so that whatever the program starts is recorded alike.
\`npx seismo run --help\` lists them.
`;

export function configurationPage(): string {
  const { settings } = loadConfig({ env: { SEISMO_CONFIG: "none" } });
  const rows = (Object.keys(settings) as SettingName[]).map((name) => {
    const { text, byDefault = "" } = commentOf(...ownerOf(name), name);
    const isCode = /^(true|false|[\d_]+|".*")$/.test(byDefault);
    const cells = [`\`${name}\``, `\`${variableOf(name)}\``, isCode ? `\`${byDefault}\`` : byDefault];
    return `| ${[...cells, `${text} ${allowed(shapeOf(name))}`.trim()].join(" | ")} |`;
  });
  return [
    INTRODUCTION,
    "| Setting | Variable | Default | |",
    "|---|---|---|---|",
    ...rows,
    "| | `SEISMO_CONFIG` | | The configuration file, or `none`. |",
    REST,
  ].join("\n");
}

/** What a value may be, where that is not said by its default. */
function allowed(shape: Schema): string {
  if (shape.type === "integer") return `${spaced(shape.minimum)} to ${spaced(shape.maximum)}.`;
  if (!Array.isArray(shape.anyOf)) return "";
  const { properties } = shape.anyOf[1] as { readonly properties: Record<string, Schema> };
  const keys = Object.keys(properties);
  return `\`true\`, \`false\` or an object of ${keys.map((key) => `\`${key}\``).join(", ")}.`;
}

const spaced = (value: unknown) => String(value).replace(/\B(?=(\d{3})+$)/g, " ");
