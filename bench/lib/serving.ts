/**
 * Serving: a hello-world server for others to load: `serving.js DIRECTORY OPTIONS`. Told "on" it records with these options,
 * told "off" it stops; when it has done so, and rested for a moment, it says so.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type MonitorOptions, start, stop } from "seismo";

/** A thread that comes up, or goes, is not what is measured. */
const SETTLE_MS = 500;
const [directory, json] = process.argv.slice(2) as [string, string];

const server = createServer((_, response) => {
  response.end("hello\n");
}).listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));

process.on("message", async (state) => {
  if (state === "off") await stop();
  else if (json !== "nothing") await start({ ...(JSON.parse(json) as MonitorOptions), directory }).flush();
  setTimeout(() => process.send!(state), SETTLE_MS);
});
process.on("disconnect", async () => {
  await stop();
  process.exit();
});
