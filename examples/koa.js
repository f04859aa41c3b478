import { setTimeout } from "node:timers/promises";
import Router from "@koa/router";
import Koa from "koa";

const shop = new Router();
shop.get("/items/:item", (context) => {
  context.body = context.params;
});

const router = new Router();
router.get("/users/:id", (context) => {
  context.body = context.params;
});
router.use("/shops/:shop", shop.routes());
router.get("/slow", async (context) => {
  await setTimeout(200);
  context.body = "at last";
});

const app = new Koa();
app.use(router.routes()).use(router.allowedMethods());
const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});
