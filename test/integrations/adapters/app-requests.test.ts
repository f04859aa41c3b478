/** What the adapters share, in this process: what they are given, and when nothing is recorded, or no longer. */

import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import fastify from "fastify";
import { durationRecorder, OptionError } from "seismo";
import { recordRequests } from "seismo/express";
import { recordRequests as recordFastify } from "seismo/fastify";
import { recordRequests as recordHono } from "seismo/hono";
import { recordHttpServer } from "seismo/http";
import { recordRequests as recordKoa } from "seismo/koa";
import { SeismoModule } from "seismo/nestjs";
import { expect, onTestFinished, test } from "vitest";

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/** A recorder for one test, and a server whose requests pass an adapter that records to it. */
async function serve(prefix: string, options: { label?: () => string } = {}) {
  const recorder = durationRecorder(prefix);
  onTestFinished(() => recorder.close());
  const middleware = recordRequests({ prefix, ...options });
  const server = createServer((request, response) =>
    middleware(request, response, () => handlers.shift()?.(request, response)),
  );
  const handlers: Handle[] = [];
  await once(server.listen(0), "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const ask = async (handle: Handle = (_request, response) => response.end()) => {
    handlers.push(handle);
    const [response] = await once(get({ port, agent: false }), "response");
    await once((response as IncomingMessage).resume(), "close");
  };
  return { recorder, ask, server };
}

test("a request that came while nothing recorded is not recorded, nor one that ends so, nor by anybody else", async () => {
  const { recorder, ask } = await serve("adapter-on-and-off");
  const outside = durationRecorder("adapter-outside");
  outside.open();
  onTestFinished(() => outside.close());
  onTestFinished(recordHttpServer({ prefix: "adapter-outside" }));
  await ask((_request, response) => {
    recorder.open();
    response.end();
  });
  expect([recorder.stats().recorded, outside.stats().recorded]).toEqual([0, 1]); // which then is there for it
  await ask();
  expect([recorder.stats().recorded, outside.stats().recorded]).toEqual([1, 1]);
  await ask((_request, response) => {
    recorder.close();
    response.end();
  });
  expect([recorder.stats().recorded, outside.stats().recorded]).toEqual([1, 1]);
});

test("what records all servers is not asked about a request that an adapter has, answered or abandoned", async () => {
  const { recorder, ask, server } = await serve("adapter-alone");
  const outside = durationRecorder("adapter-outside-alone");
  for (const each of [recorder, outside]) each.open();
  onTestFinished(() => outside.close());
  let asked = 0;
  onTestFinished(recordHttpServer({ prefix: "adapter-outside-alone", label: () => `asked ${++asked}` }));
  await ask();
  const { port } = server.address() as AddressInfo;
  const request = get({ port, agent: false }).on("error", () => {});
  const [socket] = await once(server, "connection");
  await once(server, "request");
  request.destroy();
  await once(socket, "close");
  expect([recorder.stats().recorded, outside.stats().recorded, asked]).toEqual([2, 0, 0]);
});

test("a response that has ended before it is passed on is not recorded, however it ended", async () => {
  const middleware = recordRequests({ prefix: "adapter-late" });
  const recorder = durationRecorder("adapter-late");
  recorder.open();
  onTestFinished(() => recorder.close());
  const server = createServer((request, response) => {
    response.on("close", () => middleware(request, response, () => server.emit("passed")));
    if (request.url === "/hang") server.emit("hanging");
    else response.end();
  });
  await once(server.listen(0), "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  get({ port }).on("response", (response) => response.resume());
  await once(server, "passed");
  const hanging = get({ port, path: "/hang" }).on("error", () => {});
  await once(server, "hanging");
  hanging.destroy();
  await once(server, "passed");
  expect(recorder.stats().recorded).toBe(0);
});

test("whatever is passed, nothing is thrown, and the next one is called", () => {
  const recorder = durationRecorder("adapter-strange");
  recorder.open();
  onTestFinished(() => recorder.close());
  const frozen = Object.freeze({});
  const throwing = new Proxy({}, { get: () => expect.unreachable("read"), set: () => expect.unreachable("written") });
  for (const strange of [{}, frozen, throwing, undefined, null, 5]) {
    let called = 0;
    const next = async () => {
      called++;
    };
    recordRequests({ prefix: "adapter-strange" })(strange as never, strange as never, next);
    void recordKoa({ prefix: "adapter-strange" })({ req: strange, res: strange } as never, next);
    for (const env of [strange, { incoming: strange, outgoing: strange }]) {
      void recordHono({ prefix: "adapter-strange" })({ env } as never, next);
    }
    expect(called).toBe(4);
  }
  expect(recorder.stats().recorded).toBe(0);
});

test("a request whose route cannot be asked for is recorded by its path", async () => {
  const { recorder, ask } = await serve("adapter-asked");
  const hono = recordHono({ prefix: "adapter-hono", label: ({ url }) => url });
  const honos = durationRecorder("adapter-hono");
  honos.open();
  onTestFinished(() => honos.close());
  await ask((incoming, outgoing) => {
    void hono({ env: { incoming, outgoing } } as never, async () => void outgoing.end());
  });
  expect([recorder.recording, honos.stats().recorded]).toEqual([false, 1]);
});

test.each([
  [{ lable: () => "x" }, /recordRequests\(\).*lable/],
  [{ label: "x" }, /label must be a function, got 'x'/],
  [{ prefix: "../x" }, /prefix must be/],
  [null, /the options of recordRequests\(\) must be/],
])("options are refused by name when an application is set up: %o", async (options, message) => {
  const make = [recordRequests, recordKoa, recordHono, SeismoModule.forRoot];
  for (const each of make) {
    expect(() => each(options as never)).toThrow(OptionError);
  }
  expect(() => recordRequests(options as never)).toThrow(message);
  if (options === null) return; // Fastify makes an object of it
  await expect(fastify().register(recordFastify, options as never)).rejects.toThrow(OptionError);
});
