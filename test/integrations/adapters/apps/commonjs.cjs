/** All of them in one program of CommonJS, one after the other. */

const express = require("express");
const Koa = require("koa");
const { start } = require("seismo");
const { recordRequests: recordExpress } = require("seismo/express");
const { recordRequests: recordFastify } = require("seismo/fastify");
const { recordRequests: recordHono } = require("seismo/hono");
const { recordRequests: recordKoa } = require("seismo/koa");
const { SeismoModule } = require("seismo/nestjs");

start();
const one = express();
one.use(recordExpress());
one.get("/express/:id", (_request, response) => response.send("x"));

const two = new Koa();
two.use(recordKoa({ label: () => "koa" }));
two.use((context) => {
  context.body = "x";
});

const server = one.listen(process.env.PORT, () => {
  one.use("/koa", two.callback()); // the first that a request comes to records it
  const names = [recordFastify, recordHono(), SeismoModule.forRoot().module].map(({ name }) => name);
  console.log(names.join());
  console.log(`listening on http://localhost:${server.address().port}`);
});
