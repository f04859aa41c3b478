/** The door for HTTP: what `seismo/http` exports. */

export { type HttpServerOptions, recordHttpServer } from "./integrations/http-server.js";
export type { LabelOf } from "./integrations/request-labels.js";
