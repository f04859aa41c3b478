/** The door for Hono: what `seismo/hono` exports. */

export { recordRequests } from "./integrations/adapters/hono.js";
export type { HttpServerOptions } from "./integrations/http-server.js";
export type { LabelOf } from "./integrations/request-labels.js";
