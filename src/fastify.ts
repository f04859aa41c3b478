/** The door for Fastify: what `seismo/fastify` exports. */

export { recordRequests } from "./integrations/adapters/fastify.js";
export type { HttpServerOptions } from "./integrations/http-server.js";
export type { LabelOf } from "./integrations/request-labels.js";
