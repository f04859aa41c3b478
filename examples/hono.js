import { setTimeout } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { Hono } from "hono";

const shop = new Hono();
shop.get("/items/:item", (context) => context.json(context.req.param()));

const app = new Hono();
app.get("/users/:id", (context) => context.json(context.req.param()));
app.route("/shops/:shop", shop);
app.get("/slow", async (context) => {
  await setTimeout(200);
  return context.text("at last");
});

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`listening on http://localhost:${port}`);
});
