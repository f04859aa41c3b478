/** Writes the pages of docs/ that are made from code. `npm run docs` */

import { writeFileSync } from "node:fs";
import { BUILT_IN_SERIES } from "seismo";
import { seriesPage } from "./series-page.js";

writeFileSync("docs/series.md", seriesPage(BUILT_IN_SERIES));
