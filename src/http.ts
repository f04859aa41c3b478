/** The door for HTTP: what `seismo/http` exports. */

export type { ClientCall, ClientLabelOf } from "./integrations/client-labels.js";
export { type HttpClientOptions, recordHttpClient } from "./integrations/http-client.js";
export { type HttpServerOptions, recordHttpServer } from "./integrations/http-server.js";
export type { LabelOf } from "./integrations/request-labels.js";
