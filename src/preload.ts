/**
 * The preload: `node --import seismo/preload app.js`. Records the program from before its first line, as its environment
 * and configuration file have it, with no change to its code.
 */

import { startPreset } from "./ambient.js";
import { recordHttpServer } from "./http.js";

recordHttpServer();
startPreset({ runtime: true });
