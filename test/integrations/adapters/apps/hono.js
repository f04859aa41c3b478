/** Hono, served by its adapter for Node. */

import { createServer } from "node:http2";
import { setTimeout } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { recordRequests } from "seismo/hono";
import { hang, kind, listening, options } from "./settings.js";

const params = (context) => context.json(context.req.param());

const shop = new Hono();
if (kind === "inner" || kind === "both") shop.use(recordRequests({ ...options, label: () => "inner" }));
shop.get("/items/:item", params);

const app = new Hono();
if (kind !== "inner") app.use(recordRequests(options));
app.use("/admin/*", async (context, next) => {
  if (context.req.query("denied")) return context.text("no", 401);
  await next();
});
app.get("/", (context) => context.text("x"));
app.get("/users/me", (context) => context.text("me"));
app.get("/users/passed", (_context, next) => next());
app.all("/users/:id", params);
app.get("/admin/things/:id", params);
app.route("/shops/:shop", shop);
app.get("/missing/:id", (context) => context.text("gone", 404));
app.get("/fails/:id", () => {
  throw new Error("on purpose");
});
app.onError((error, context) => context.text(error.message, 500));
app.get("/slow", async (context) => {
  await setTimeout(200);
  return context.text("at last");
});
app.get("/hang", () => {
  hang();
  return new Promise(() => {});
});
const response = await app.request("/users/5"); // comes from no server
if (response.status !== 200) throw new Error("not served");
const server = serve({
  fetch: app.fetch,
  port: Number(process.env.PORT),
  ...(kind === "http2" && { createServer }),
});
listening(server);
