/** Koa, whose package is the first argument: routers within routers, middleware that answers, applications mounted. */

import Router from "@koa/router";
import mount from "koa-mount";
import { listening } from "./listening.js";

const { default: Koa } = await import(process.argv[2]);
const send = (context) => {
  context.body = "x";
};

const inner = new Router();
inner.get("/things/:thing", send);
inner.use((context, next) => {
  if (!context.query.denied) return next();
  context.status = 401;
});
inner.get("/guarded/own", send);
inner.get("/guarded/:thing", send);

const router = new Router({ prefix: "/api" });
router.get("/users/me", send);
router.get("/users/next", (_context, next) => next());
router.get("/users/:id", send);
router.get("/fails/:what", () => {
  throw new Error("on purpose");
});
router.use("/nested/:nested", inner.routes(), inner.allowedMethods());

const other = new Router();
other.get("/mounted/:id", send);
const mounted = new Koa().use(other.routes());

const all = new Router();
all.get("/files/*rest", send);
all.all("/*any", (context) => {
  context.status = 404;
});

const app = new Koa();
app.silent = true;
app.use(router.routes()).use(router.allowedMethods());
app.use(mount("/part", mounted));
app.use(mount("/whole", new Koa().use(mount("/part", mounted))));
app.use(all.routes());
listening(app.listen(process.env.PORT));
