/** Serving: a hello-world server for others to load: `serving.js DIRECTORY OPTIONS`, recording with these options if any. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type MonitorOptions, start } from "seismo";

const [directory, json] = process.argv.slice(2) as [string, string | undefined];
const monitor = json === undefined ? undefined : start({ ...(JSON.parse(json) as MonitorOptions), directory });

const server = createServer((_, response) => {
  response.end("hello\n");
}).listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));

process.on("disconnect", async () => {
  await monitor?.stop();
  process.exit();
});
