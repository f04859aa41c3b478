/** Servers that a program calls: what they do is in the path, `/<what>/…`. They count what they are asked for. */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, createSecureServer, type Http2ServerResponse } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { SelfSigned } from "./self-signed.js";

const DELAY_MS = 60;

export interface Origin {
  readonly port: number;
  /** Requests seen, by what they asked for. */
  readonly seen: Record<string, number>;
  /** How long the last answer to each path took, of those that take their time. */
  readonly tookMs: Record<string, number>;
}

/** What is done later, and how much later: a timer may be early by as long as its turn of the loop had lasted. */
function delayed(path: string, tookMs: Record<string, number>): (then: () => void) => void {
  const before = performance.now();
  return (then) => {
    setTimeout(() => {
      tookMs[path.split("?")[0]!] = performance.now() - before;
      then();
    }, DELAY_MS);
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  what: string,
  later: (then: () => void) => void,
): void {
  const { socket } = request;
  const begin = () => response.writeHead(200, { "content-length": 100 }).write("begun");
  const beginAnd = (then: () => void) => () => {
    begin();
    later(then);
  };
  const answers: Record<string, () => unknown> = {
    slow: () => later(() => response.end("ok")),
    drip: beginAnd(() => response.end("x".repeat(95))),
    never: () => {},
    begin,
    cut: beginAnd(() => socket.destroy()),
    "reset-later": beginAnd(() => socket.resetAndDestroy()),
    hangup: () => later(() => socket.destroy()),
    reset: () => later(() => socket.resetAndDestroy()),
    garbage: () => socket.end("this is no HTTP\r\n\r\n"),
    redirect: () => response.writeHead(302, { location: "/slow/redirected" }).end("elsewhere"),
    hints: () => {
      response.writeEarlyHints({ link: "</a>; rel=preload" });
      response.writeProcessing();
      response.end("ok");
    },
    missing: () => response.writeHead(404).end("not here"),
    "not-modified": () => response.writeHead(304).end(),
    big: () => response.end(Buffer.alloc(2_000_000)),
    busy: () => response.writeHead(503, { "retry-after": "0" }).end("later"),
    early: () => response.end("before the request has ended"),
  };
  const act = answers[what];
  if (what === "early") act!();
  else request.resume().on("end", act ?? (() => response.end("ok")));
}

async function listen(server: Server, origin: Omit<Origin, "port">, path?: string): Promise<Origin> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
  });
  server.listen(path ?? { port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: path ? 0 : (server.address() as AddressInfo).port, ...origin };
}

function answers({ seen, tookMs }: Omit<Origin, "port">): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const path = request.url!.replace(/^\w+:\/\/[^/]+/, "");
    const key = `${request.method} ${path}`;
    seen[key] = (seen[key] ?? 0) + 1;
    answer(request, response, path.split("/")[1]!, delayed(path, tookMs));
  };
}

/** Of HTTP/1.1, that also changes protocols (to WebSocket, as far as the handshake goes) and opens tunnels. */
export async function startOrigin(tls?: SelfSigned, path?: string): Promise<Origin> {
  const origin = { seen: {} as Record<string, number>, tookMs: {} };
  const { seen, tookMs } = origin;
  const server = tls ? createHttpsServer(tls, answers(origin)) : createServer(answers(origin));
  server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
    const key = `UPGRADE ${request.url}`;
    seen[key] = (seen[key] ?? 0) + 1;
    socket.on("error", () => {});
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    const { upgrade } = request.headers;
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${upgrade}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    delayed(
      request.url!,
      tookMs,
    )(() => socket.end(upgrade === "websocket" ? Uint8Array.of(0x88, 0x02, 0x03, 0xe8) : ""));
  });
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    const key = `CONNECT ${request.url}`;
    seen[key] = (seen[key] ?? 0) + 1;
    const [host, port] = request.url!.split(":");
    const upstream = connect(Number(port), host).on("error", () => socket.destroy());
    upstream.on("connect", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    upstream.pipe(socket.on("error", () => upstream.destroy())).pipe(upstream);
  });
  return listen(server, origin, path);
}

/** Of HTTP/2, with TLS or without. */
export async function startHttp2Origin(tls?: SelfSigned): Promise<Origin> {
  const origin = { seen: {} as Record<string, number>, tookMs: {} };
  const { seen, tookMs } = origin;
  const server = tls ? createSecureServer(tls) : createHttp2Server();
  server.on("request", (request: IncomingMessage, response: Http2ServerResponse) => {
    const key = `${request.method} ${request.url}`;
    seen[key] = (seen[key] ?? 0) + 1;
    const what = request.url!.split("/")[1]!;
    const later = delayed(request.url!, tookMs);
    request.resume();
    if (what === "never") return;
    if (what === "slow") return later(() => response.end("ok"));
    if (what === "begin" || what === "cut" || what === "lost") response.write("begun");
    if (what === "lost") return later(() => response.stream.session!.destroy());
    if (what === "cut") return later(() => response.stream.close(2));
    if (what !== "begin") response.end("ok");
  });
  return listen(server as Server, origin);
}
