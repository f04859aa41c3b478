/** Koa, whose package is the first argument. */

import { createServer } from "node:http2";
import { setTimeout } from "node:timers/promises";
import Router from "@koa/router";
import mount from "koa-mount";
import { recordRequests } from "seismo/koa";
import { hang, kind, listening, options } from "./settings.js";

const { default: Koa } = await import(process.argv[2]);
const params = (context) => {
  context.body = context.params;
};

const items = new Router();
items.get("/items/:item", params);
const shops = new Router();
shops.use("/shops/:shop", items.routes());
const part = new Router();
part.get("/things/:thing", params);
const mounted = new Koa();

const app = new Koa();
app.silent = true;
if (kind !== "inner") app.use(recordRequests(options));
if (kind === "inner" || kind === "both") mounted.use(recordRequests({ ...options, label: () => "inner" }));
mounted.use(part.routes());

const router = new Router();
router.get("/", (context) => {
  context.body = "x";
});
router.all("/users/:id", params);
router.get("/missing/:id", (context) => {
  context.status = 404;
});
router.get("/fails/:id", () => {
  throw new Error("on purpose");
});
router.get("/slow", async (context) => {
  await setTimeout(200);
  context.body = "at last";
});
router.get("/hang", () => {
  hang();
  return new Promise(() => {});
});
app.use(router.routes()).use(shops.routes()).use(mount("/part", mounted));
listening(kind === "http2" ? createServer(app.callback()).listen(process.env.PORT) : app.listen(process.env.PORT));
