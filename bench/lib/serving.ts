/**
 * Serving: a hello-world server for others to load: `serving.js DIRECTORY JSON`, where the JSON says which server, and what
 * is in it. Told "on" by message it switches that on, told "off" it switches it off; when it has done so, and rested for a
 * moment, it says so.
 */

import type { AddressInfo } from "node:net";
import { type Framework, makeServer, makeSwitch, type Within } from "./served.js";

/** What a server is to be. */
export interface Serving {
  readonly framework: Framework;
  readonly within: Within;
  /** Whether that is on from the start. @default false */
  readonly isOn?: boolean;
}

/** A thread that comes up, or goes, is not what is measured. */
const SETTLE_MS = 300;
const [directory, json] = process.argv.slice(2) as [string, string];
const { framework, within, isOn = false } = JSON.parse(json) as Serving;

const inside = await makeSwitch(within, directory);
if (isOn) await inside.on();
const server = await makeServer(framework);
server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));

process.on("message", async (state: "on" | "off") => {
  await inside[state]();
  setTimeout(() => process.send!(state), SETTLE_MS);
});
process.on("disconnect", async () => {
  await inside.off();
  process.exit();
});
