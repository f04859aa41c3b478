/** Listeners of ours on the program's servers: they go when they are no longer needed, and record once whoever calls them. */

import { once } from "node:events";
import { createServer, get, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { start, stop } from "seismo";
import { recordHttpServer } from "seismo/http";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { countByLabel, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";

afterEach(async () => {
  vi.unstubAllGlobals();
  await stop();
});

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer((_request, response) => response.end("ok")).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

async function ask(port: number): Promise<void> {
  const [response] = await once(get({ port, path: "/asked", agent: false }), "response");
  await once(response.resume(), "close");
}

const upgraded: Promise<unknown>[] = [];

function hangUp(_request: unknown, socket: Duplex): void {
  upgraded.push(once(socket, "close"));
  socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n");
}

/** Resolves when the connection is closed at both ends. */
async function askForUpgrade(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1").resume();
  socket.write("GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  await once(socket, "close");
  await Promise.all(upgraded);
}

const listenersOf = (server: Server) => server.eventNames().map((name) => [name, server.listenerCount(name)]);

test("of a recording that has ended none is left", async () => {
  start({ directory: scratch() });
  const { server, port } = await listening();
  server.on("upgrade", hangUp);
  const before = listenersOf(server);
  for (let i = 0; i < 3; i++) {
    const end = recordHttpServer();
    await ask(port);
    expect(listenersOf(server)).not.toEqual(before);
    end();
    expect(listenersOf(server)).toEqual(before);
  }
});

test("when a program has put its own in their place, and calls them from there, an upgrade is one row", async () => {
  const directory = scratch();
  start({ directory });
  onTestFinished(recordHttpServer());
  const { server, port } = await listening();
  server.on("upgrade", hangUp);
  await ask(port);
  const taken = server.listeners("upgrade");
  expect(taken).toHaveLength(2);
  server.removeAllListeners("upgrade");
  server.on("upgrade", (...args) => {
    for (const listener of taken) listener.apply(server, args);
  });
  await askForUpgrade(port);
  await stop();
  expect(countByLabel(rowsIn(directory))).toEqual({ "/asked [GET]": 1, "/chat [UPGRADE]": 1 });
});

test("faked microtasks do not keep ours from being there", async () => {
  const directory = scratch();
  start({ directory });
  onTestFinished(recordHttpServer());
  const { server, port } = await listening();
  await ask(port);
  vi.stubGlobal("queueMicrotask", () => {});
  server.on("upgrade", hangUp);
  vi.unstubAllGlobals();
  await askForUpgrade(port);
  await stop();
  expect(countByLabel(rowsIn(directory))).toEqual({ "/asked [GET]": 1, "/chat [UPGRADE]": 1 });
});
