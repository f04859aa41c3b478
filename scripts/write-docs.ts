/** Writes the pages of docs/ and the schema that are made from code. `npm run docs` */

import { writeFileSync } from "node:fs";
import { BUILT_IN_SERIES } from "seismo";
import { configSchemaFile } from "./config-schema.js";
import { configurationPage } from "./configuration-page.js";
import { seriesPage } from "./series-page.js";

writeFileSync("docs/series.md", seriesPage(BUILT_IN_SERIES));
writeFileSync("docs/configuration.md", configurationPage());
writeFileSync("schema/seismo.config.schema.json", configSchemaFile());
