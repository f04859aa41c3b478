/**
 * A server of each protocol, under the preload: `http-server.js`. Prints `listening {"http":PORT,…}`, ends when its standard
 * input does. What it is asked for decides what it does.
 */

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";

const answer = (request: IncomingMessage, response: ServerResponse): void => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const afterMs = Number(searchParams.get("after") ?? 0);
  if (pathname === "/events") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
    return; // until the client has had enough
  }
  if (pathname.startsWith("/missing")) response.statusCode = 404;
  if (pathname === "/half") {
    response.writeHead(200, { "content-length": 1_000 });
    response.write("half");
    setTimeout(() => response.destroy(), afterMs);
    return;
  }
  request.resume();
  setTimeout(() => response.end(request.method === "HEAD" ? undefined : "answered\n"), afterMs);
};

const [, , keyFile, certFile] = process.argv;
const secured = keyFile && certFile ? { key: readFileSync(keyFile), cert: readFileSync(certFile) } : undefined;

const servers: Record<string, Server> = {
  http: createServer(answer),
  plain: createServer(answer),
  http2: createHttp2Server((request, response) =>
    answer(request as unknown as IncomingMessage, response as unknown as ServerResponse),
  ),
  streams: createHttp2Server().on("stream", (stream, headers) => {
    const missing = String(headers[":path"]).startsWith("/missing");
    stream.respond({ ":status": missing ? 404 : 200 });
    if (String(headers[":path"]).startsWith("/events")) stream.write("data: 1\n\n");
    else stream.end("answered\n");
  }),
  ...(secured && {
    https: createHttpsServer(secured, answer),
    both: createSecureServer({ ...secured, allowHTTP1: true }, answer as never),
  }),
};

servers.http!.on("upgrade", (_request, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  socket.pipe(socket);
});
servers.http!.on("connect", (_request, socket) => {
  socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
  socket.pipe(socket);
});

await Promise.all(
  Object.values(servers).map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))),
);
const ports = Object.entries(servers).map(([name, server]) => [name, (server.address() as AddressInfo).port]);
console.log(`listening ${JSON.stringify(Object.fromEntries(ports))}`);
process.stdin.resume().on("end", () => process.exit());
