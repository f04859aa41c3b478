/**
 * Peers: the packages that benchmarks compare Seismo with. They have a folder of their own, `bench/peers`, so that
 * nobody who works on Seismo has to install them. What we use of a peer is spelt out as an interface where it is used:
 * its own types are there only when it is installed.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** From `build/bench/lib/`, where this file is when it runs. */
const PEERS = new URL("../../../bench/peers/", import.meta.url);

const requirePeer = createRequire(PEERS);

/** The exports of an installed peer, which the caller knows to be a `T`. */
export function loadPeer<T>(name: string): T {
  return requirePeer(name) as T;
}

/** Installs the peers if they are not. Says so on screen, as it takes the network. */
export function installPeers(): void {
  if (existsSync(new URL("node_modules/", PEERS))) return;
  console.log("bench/peers/node_modules is missing: running npm ci in bench/peers");
  const { status, error } = spawnSync("npm", ["ci"], {
    cwd: fileURLToPath(PEERS),
    stdio: "inherit",
    shell: process.platform === "win32", // npm is a .cmd there
  });
  if (error || status !== 0)
    throw new Error("npm ci failed in bench/peers: this question needs the packages it is to install", {
      cause: error,
    });
}
