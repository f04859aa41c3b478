/** The door for NestJS: what `seismo/nestjs` exports. */

export { SeismoModule } from "./integrations/adapters/nestjs.js";
export type { HttpServerOptions } from "./integrations/http-server.js";
export type { LabelOf } from "./integrations/request-labels.js";
