/** A program whose requests look like those of frameworks that nobody has seen: nothing it does may come to harm. */

import { createServer } from "node:http";
import { listening } from "./listening.js";

const meta = Symbol.for("NextInternalRequestMeta");
const thrower = new Proxy(() => {}, {
  get() {
    throw new Error("on purpose");
  },
});
const throwing = { get: () => thrower.anything, configurable: true };
const changes = {
  "/routes/1": (request) => Object.defineProperty(request, "route", throwing),
  "/routes/2": (request) => Object.assign(request, { route: thrower }),
  "/routes/3": (request) =>
    Object.assign(request, { route: { path: {} }, app: thrower, baseUrl: 7, originalUrl: null }),
  "/routes/4": (request) => Object.assign(request, { route: { path: "/x/:y" }, app: { router: { stack: [thrower] } } }),
  "/routes/5": (request) => Object.assign(request, { route: "/x/:y" }),
  "/routes/6": (request) => Object.defineProperty(request, meta, throwing),
  "/routes/7": (request) => Object.assign(request, { [meta]: { match: thrower, invokeOutput: 7 } }),
  "/routes/8": (request) => {
    const app = { mountpath: "/", router: { stack: [] } };
    app.parent = app;
    const layer = { handle: Object.assign(() => {}, { stack: [] }) };
    layer.handle.stack.push(layer);
    app.router.stack.push(layer);
    Object.assign(request, { route: { path: "/x" }, app, baseUrl: "/routes" });
  },
};

const server = createServer((request, response) => {
  changes[request.url]?.(request);
  response.end("x");
});
listening(server.listen(process.env.PORT));
