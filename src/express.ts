/** The door for Express: what `seismo/express` exports. */

export { type ExpressMiddleware, recordRequests } from "./integrations/adapters/express.js";
export type { HttpServerOptions } from "./integrations/http-server.js";
export type { LabelOf } from "./integrations/request-labels.js";
