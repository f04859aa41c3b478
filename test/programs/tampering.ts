/**
 * A server and a client, under the preload, that do to their requests what types forbid and programs have done: `tampering.js`.
 * Each request is answered, and one like it is not.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, request as makeRequest, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, connect as http2Connect } from "node:http2";
import type { AddressInfo, Server } from "node:net";

const served: Record<string, { readonly request?: object; readonly response?: object }> = {
  "a-parsed-URL": { request: { url: new URL("http://localhost/a-parsed-URL") } },
  "no-URL": { request: { url: undefined } },
  "null-for-a-URL": { request: { url: null } },
  "no-verb": { request: { method: null } },
  "a-symbol-for-a-verb": { request: { method: Symbol("verb") } },
  "no-request": { response: { req: null } },
};

const made: readonly object[] = [{ host: undefined }, { path: null }, { method: null }];

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const { socket } = request;
  const { pathname, search } = new URL(request.url!, "http://localhost");
  Object.assign(request, served[pathname.slice(1)]?.request);
  Object.assign(response, served[pathname.slice(1)]?.response);
  setTimeout(() => (search === "?answer" ? response.end("answered") : socket.destroy()), 5);
});
const port = await listening(server);

async function ask(path: string, fields: object = {}): Promise<void> {
  const request = makeRequest({ host: "127.0.0.1", port, path, agent: false });
  request.once("finish", () => Object.assign(request, fields)).end();
  try {
    const [response] = await once(request, "response");
    await once(response.resume(), "close");
  } catch {
    // hung up, as it was to be
  }
}

for (const what of Object.keys(served)) {
  await ask(`/${what}?answer`);
  await ask(`/${what}`);
}
for (const fields of made) await ask("/made?answer", fields);
server.close();

const http2 = createHttp2Server().on("stream", (stream) => {
  stream.respond({ ":status": 404 });
  stream.end();
});
const session = http2Connect(`http://127.0.0.1:${await listening(http2)}`);
const verbs = Array.from({ length: 1_000 }, (_, i) => `VERB-${i}`);
await Promise.all(verbs.map((verb) => once(session.request({ ":method": verb, ":path": "/" }).resume(), "close")));
session.close();
http2.close();
console.log("served");
