/** The door for Koa: what `seismo/koa` exports. */

export { type KoaMiddleware, recordRequests } from "./integrations/adapters/koa.js";
export type { HttpServerOptions } from "./integrations/http-server.js";
export type { LabelOf } from "./integrations/request-labels.js";
