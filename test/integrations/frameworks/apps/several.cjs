/** A program of CommonJS with two versions of everything in one process, each behind a prefix of its own. */

const { createServer } = require("node:http");
const { getRequestListener } = require("@hono/node-server");
const Router = require("@koa/router");

const behind = {};

for (const name of ["express", "express4"]) {
  const express = require(name);
  const router = express.Router();
  router.get("/users/:id", (_request, response) => response.send("x"));
  behind[name] = express().use(`/${name}`, router);
}
for (const name of ["koa", "koa2"]) {
  const Koa = require(name);
  const router = new Router({ prefix: `/${name}` });
  router.get("/users/:id", (context) => {
    context.body = "x";
  });
  behind[name] = new Koa().use(router.routes()).callback();
}
for (const name of ["hono", "hono4.3"]) {
  const { Hono } = require(name);
  behind[name] = getRequestListener(new Hono().get(`/${name}/users/:id`, (context) => context.text("x")).fetch);
}

async function start() {
  for (const name of ["fastify", "fastify4"]) {
    const app = require(name)();
    app.get(`/${name}/users/:id`, async () => "x");
    await app.ready();
    behind[name] = app.routing;
  }
  const server = createServer((request, response) => behind[request.url.split("/")[1]](request, response));
  const { listening } = await import("./listening.js");
  listening(server.listen(process.env.PORT));
}
start();
